import CLinux
import FileTree
import Glibc

/// A name in a directory of the host, and a descriptor opened with O_PATH, which is the file itself
/// whatever becomes of its name.
struct MountedName: ~Copyable, Sendable {
    let descriptor: Int32
    let name: [UInt8]
    let container: MountedDirectory?

    deinit { close(descriptor) }
}

/// A node of a directory of the host by plain system calls, so that a tree's check can be made of a
/// mount.
///
/// It is for tests alone: paths are trusted.
protocol MountedNode: Node {
    var named: MountedName { get }
}

extension MountedNode {
    var descriptor: Int32 { named.descriptor }

    /// The flag that stands for the descriptor itself; the header hides it without _GNU_SOURCE.
    private static var emptyPath: Int32 { 0x1000 }

    /// A path to the file that needs no name of it.
    var path: String { "/proc/self/fd/\(descriptor)" }

    /// The directory that it was found in.
    public var parent: (any Directory)? { named.container }

    /// The name that it was found under.
    public func withName(_ body: (RawSpan) -> Void) {
        let name = named.name
        body(name.span.bytes)
    }

    /// An identity made of fstat(2)'s.
    public var qid: Qid {
        // A node whose attributes cannot be had shows as one that is no file of the check's.
        guard let status = try? status() else { return Qid(type: .file, version: 0, path: 0) }
        return Self.qid(status)
    }

    func status() throws(FileError) -> Glibc.stat {
        var status = Glibc.stat()
        try Self.check(fstat(descriptor, &status))
        return status
    }

    /// A mount shows no version: one is made of what changes with the contents.
    static func qid(_ status: Glibc.stat) -> Qid {
        var hash = StableHash(domain: 1)
        hash.combine(UInt64(status.st_size))
        hash.combine(UInt64(bitPattern: Int64(status.st_mtim.tv_sec)))
        hash.combine(UInt64(status.st_mtim.tv_nsec))
        return Qid(
            type: Mode(rawValue: status.st_mode).type.qidKind,
            version: UInt32(truncatingIfNeeded: hash.finish()),
            path: UInt64(status.st_ino)
        )
    }

    /// The attributes by fstat(2).
    public func stat() throws(FileError) -> Stat { Self.stat(try status()) }

    static func stat(_ status: Glibc.stat) -> Stat {
        var stat = Stat(qid: qid(status), mode: Mode(rawValue: status.st_mode))
        stat.uid = status.st_uid
        stat.gid = status.st_gid
        stat.links = UInt64(status.st_nlink)
        stat.size = stat.mode.type == .directory ? 0 : UInt64(status.st_size)
        stat.allocated = UInt64(status.st_blocks) * 512
        stat.device = UInt64(status.st_rdev)
        stat.accessed = time(status.st_atim)
        stat.modified = time(status.st_mtim)
        stat.changed = time(status.st_ctim)
        return stat
    }

    private static func time(_ time: timespec) -> Timestamp {
        Timestamp(seconds: Int64(time.tv_sec), nanoseconds: UInt32(time.tv_nsec))
    }

    /// Sets attributes, one call each.
    public func change(_ change: StatChange, by user: User) throws(FileError) {
        if change.uid != nil || change.gid != nil {
            try Self.check(
                fchownat(descriptor, "", change.uid ?? .max, change.gid ?? .max, Self.emptyPath)
            )
        }
        if let permissions = change.permissions { try Self.check(chmod(path, permissions)) }
        if let size = change.size { try Self.check(truncate(path, Int(size))) }
        if change.accessed != nil || change.modified != nil {
            let times = [Self.time(change.accessed), Self.time(change.modified)]
            // A link is reached by its name alone.
            if link != nil, let container = named.container {
                try Self.check(
                    utimensat(container.descriptor, text, times, AT_SYMLINK_NOFOLLOW)
                )
            } else {
                try Self.check(utimensat(AT_FDCWD, path, times, 0))
            }
        }
    }

