import CLinux
import FileTree
import Glibc
import Synchronization

/// Packages made of foreign archives, each once, kept on disk for the next time.
///
/// Where the folder cannot be written a package is kept in a file without a name, or in memory,
/// for as long as it is used. All methods may be called from any thread.
public final class ImportCache: Sendable {
    private let path: String?
    private let limit: UInt64
    /// The folder, once somebody has asked for it; nil within for none that can be written.
    private let opened = Mutex<CacheFolder??>(nil)
    private let lease = Mutex<Lease?>(nil)

    /// `$XDG_CACHE_HOME/pak`, else `~/.cache/pak`; nil where neither is known.
    public static var standardFolder: String? {
        func variable(_ name: String) -> String? {
            getenv(name).map { String(cString: $0) }.flatMap {
                $0.utf8.starts(with: "/".utf8) ? $0 : nil
            }
        }
        return variable("XDG_CACHE_HOME").map { "\($0)/pak" }
            ?? variable("HOME").map { "\($0)/.cache/pak" }
    }

    /// Opens a cache of at most `limit` bytes of packages, those in use aside; nil for `folder`
    /// keeps nothing.
    public init(_ folder: String? = standardFolder, limit: UInt64 = 4 << 30) {
        path = folder
        self.limit = limit
    }

    /// Made when something is first looked for in it: most starts have native packages alone.
    var folder: CacheFolder? {
        opened.withLock { opened in
            if let known = opened { return known }
            let folder = path.flatMap { CacheFolder($0) }
            opened = .some(folder)
            return folder
        }
    }

    /// Whether packages are kept for the next time.
    public var isKept: Bool { folder != nil }

    /// A native package on the host, and what keeps it there while it is used.
    struct Kept {
        var path: String
        var holder: any AnyObject & Sendable
    }

    /// The package that the foreign archive `path` becomes, made now if it is not here yet.
    ///
    /// Errors: `.malformed` with member and reason; those of reading and writing. Then nothing
    /// has been made.
    func package(_ path: String, _ options: ImportOptions) throws(FileError) -> Kept {
        guard let folder else { return try withoutName(path, options) }
        let file: ForeignFile
        do throws(FileError) { file = try ForeignFile(path, options) } catch {
            throw error.at(path)
        }
        let memo = try file.memo()
        if let memo, let id = folder.known(memo), let kept = try use(id, folder) { return kept }
        let seen = try file.seen()
        let isUnchanged = try file.isUnchanged
        if let id = folder.known(seen), let kept = try use(id, folder) {
            if let memo, isUnchanged { folder.note(id, as: memo) }
            return kept
        }
        let (id, kept) = try make(path, options, folder)
        // A file that changes while it is read is remembered by no name.
        if isUnchanged, try file.isUnchanged {
            folder.note(id, as: seen)
            if let memo { folder.note(id, as: memo) }
        }
        try folder.locked(alone: true) { () throws(FileError) in try folder.evict(to: limit) }
        return kept
    }

    /// Takes a package that turned out to be damaged out of the cache.
    func discard(_ kept: Kept) { unlink(kept.path) }

    private func make(
        _ path: String,
        _ options: ImportOptions,
        _ folder: CacheFolder
    ) throws(FileError) -> (ContentID, Kept) {
        let file = try NewFile(for: "\(folder.path)/packages/new")
        let id = try Packer.pack(path, to: file.descriptor, options).id
        // Names and attributes of all members were in memory: a server wants that back.
        malloc_trim(0)
        let kept = try folder.locked(alone: false) { () throws(FileError) in
            try file.commit(ifMissing: "\(id).pak.zst")
            return try hold(id, folder)
        }
        return (id, kept)
    }

    /// Takes a package that is there; nil when it has gone meanwhile.
    private func use(_ id: ContentID, _ folder: CacheFolder) throws(FileError) -> Kept? {
        try folder.locked(alone: false) { () throws(FileError) in
            access(folder.package(id), R_OK) == 0 ? try hold(id, folder) : nil
        }
    }

    private func hold(_ id: ContentID, _ folder: CacheFolder) throws(FileError) -> Kept {
        let held = lease.withLock { lease -> Lease? in
            do throws(FileError) {
                if lease == nil { lease = try Lease(in: .openFile(path: "\(folder.path)/lease")) }
                try lease?.add([id])
                return lease
            } catch { return nil }
        }
        let path = folder.package(id)
        guard let held else {
            // A full disk takes no word that the package is used: then it is held by being open,
            // and may lose its name.
            do throws(FileError) {
                let file = try HostDescriptor.openFile(path: path)
                return Kept(path: "/proc/self/fd/\(file.number)", holder: file)
            } catch { throw error.at(path) }
        }
        folder.touch(id)
        return Kept(path: path, holder: held)
    }

    private func withoutName(
        _ path: String,
        _ options: ImportOptions
    ) throws(FileError) -> Kept {
        let file = HostDescriptor(owning: try ScratchFile.make())
        _ = try Packer.pack(path, to: file.number, options)
        return Kept(path: "/proc/self/fd/\(file.number)", holder: file)
    }
}
