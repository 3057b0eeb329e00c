import CLinux
import Glibc

/// Changes of what a descriptor stands for, or of the names in it.
///
/// A name is one component, without the NUL that the kernel wants at its end. Where the kernel has
/// no call for an O_PATH descriptor, its entry in /proc leads to the very file.
extension HostDescriptor {
    /// Makes an empty file, open for reading and writing.
    func createFile(_ name: [UInt8], permissions: UInt32) throws(FileError) -> HostDescriptor {
        let flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let made = try checked(name) {
            Int(pak_open_beneath(number, $0, flags, 0o600, 0))
        }
        let file = HostDescriptor(owning: Int32(made))
        try Self.check(fchmod(file.number, permissions & 0o1777))
        return file
    }

    /// Makes an empty directory; its set-group-id bit is the host's to decide.
    func createDirectory(_ name: [UInt8], permissions: UInt32) throws(FileError) -> HostDescriptor {
        _ = try checked(name) { Int(mkdirat(number, $0, 0o700)) }
        let made = try open(name + [0], pak_o_path | O_DIRECTORY | O_NOFOLLOW)
        let kept = try made.status().mode & Mode.setGroup
        try made.setPermissions(permissions & 0o1777 | kept)
        return made
    }

    func createLink(_ name: [UInt8], to target: [UInt8]) throws(FileError) {
        try Self.withPath(target) { (target) throws(FileError) in
            _ = try checked(name) { Int(symlinkat(target, number, $0)) }
        }
    }

    /// Gives a file another name here.
    func addName(_ name: [UInt8], for file: HostDescriptor) throws(FileError) {
        _ = try checked(name) {
            Int(linkat(AT_FDCWD, file.entry, number, $0, Int32(AT_SYMLINK_FOLLOW)))
        }
    }

    func remove(_ name: [UInt8], isDirectory: Bool) throws(FileError) {
        _ = try checked(name) { Int(unlinkat(number, $0, isDirectory ? Int32(AT_REMOVEDIR) : 0)) }
    }

    func rename(
        _ name: [UInt8],
        to target: HostDescriptor,
        _ newName: [UInt8],
        replacing: Bool
    ) throws(FileError) {
        try Self.withPath(newName) { (newName) throws(FileError) in
            _ = try checked(name) {
                Int(pak_rename_at(number, $0, target.number, newName, replacing ? 1 : 0))
            }
        }
    }

    /// The status of the file of a name here; nil when there is none.
    func status(of name: [UInt8]) -> pak_stat? {
        (name + [0]).withUnsafeBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { $0.baseAddress.flatMap(status(of:)) }
        }
    }

    // MARK: - The file itself

    func setPermissions(_ permissions: UInt32) throws(FileError) {
        try Self.check(chmod(entry, permissions & 0o7777))
    }

    /// Sets times; nil leaves one alone.
    func setTimes(
        accessed: StatChange.Time?,
        modified: StatChange.Time?
    ) throws(FileError) {
        guard accessed != nil || modified != nil else { return }
        let (a, m) = (Self.time(accessed), Self.time(modified))
        try Self.check(pak_set_times(number, a.0, a.1, m.0, m.1))
    }

    private static func time(_ time: StatChange.Time?) -> (Int64, Int) {
        switch time {
        case nil: (0, pak_utime_omit)
        case .now: (0, pak_utime_now)
        case .at(let time): (time.seconds, Int(min(time.nanoseconds, 999_999_999)))
        }
    }

    /// Sets an extended attribute; nil removes it.
    func setAttribute(_ name: [UInt8], to value: [UInt8]?) throws(FileError) {
        try Self.withPath(name) { (name) throws(FileError) in
            guard let value else { return try Self.check(removexattr(entry, name)) }
            try Self.check(
                value.withUnsafeBytes { setxattr(entry, name, $0.baseAddress, $0.count, 0) }
            )
        }
    }

    /// Sets the length of a file that is open for writing.
    func resize(_ size: UInt64) throws(FileError) {
        guard let size = Int(exactly: size) else { throw FileError(.tooBig) }
        try Self.check(ftruncate(number, size))
    }

    /// Writes all bytes to a file that is open for writing; at its end without an offset.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64?) throws(FileError) {
        guard let start = Int(exactly: offset ?? 0), start <= Int.max - bytes.count else {
            throw FileError(.tooBig)
        }
        var done = 0
        while done < bytes.count {
            let rest = bytes.baseAddress.map { $0 + done }
            let left = bytes.count - done
            let count =
                offset == nil
                ? pak_append(number, rest, left) : pwrite(number, rest, left, start + done)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw FileError(.init(number: count < 0 ? errno : EIO)) }
            done += count
        }
    }

    /// Puts a file that is open on stable storage.
    func sync() throws(FileError) { try Self.check(fsync(number)) }

    /// The descriptor's own entry, which leads to the file whatever its name is.
    private var entry: String { "/proc/self/fd/\(number)" }

    private static func check(_ result: Int32) throws(FileError) {
        guard result >= 0 else { throw FileError(.init(number: errno)) }
    }

    private func checked(
        _ name: [UInt8],
        _ call: (UnsafePointer<CChar>) -> Int
    ) throws(FileError) -> Int {
        try Self.withPath(name) { (name) throws(FileError) in
            let result = call(name)
            guard result >= 0 else { throw FileError(.init(number: errno)) }
            return result
        }
    }

    /// Lends bytes with a NUL at their end.
    private static func withPath<Answer>(
        _ bytes: [UInt8],
        _ body: (UnsafePointer<CChar>) throws(FileError) -> Answer
    ) throws(FileError) -> Answer {
        let text = bytes.map { CChar(bitPattern: $0) } + [0]
        let span = text.span
        return try span.withUnsafeBufferPointer { (text) throws(FileError) in
            guard let start = text.baseAddress else { throw FileError(.invalid) }
            return try body(start)
        }
    }
}
