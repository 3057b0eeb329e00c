import CLinux
public import FileTree
import Glibc

/// A directory of a mount.
public final class MountedDirectory: MountedNode, Directory {
    let named: MountedName

    init(_ named: consuming MountedName) { self.named = named }

    /// Opens a mount's root, or any other directory.
    public static func open(_ path: String) throws(FileError) -> MountedDirectory {
        let descriptor = Glibc.open(path, pak_o_path | O_DIRECTORY | O_CLOEXEC)
        try check(descriptor)
        return MountedDirectory(
            MountedName(descriptor: descriptor, name: [UInt8(ascii: "/")], container: nil)
        )
    }

    /// Finds a name by openat(2).
    public func lookup(_ name: RawSpan) throws(FileError) -> any Node { try find(Array(name)) }

    private func find(_ name: [UInt8]) throws(FileError) -> any Node {
        let found = openat(descriptor, Self.text(name), pak_o_path | O_NOFOLLOW | O_CLOEXEC)
        try Self.check(found)
        let named = MountedName(descriptor: found, name: name, container: self)
        var status = Glibc.stat()
        try Self.check(fstat(found, &status))
        return switch Mode(rawValue: status.st_mode).type {
        case .regular: MountedFile(named)
        case .directory: MountedDirectory(named)
        case .symlink: MountedLink(named)
        default: MountedDevice(named)
        }
    }

    /// Lists by readdir(3), each entry with fstatat(2).
    public func entries(
        from cookie: UInt64,
        _ body: (borrowing DirectoryEntry, RawSpan) -> Bool
    ) throws(FileError) {
        let open = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        // A directory without a name has none, and cannot be opened by one.
        if open < 0, errno == ENOENT { return }
        try Self.check(open)
        guard let list = fdopendir(open) else { throw FileError(.init(number: errno)) }
        defer { closedir(list) }
        if cookie != 0 { seekdir(list, Int(cookie)) }
        while let entry = readdir(list) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                Array($0.prefix { $0 != 0 })
            }
            if name == [UInt8(ascii: ".")] || name == Array("..".utf8) { continue }
            var status = Glibc.stat()
            // Gone since it was listed.
            guard fstatat(descriptor, Self.text(name), &status, AT_SYMLINK_NOFOLLOW) == 0 else {
                continue
            }
            let next = UInt64(telldir(list))
            let shown = DirectoryEntry(stat: Self.stat(status), next: next)
            guard body(shown, name.span.bytes) else { return }
        }
    }

    /// Makes a file by openat(2).
    public func createFile(_ name: RawSpan, _ attributes: NewNode) throws(FileError) -> any File {
        let name = Array(name)
        let made = openat(
            descriptor,
            Self.text(name),
            O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC,
            attributes.permissions
        )
        try Self.check(made)
        close(made)
        guard let file = try find(name).file else { throw FileError(.inputOutput) }
        return file
    }

    /// Makes a directory by mkdirat(2).
    public func createDirectory(
        _ name: RawSpan,
        _ attributes: NewNode
    ) throws(FileError) -> any Directory {
        let name = Array(name)
        try Self.check(mkdirat(descriptor, Self.text(name), attributes.permissions))
        guard let directory = try find(name).directory else { throw FileError(.inputOutput) }
        return directory
    }

    /// Makes a link by symlinkat(2).
    public func createLink(
        _ name: RawSpan,
        to target: RawSpan,
        _ attributes: NewNode
    ) throws(FileError) -> any Node {
        let name = Array(name)
        try Self.check(symlinkat(Self.text(Array(target)), descriptor, Self.text(name)))
        return try find(name)
    }

    /// Makes a node by mknodat(2).
    public func createNode(
        _ name: RawSpan,
        type: FileType,
        device: UInt64,
        _ attributes: NewNode
    ) throws(FileError) -> any Node {
        let name = Array(name)
        let mode = Mode(type, attributes.permissions).rawValue
        try Self.check(mknodat(descriptor, Self.text(name), mode, dev_t(device)))
        return try find(name)
    }

    /// Gives a further name by linkat(2).
    public func addName(_ name: RawSpan, for node: any Node) throws(FileError) {
        guard let node = node as? any MountedNode else { throw FileError(.crossDevice) }
        try Self.check(
            linkat(
                AT_FDCWD,
                node.path,
                descriptor,
                Self.text(Array(name)),
                AT_SYMLINK_FOLLOW
            )
        )
    }

    /// Removes a name by unlinkat(2).
    public func remove(_ name: RawSpan, expected: Removal) throws(FileError) {
        let name = Array(name)
        var isDirectory = expected == .directory
        if expected == .any { isDirectory = try find(name).directory != nil }
        let flags = isDirectory ? AT_REMOVEDIR : 0
        try Self.check(unlinkat(descriptor, Self.text(name), flags))
    }

    /// Renames by renameat(2).
    ///
    /// v9fs knows no rename that must not replace: that is asked before.
    public func rename(
        _ name: RawSpan,
        to target: any Directory,
        _ newName: RawSpan,
        replacing: Bool
    ) throws(FileError) {
        guard let target = target as? MountedDirectory else { throw FileError(.crossDevice) }
        let newName = Self.text(Array(newName))
        if !replacing, faccessat(target.descriptor, newName, F_OK, AT_SYMLINK_NOFOLLOW) == 0 {
            throw FileError(.exists)
        }
        try Self.check(
            renameat(descriptor, Self.text(Array(name)), target.descriptor, newName)
        )
    }
}
