import CLinux
import FileTree
import Glibc

/// Reads a directory of the host as the members of a package, links never followed.
struct DirectoryScan {
    private let table: Handler
    private let options: Options
    private var firstNames: [FileID: [UInt8]] = [:]
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)

    /// Takes a member; its path is normal.
    typealias Handler = (Member) throws(FileError) -> Void

    /// How a directory's files become members.
    struct Options {
        /// Whether owners are those of the host; else all belongs to 0:0.
        var keepsOwners: Bool
        /// Whether a file that may not be read is an error now, and not only when it is opened.
        var checksReadable: Bool
    }

    private struct FileID: Hashable {
        var device: UInt64
        var inode: UInt64
    }

    /// Shows every file below `root` to `handler`, a directory before what is in it.
    ///
    /// Sockets are left out: they are nothing without the process behind them. Errors: those of
    /// the system calls with the path, `.permission` for a file that may not be read among them.
    static func run(
        _ root: HostDescriptor,
        _ options: Options,
        _ handler: @escaping Handler
    ) throws(FileError) {
        var scan = DirectoryScan(table: handler, options: options)
        let top = try root.open([UInt8(ascii: "."), 0], O_RDONLY | O_DIRECTORY)
        try scan.read(top, path: [])
    }

    private init(table: @escaping Handler, options: Options) {
        self.table = table
        self.options = options
    }

    private mutating func read(
        _ directory: HostDescriptor,
        path: [UInt8]
    ) throws(FileError) {
        var names: [[UInt8]] = []
        try directory.entries(from: 0) { name, _ in
            // With the NUL that the system calls want.
            names.append(Array(UnsafeRawBufferPointer(start: name, count: strlen(name) + 1)))
            return true
        }
        for name in names {
            let place = path.isEmpty ? Array(name.dropLast()) : path + [47] + name.dropLast()
            do throws(FileError) {
                try add(name, at: place, in: directory)
            } catch {
                let shown = PathText.display(place)
                throw error.context?.hasPrefix(shown) == true ? error : error.at(shown)
            }
        }
    }

    private mutating func add(
        _ name: [UInt8],
        at path: [UInt8],
        in directory: HostDescriptor
    ) throws(FileError) {
        // What has gone since it was listed was never there.
        guard let status = name.withCString({ directory.status(of: $0) }) else { return }
        let mode = Mode(rawValue: status.mode)
        if mode.type == .socket { return }
        var member = Member(
            path: try MemberPath.normalize(path),
            type: mode.type,
            permissions: mode.permissions
        )
        if mode.type != .directory, status.nlink > 1 {
            let file = FileID(device: status.device, inode: status.inode)
            if let first = firstNames[file] {
                member.hardLink = first
                return try table(member)
            }
            firstNames[file] = path
        }
        if options.keepsOwners {
            member.uid = status.uid
            member.gid = status.gid
        }
        member.modified = Timestamp(seconds: status.mtime, nanoseconds: status.mtime_ns)
        switch mode.type {
        case .regular:
            member.size = status.size
            if options.checksReadable,
                name.withCString({ faccessat(directory.number, $0, R_OK, AT_EACCESS) }) != 0
            {
                throw FileError(.init(number: errno))
            }
        case .symlink:
            member.linkTarget = try linkTarget(name, in: directory)
        case .characterDevice, .blockDevice:
            member.device = status.rdev
        default: break
        }
        if mode.type != .symlink { member.attributes = try attributes(name, in: directory) }
        try table(member)
        if mode.type == .directory {
            try read(directory.open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW), path: path)
        }
    }

    private mutating func linkTarget(
        _ name: [UInt8],
        in directory: HostDescriptor
    ) throws(FileError) -> [UInt8] {
        let count = name.withCString { name in
            buffer.withUnsafeMutableBytes { bytes in
                bytes.withMemoryRebound(to: CChar.self) {
                    $0.baseAddress.map { readlinkat(directory.number, name, $0, 4096) } ?? -1
                }
            }
        }
        guard count >= 0 else { throw FileError(.init(number: errno)) }
        return Array(buffer[..<count])
    }

    /// The attributes that mean the same on another machine.
    private mutating func attributes(
        _ name: [UInt8],
        in directory: HostDescriptor
    ) throws(FileError) -> [ExtendedAttribute] {
        // There is no llistxattrat: the entry of the directory's descriptor leads to the name.
        let path = Array("/proc/self/fd/\(directory.number)/".utf8) + name
        let count = path.withCString { path in
            buffer.withUnsafeMutableBytes { bytes in
                bytes.withMemoryRebound(to: CChar.self) {
                    llistxattr(path, $0.baseAddress, $0.count)
                }
            }
        }
        if count < 0, errno == EOPNOTSUPP { return [] }
        guard count >= 0 else { throw FileError(.init(number: errno), "extended attributes") }
        if count == 0 { return [] }
        var result: [ExtendedAttribute] = []
        for key in buffer[..<count].split(separator: 0).map(Array.init)
        where ExtendedAttribute.isPortable(key) {
            var value = [UInt8](repeating: 0, count: 1 << 16)
            let size = path.withCString { path in
                (key + [0]).withCString { lgetxattr(path, $0, &value, value.count) }
            }
            guard size >= 0 else { throw FileError(.init(number: errno), "extended attributes") }
            result.append(ExtendedAttribute(name: key, value: Array(value[..<size])))
        }
        return result.sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }
}