    private static func time(_ time: StatChange.Time?) -> timespec {
        switch time {
        case nil: timespec(tv_sec: 0, tv_nsec: 0x3fff_fffe)
        case .now: timespec(tv_sec: 0, tv_nsec: 0x3fff_ffff)
        case .at(let time):
            timespec(tv_sec: Int(time.seconds), tv_nsec: Int(time.nanoseconds))
        }
    }

    /// The name as the C library takes it.
    var text: [CChar] { Self.text(named.name) }

    static func text(_ name: [UInt8]) -> [CChar] { name.map { CChar(bitPattern: $0) } + [0] }

    /// The value by getxattr(2).
    public func attribute(_ name: RawSpan) throws(FileError) -> [UInt8] {
        var value = [UInt8](repeating: 0, count: 65536)
        let count = getxattr(path, Self.text(Array(name)), &value, value.count)
        try Self.check(count)
        return Array(value[..<count])
    }

    /// The names by listxattr(2).
    public func attributeNames() throws(FileError) -> [UInt8] {
        var names = [CChar](repeating: 0, count: 65536)
        let count = listxattr(path, &names, names.count)
        try Self.check(count)
        return names[..<count].map { UInt8(bitPattern: $0) }
    }

    /// Sets by setxattr(2), removes by removexattr(2).
    public func setAttribute(_ name: RawSpan, to value: [UInt8]?) throws(FileError) {
        let name = Self.text(Array(name))
        if let value {
            try Self.check(setxattr(path, name, value, value.count, 0))
        } else {
            try Self.check(removexattr(path, name))
        }
    }

    static func check(_ result: some BinaryInteger) throws(FileError) {
        if result < 0 { throw FileError(.init(number: errno)) }
    }
}

/// A device, fifo or socket of a mount.
final class MountedDevice: MountedNode {
    let named: MountedName

    init(_ named: consuming MountedName) { self.named = named }
}

/// A file of bytes of a mount.
final class MountedFile: MountedNode, File {
    let named: MountedName

    init(_ named: consuming MountedName) { self.named = named }

    func open(_ mode: OpenMode) throws(FileError) -> any OpenFile {
        var flags = mode.contains(.write) ? (mode.contains(.read) ? O_RDWR : O_WRONLY) : O_RDONLY
        if mode.contains(.truncate) { flags |= O_TRUNC }
        if mode.contains(.append) { flags |= O_APPEND }
        let open = Glibc.open(path, flags | O_CLOEXEC)
        try Self.check(open)
        return OpenMountedFile(open)
    }
}

/// A link of a mount.
final class MountedLink: MountedNode, Link {
    let named: MountedName

    init(_ named: consuming MountedName) { self.named = named }

    func target() throws(FileError) -> [UInt8] {
        var target = [CChar](repeating: 0, count: 4097)
        let count = readlinkat(descriptor, "", &target, target.count)
        try Self.check(count)
        return target[..<count].map { UInt8(bitPattern: $0) }
    }
}

/// An open file of a mount.
final class OpenMountedFile: OpenFile {
    private let descriptor: Int32

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: UInt64
    ) throws(FileError) -> Int {
        var done = 0
        while done < buffer.count, offset + UInt64(done) < UInt64(Int64.max) {
            let place = off_t(offset) + off_t(done)
            let count = pread(
                descriptor,
                buffer.baseAddress.map { $0 + done },
                buffer.count - done,
                place
            )
            try MountedFile.check(count)
            if count == 0 { break }
            done += count
        }
        return done
    }

    func write(_ bytes: RawSpan, at offset: UInt64) throws(FileError) {
        let bytes = Array(bytes)
        let count = pwrite(descriptor, bytes, bytes.count, off_t(offset))
        try MountedFile.check(count)
        guard count == bytes.count else { throw FileError(.noSpace) }
    }

    func sync() throws(FileError) { try MountedFile.check(fsync(descriptor)) }
}
