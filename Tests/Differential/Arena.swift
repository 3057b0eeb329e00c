public import FileTree
import Glibc
import Synchronization

/// Directories for one list, gone with all that is in them when this goes.
///
/// Where mounts may be made they are in memory, on a tmpfs; it takes attributes of the user's
/// from Linux 6.6 on, and so does an overlayfs over it. Debian's kernels up to 6.1, the guest's
/// user-mode Linux among them, do not.
public final class Arena {
    /// The directory.
    public let path: String
    private let isMounted: Bool
    private var overlays: [String] = []

    /// Makes an empty one.
    public init(mayMount: Bool) throws(FileError) {
        path = try HostFolder.makeNew("\(HostFolder.temporary)/differential")
        isMounted = mayMount && mount("differential", path, "tmpfs", 0, nil) == 0
    }

    deinit {
        for path in overlays { umount2(path, Int32(MNT_DETACH)) }
        if isMounted { umount2(path, Int32(MNT_DETACH)) } else { Self.empty(path) }
        rmdir(path)
    }

    /// A new directory in it.
    public func directory(_ name: String) throws(FileError) -> String {
        let path = "\(path)/\(name)"
        guard mkdir(path, 0o755) == 0 else { throw FileError(.init(number: errno), path) }
        return path
    }

    /// The directory `lower` behind the kernel's overlayfs, which keeps hard links and renames
    /// lower directories; nil where there is none for this user.
    public func overlay(_ lower: String) throws(FileError) -> String? {
        let (upper, work) = (try directory("upper"), try directory("work"))
        let merged = try directory("merged")
        let options =
            "lowerdir=\(lower),upperdir=\(upper),workdir=\(work),redirect_dir=on,index=on"
        guard mount("overlay", merged, "overlay", 0, options) == 0 else { return nil }
        overlays.append(merged)
        return merged
    }

    /// Whether `overlay` gives one to this user here.
    public static let hasOverlay: Bool = {
        let result = Mutex(false)
        PrivateMounts.run { mayMount in
            guard mayMount else { return }
            do throws(FileError) {
                let arena = try Arena(mayMount: true)
                let has = try arena.overlay(arena.directory("lower")) != nil
                result.withLock { $0 = has }
            } catch {
                // Where no directory can be made, nothing can be mounted either.
            }
        }
        return result.withLock { $0 }
    }()

    /// Removes a file, or a directory with all that is in it.
    public static func remove(_ path: String) {
        if unlink(path) == 0 { return }
        chmod(path, 0o700)
        empty(path)
        rmdir(path)
    }

    /// Removes all that is in a directory.
    public static func empty(_ path: String) {
        guard let stream = opendir(path) else { return }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name != ".", name != ".." else { continue }
            remove("\(path)/\(name)")
        }
    }
}
