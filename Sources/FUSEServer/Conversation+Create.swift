import FileTree
import Glibc

extension Conversation {
    /// The attributes of what is made in a directory, which hands its group down.
    ///
    /// The kernel has taken the umask off, and the set-group-id bit where it must not be.
    private func attributes(
        _ mode: UInt32,
        _ request: Request,
        in directory: any Directory
    ) throws(FileError) -> NewNode {
        var new = NewNode(permissions: mode & 0o7777, uid: request.uid, gid: request.gid)
        let parent = try directory.stat()
        if parent.mode.permissions & Mode.setGroup != 0 { new.gid = parent.gid }
        return new
    }

    /// Makes a file and opens it: `flags[4] mode[4] umask[4] open_flags[4] name NUL`.
    ///
    /// One that is there by now is opened, unless it must not be.
    func create(_ request: Request, _ reply: inout Reply) throws(FileError) {
        let name = try request.name(at: 16)
        let directory = try writableDirectory(request)
        let asked = Int32(bitPattern: request.u32(0))
        var mode = try mode(of: asked)
        let node: any Node
        do throws(FileError) {
            node = try directory.createFile(
                name.bytes,
                attributes(request.u32(4), request, in: directory)
            )
            mode.remove(.truncate)
        } catch {
            guard error.kind == .exists, asked & O_EXCL == 0 else { throw error }
            node = try directory.lookup(name.bytes)
        }
        guard let file = node.file else {
            throw FileError(node.directory == nil ? .unsupported : .isDirectory)
        }
        let handle = flags.contains(.noOpen) ? 0 : try handles.add(file.open(mode))
        do throws(FileError) {
            try putEntry(node, node.stat(), &reply)
        } catch {
            if handle != 0 { handles.remove(handle) }
            throw error
        }
        putOpened(handle, &reply)
    }

    /// Makes a file without opening it, a device, a fifo or a socket: `mode[4] rdev[4] umask[4]
    /// pad[4] name NUL`.
    func mknod(_ request: Request, _ reply: inout Reply) throws(FileError) {
        let name = try request.name(at: 16)
        let directory = try writableDirectory(request)
        let new = try attributes(request.u32(0), request, in: directory)
        let node: any Node
        switch FileType(rawValue: request.u32(0) & 0o170000) {
        case .regular, nil: node = try directory.createFile(name.bytes, new)
        case .directory, .symlink: throw FileError(.invalid)
        case .some(let type):
            let device = type == .fifo || type == .socket ? 0 : UInt64(request.u32(4))
            node = try directory.createNode(name.bytes, type: type, device: device, new)
        }
        try putEntry(node, node.stat(), &reply)
    }

    /// Makes a directory: `mode[4] umask[4] name NUL`.
    func mkdir(_ request: Request, _ reply: inout Reply) throws(FileError) {
        let name = try request.name(at: 8)
        let directory = try writableDirectory(request)
        var new = try attributes(request.u32(0), request, in: directory)
        // What is made below gets the group, too.
        new.permissions |= try directory.stat().mode.permissions & Mode.setGroup
        let node = try directory.createDirectory(name.bytes, new)
        try putEntry(node, node.stat(), &reply)
    }

    /// Makes a symbolic link: `name NUL target NUL`.
    func symlink(_ request: Request, _ reply: inout Reply) throws(FileError) {
        let name = try request.name(at: 0)
        let target = try request.text(at: name.count + 1)
        guard (1...4095).contains(target.count) else { throw FileError(.nameTooLong) }
        let directory = try writableDirectory(request)
        let new = try attributes(0o777, request, in: directory)
        let node = try directory.createLink(name.bytes, to: target.bytes, new)
        try putEntry(node, node.stat(), &reply)
    }

    /// Gives a file a further name: `oldnodeid[8] name NUL`.
    func link(_ request: Request, _ reply: inout Reply) throws(FileError) {
        let name = try request.name(at: 8)
        let directory = try writableDirectory(request)
        let node = try nodes.find(request.u64(0))
        guard node.directory == nil else { throw FileError(.notPermitted) }
        try directory.addName(name.bytes, for: node)
        let linked = try directory.lookup(name.bytes)
        try putEntry(linked, linked.stat(), &reply)
    }

    /// Removes a name: `name NUL`.
    func remove(_ request: Request, expected: Removal) throws(FileError) {
        let name = try request.name(at: 0)
        let directory = try writableDirectory(request)
        try takingName(name, in: directory) { () throws(FileError) in
            try directory.remove(name.bytes, expected: expected)
        }
    }

    /// Moves a name, RENAME with `newdir[8]` in front, RENAME2 with `newdir[8] flags[4] pad[4]`:
    /// `name NUL newname NUL`.
    ///
    /// No tree exchanges two names, or leaves a whiteout behind.
    func rename(_ request: Request, nameOffset: Int, flags: UInt32) throws(FileError) {
        let name = try request.name(at: nameOffset)
        let newName = try request.name(at: nameOffset + name.count + 1)
        guard flags & ~Self.noReplace == 0 else { throw FileError(.invalid) }
        let directory = try writableDirectory(request)
        let target = try nodes.directory(request.u64(0))
        try takingName(newName, in: target) { () throws(FileError) in
            try directory.rename(
                name.bytes,
                to: target,
                newName.bytes,
                replacing: flags & Self.noReplace == 0
            )
        }
    }

    /// The corresponding constant is `RENAME_NOREPLACE`.
    private static var noReplace: UInt32 { 1 }
}
