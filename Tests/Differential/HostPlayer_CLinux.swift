import CLinux
public import FileTree
import Glibc

/// Does operations to a directory of the host, by system calls, and never through a link.
public final class HostPlayer: Player {
    /// What it is, for people.
    public let name: String
    private let root: Int32
    private var held = [Int32](repeating: -1, count: Operation.slots)

    /// Plays to the directory `path`.
    public init(_ name: String, path: String) throws(FileError) {
        self.name = name
        root = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard root >= 0 else { throw FileError(.init(number: errno), path) }
    }

    deinit {
        for descriptor in held where descriptor >= 0 { close(descriptor) }
        close(root)
    }

    /// Carries an operation out.
    public func apply(_ operation: Operation) -> Outcome {
        do throws(Failure) { return try perform(operation) } catch {
            return Outcome(number: error.number)
        }
    }

    private func perform(_ operation: Operation) throws(Failure) -> Outcome {
        switch operation {
        case .create(let path, let permissions):
            try inDirectory(of: path) { (at, name) throws(Failure) in
                let file = openat(at, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
                try check(file)
                defer { close(file) }
                try check(fchmod(file, permissions))
            }
        case .makeDirectory(let path, let permissions):
            try inDirectory(of: path) { (at, name) throws(Failure) in
                try check(mkdirat(at, name, permissions))
                try check(fchmodat(at, name, permissions, 0))
            }
        case .makeLink(let path, let target):
            try inDirectory(of: path) { (at, name) throws(Failure) in
                try check(symlinkat(target, at, name))
            }
        case .makeNode(let path, let isDevice):
            try inDirectory(of: path) { (at, name) throws(Failure) in
                let type = isDevice ? S_IFCHR : S_IFIFO
                try check(mknodat(at, name, type | 0o600, isDevice ? 1 << 8 | 3 : 0))
                try check(fchmodat(at, name, 0o644, 0))
            }
        case .unlink(let path):
            try inDirectory(of: path) { (at, name) throws(Failure) in
                try check(unlinkat(at, name, 0))
            }
        case .removeDirectory(let path):
            try inDirectory(of: path) { (at, name) throws(Failure) in
                try check(unlinkat(at, name, AT_REMOVEDIR))
            }
        case .rename(let path, let new):
            guard !new.isEmpty else { throw Failure(number: EBUSY) }
            try inDirectory(of: path) { (at, name) throws(Failure) in
                try inDirectory(of: new) { (newAt, newName) throws(Failure) in
                    try check(renameat(at, name, newAt, newName))
                }
            }
        case .link(let path, let new):
            try inDirectory(of: path, orRoot: true) { (at, name) throws(Failure) in
                _ = try status(at, name)
                try inDirectory(of: new) { (newAt, newName) throws(Failure) in
                    try check(linkat(at, name, newAt, newName, 0))
                }
            }
        case .write(let path, let bytes, let offset):
            try withFile(path, O_WRONLY) { (file) throws(Failure) in
                try write(bytes, to: file, at: offset)
            }
        case .replace(let path, let bytes):
            try withFile(path, O_WRONLY | O_TRUNC) { (file) throws(Failure) in
                try write(bytes, to: file, at: 0)
            }
        case .append(let path, let bytes):
            try withFile(path, O_WRONLY | O_APPEND) { (file) throws(Failure) in
                try write(bytes, to: file, at: 0)
            }
        case .resize(let path, let size):
            try withFile(path, O_WRONLY) { (file) throws(Failure) in try resize(file, size) }
        case .permissions(let path, let permissions):
            try inDirectory(of: path, orRoot: true) { (at, name) throws(Failure) in
                let type = try status(at, name).type
                if type == .symlink { throw Failure(number: ELOOP) }
                let mask = TreePlayer.mask(isDirectory: type == .directory)
                try check(fchmodat(at, name, permissions & mask, 0))
            }
        case .owner(let path, let uid, let gid):
            try inDirectory(of: path, orRoot: true) { (at, name) throws(Failure) in
                try check(fchownat(at, name, uid, gid, AT_SYMLINK_NOFOLLOW))
            }
        case .modified(let path, let seconds, let nanoseconds):
            try inDirectory(of: path, orRoot: true) { (at, name) throws(Failure) in
                let time = timespec(tv_sec: Int(seconds), tv_nsec: Int(nanoseconds))
                let accessed = timespec(tv_sec: 0, tv_nsec: (1 << 30) - 2)  // UTIME_OMIT
                try check(utimensat(at, name, [accessed, time], AT_SYMLINK_NOFOLLOW))
            }
        case .attribute(let path, let name, let value):
            try inDirectory(of: path, orRoot: true) { (at, file) throws(Failure) in
                let type = try status(at, file).type
                guard type == .regular || type == .directory else { throw Failure(number: EPERM) }
                let place = "/proc/self/fd/\(at)/\(file)"
                if let bytes = value?.bytes {
                    try check(lsetxattr(place, name, bytes, bytes.count, 0))
                } else {
                    try check(lremovexattr(place, name))
                }
            }
        case .read(let path):
            var bytes: [UInt8] = []
            try withFile(path, O_RDONLY) { (file) throws(Failure) in bytes = try read(file) }
            return Outcome(bytes: bytes)
        case .stat(let path):
            var outcome = Outcome()
            try inDirectory(of: path, orRoot: true) { (at, name) throws(Failure) in
                outcome = try describe(at, name)
            }
            return outcome
        case .list(let path):
            let directory = try directory(path)
            defer { close(directory) }
            return Outcome(text: try names(directory).joined(separator: " "))
        case .hold(let slot, let path):
            try withFile(path, O_RDWR) { (file) throws(Failure) in
                let copy = fcntl(file, F_DUPFD_CLOEXEC, 0)
                try check(copy)
                release(slot)
                held[slot] = copy
            }
        case .release(let slot): release(slot)
        case .heldWrite(let slot, let bytes, let offset):
            try write(bytes, to: slotFile(slot), at: offset)
        case .heldRead(let slot):
            let file = try slotFile(slot)
            var outcome = try describe(file, "")
            outcome.bytes = try read(file)
            return outcome
        case .heldResize(let slot, let size): try resize(slotFile(slot), size)
        case .heldPermissions(let slot, let permissions):
            try check(fchmod(slotFile(slot), permissions))
        case .reopen: for slot in held.indices { release(slot) }
        }
        return Outcome()
    }

    // MARK: - All that is there

    /// All that is there now.
    public func snapshot() throws(FileError) -> Snapshot {
        var snapshot = Snapshot()
        do throws(Failure) {
            let copy = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            try check(copy)
            try add(copy, ".", "", to: &snapshot)
            close(copy)
        } catch { throw FileError(.init(number: error.number), name) }
        return snapshot
    }

    private func add(
        _ at: Int32,
        _ name: String,
        _ path: String,
        to snapshot: inout Snapshot
    ) throws(Failure) {
        var status = pak_stat()
        try check(pak_stat_at(at, name, &status))
        let mode = Mode(rawValue: status.mode)
        var entry = Snapshot.Entry(mode: mode, uid: status.uid, gid: status.gid)
        entry.modified = Snapshot.comparable(
            Timestamp(seconds: status.mtime, nanoseconds: status.mtime_ns)
        )
        entry.device = status.rdev
        let hasOneName = mode.type == .directory || status.nlink < 2
        let identity = hasOneName ? 0 : status.inode
        if mode.type == .symlink {
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = buffer.withUnsafeMutableBytes { buffer in
                buffer.withMemoryRebound(to: CChar.self) {
                    $0.baseAddress.map { readlinkat(at, name, $0, 4096) } ?? -1
                }
            }
            try check(Int32(count))
            entry.target = Array(buffer[..<count])
        }
        guard mode.type == .regular || mode.type == .directory else {
            return snapshot.add(path, entry, identity: identity)
        }
        let file = openat(at, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        try check(file)
        defer { close(file) }
        entry.attributes = try attributes(file)
        if mode.type == .regular { entry.bytes = try read(file) }
        snapshot.add(path, entry, identity: identity)
        guard mode.type == .directory else { return }
        for child in try names(file) {
            try add(file, child, path.isEmpty ? child : path + "/" + child, to: &snapshot)
        }
    }

    /// What a player says of a file's attributes.
    static func describe(
        mode: Mode,
        uid: UInt32,
        gid: UInt32,
        links: UInt64,
        size: UInt64
    ) -> String {
        let text = "\(mode.type) \(String(mode.permissions, radix: 8)) \(uid):\(gid)"
        // What these are of a directory is each file system's own affair.
        return mode.type == .directory ? text : text + " \(links) names, \(size) bytes"
    }
}

// MARK: - What operations are made of

extension HostPlayer {
    private func check(_ result: Int32) throws(Failure) {
        guard result >= 0 else { throw Failure(number: errno) }
    }

    /// A new descriptor of a directory, whose last step is no link either.
    private func directory(_ path: String) throws(Failure) -> Int32 {
        var directory = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        try check(directory)
        for name in path.split(separator: "/") {
            let next = openat(
                directory,
                String(name),
                O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
            )
            let failure = Failure(number: errno)
            close(directory)
            guard next >= 0 else { throw failure }
            directory = next
        }
        return directory
    }

    private func inDirectory(
        of path: String,
        orRoot: Bool = false,
        _ body: (Int32, String) throws(Failure) -> Void
    ) throws(Failure) {
        guard !path.isEmpty || orRoot else { throw Failure(number: EBUSY) }
        let place = path.lastIndex(of: "/")
        let parent = try directory(place.map { String(path[..<$0]) } ?? "")
        defer { close(parent) }
        let name = path[(place.map { path.index(after: $0) } ?? path.startIndex)...]
        try body(parent, name.isEmpty ? "." : String(name))
    }

    private func status(_ at: Int32, _ name: String) throws(Failure) -> Mode {
        var status = pak_stat()
        try check(pak_stat_at(at, name, &status))
        return Mode(rawValue: status.mode)
    }

    private func describe(_ at: Int32, _ name: String) throws(Failure) -> Outcome {
        var status = pak_stat()
        try check(pak_stat_at(at, name, &status))
        return Outcome(
            text: Self.describe(
                mode: Mode(rawValue: status.mode),
                uid: status.uid,
                gid: status.gid,
                links: UInt64(status.nlink),
                size: status.size
            )
        )
    }

    /// Opens a regular file; of others, devices and fifos are never opened.
    private func withFile(
        _ path: String,
        _ flags: Int32,
        _ body: (Int32) throws(Failure) -> Void
    ) throws(Failure) {
        try inDirectory(of: path, orRoot: true) { (at, name) throws(Failure) in
            switch try status(at, name).type {
            case .regular: break
            case .directory: throw Failure(number: EISDIR)
            case .symlink: throw Failure(number: ELOOP)
            default: throw Failure(number: EINVAL)
            }
            let file = openat(at, name, flags | O_NOFOLLOW | O_CLOEXEC)
            try check(file)
            defer { close(file) }
            try body(file)
        }
    }

    private func write(_ pattern: Pattern, to file: Int32, at offset: Int) throws(Failure) {
        let bytes = pattern.bytes
        let count = pwrite(file, bytes, bytes.count, offset)
        guard count == bytes.count else { throw Failure(number: count < 0 ? errno : EIO) }
    }

    private func resize(_ file: Int32, _ size: Int) throws(Failure) {
        var status = pak_stat()
        try check(pak_stat_at(file, "", &status))
        // Whether the time is set where nothing changes depends on the file system.
        if status.size != UInt64(size) { try check(ftruncate(file, size)) }
    }

    private func read(_ file: Int32) throws(Failure) -> [UInt8] {
        var status = pak_stat()
        try check(pak_stat_at(file, "", &status))
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: Int(status.size)) { buffer, done in
            count = pread(file, buffer.baseAddress, buffer.count, 0)
            done = max(0, count)
        }
        guard count == bytes.count else { throw Failure(number: errno) }
        return bytes
    }

    private func slotFile(_ slot: Int) throws(Failure) -> Int32 {
        guard held[slot] >= 0 else { throw Failure(number: EBADF) }
        return held[slot]
    }

    private func release(_ slot: Int) {
        if held[slot] >= 0 { close(held[slot]) }
        held[slot] = -1
    }

    /// The names in a directory, sorted; closes nothing.
    private func names(_ directory: Int32) throws(Failure) -> [String] {
        let copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        try check(copy)
        guard let stream = fdopendir(copy) else { throw Failure(number: errno) }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                Array(bytes.prefix { $0 != 0 })
            }
            if name != Array(".".utf8), name != Array("..".utf8) { names.append(name) }
        }
        return names.sorted { $0.lexicographicallyPrecedes($1) }
            .map { String(decoding: $0, as: UTF8.self) }
    }

    private func attributes(_ file: Int32) throws(Failure) -> [[UInt8]: [UInt8]] {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { buffer in
            buffer.withMemoryRebound(to: CChar.self) {
                flistxattr(file, $0.baseAddress, $0.count)
            }
        }
        if count < 0, errno == ENOTSUP { return [:] }
        try check(Int32(count))
        var attributes: [[UInt8]: [UInt8]] = [:]
        for name in buffer[..<count].split(separator: 0).map(Array.init) {
            let text = String(decoding: name, as: UTF8.self)
            guard text.hasPrefix("user.") else { continue }
            var value = [UInt8](repeating: 0, count: 4096)
            let size = fgetxattr(file, text, &value, value.count)
            try check(Int32(size))
            attributes[name] = Array(value[..<size])
        }
        return attributes
    }
}
