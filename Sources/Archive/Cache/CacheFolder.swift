import FileTree
import Glibc

/// The folder of the import cache on disk.
///
///     packages/CID.pak.zst   the packages
///     memo/KEY seen/KEY      the cid that a file on the host, or a file's contents, became
///     tar/ID                 the index of a plain tar, by its identity on this host
///     used/CID               empty; its time is when the package was used last
///     lease/PROCESS          the cids that a process uses, locked for as long as it does
///     lock                   held shared to use a package, alone to remove some
///
/// Everything is whole from the moment it has a name, and each name stands for the same for ever:
/// any number of processes may use the folder, and any of them may be killed.
struct CacheFolder {
    let path: String

    /// Makes what is missing of it; nil when it cannot be written.
    init?(_ path: String) {
        self.path = path
        HostFolder.makePath(path)
        for folder in ["packages", "memo", "seen", "used", "lease", "tar"] {
            mkdir("\(path)/\(folder)", 0o700)
            guard access("\(path)/\(folder)", W_OK | X_OK) == 0 else { return nil }
        }
    }

    func package(_ id: ContentID) -> String { "\(path)/packages/\(id).pak.zst" }

    /// The cid that is written down under a name; nil when there is none, or no package for it.
    func known(_ name: String) -> ContentID? {
        let descriptor = open("\(path)/\(name)", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var text = [UInt8](repeating: 0, count: 64)
        guard read(descriptor, &text, 64) == 64,
            let id = ContentID(hexadecimal: String(decoding: text, as: UTF8.self)),
            access(package(id), R_OK) == 0
        else { return nil }
        return id
    }

    /// Writes a cid down under a name, if it can be: what is not noted is found out again.
    func note(_ id: ContentID, as name: String) {
        let text = Array("\(id)".utf8)
        try? text.withBytes { bytes throws(FileError) in
            let file = try NewFile(for: "\(path)/\(name)")
            try HostWrite.all(bytes, to: file.descriptor)
            try file.commit()
        }
    }

    /// Runs `body` while no other process removes packages, or, `alone`, while none uses any.
    func locked<T>(
        alone: Bool,
        _ body: () throws(FileError) -> T
    ) throws(FileError) -> T {
        let descriptor = open("\(path)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileError(.init(number: errno), "\(path)/lock") }
        defer { close(descriptor) }
        while flock(descriptor, alone ? LOCK_EX : LOCK_SH) != 0 {
            guard errno == EINTR else { throw FileError(.init(number: errno), "\(path)/lock") }
        }
        return try body()
    }

    /// Notes that a package has been used now.
    func touch(_ id: ContentID) {
        let descriptor = open("\(path)/used/\(id)", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        futimens(descriptor, nil)
        close(descriptor)
    }

    /// Removes the packages that have not been used for longest, until the rest fit `limit` bytes;
    /// those that a process uses stay.
    ///
    /// The lock is held alone meanwhile.
    func evict(to limit: UInt64) throws(FileError) {
        var packages: [(name: String, size: UInt64, used: Timestamp)] = []
        var sum: UInt64 = 0
        for name in try names("packages") {
            let file = try status("packages/\(name)")
            if name.utf8.starts(with: ".".utf8) {
                // What a killed process left, where files cannot be without a name.
                if file.modified.seconds < time(nil) - 86400 { remove("packages/\(name)") }
                continue
            }
            sum += file.size
            let used = try status("used/\(name.prefix(64))").modified
            packages.append((name, file.size, max(used, file.modified)))
        }
        // Indexes are small and soon made anew; mapped ones stay as long as they are used.
        for name in try names("tar") {
            let file = try status("tar/\(name)")
            if file.modified.seconds < time(nil) - 30 * 86400 { remove("tar/\(name)") }
        }
        guard sum > limit else { return }
        let inUse = try leased()
        packages.sort { $0.used < $1.used }
        for package in packages
        where sum > limit && !inUse.contains(String(package.name.prefix(64))) {
            remove("packages/\(package.name)")
            remove("used/\(package.name.prefix(64))")
            sum -= package.size
        }
        for folder in ["memo", "seen"] {
            for name in try names(folder) where known("\(folder)/\(name)") == nil {
                remove("\(folder)/\(name)")
            }
        }
    }

    /// The cids that living processes use; the leases of the others are removed.
    private func leased() throws(FileError) -> Set<String> {
        try Set(Lease.inUse(in: .openFile(path: "\(path)/lease")).keys)
    }

    private func names(_ folder: String) throws(FileError) -> [String] {
        let directory = try HostDescriptor.openFile(path: "\(path)/\(folder)")
        var names: [String] = []
        try directory.entries(from: 0) { name, _ in
            names.append(String(cString: name))
            return true
        }
        return names
    }

    /// Size and time of a file; zeros for one that is gone.
    private func status(_ name: String) throws(FileError) -> (size: UInt64, modified: Timestamp) {
        var status = stat()
        guard stat("\(path)/\(name)", &status) == 0 else { return (0, Timestamp(seconds: 0)) }
        return (
            UInt64(status.st_size),
            Timestamp(
                seconds: Int64(status.st_mtim.tv_sec),
                nanoseconds: UInt32(status.st_mtim.tv_nsec)
            )
        )
    }

    private func remove(_ name: String) { unlink("\(path)/\(name)") }
}
