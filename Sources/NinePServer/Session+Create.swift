import FileTree
import NineP

extension Session {
    /// Makes a file and opens it, as Plan 9 does; in 9P2000.u, anything else that Unix knows.
    ///
    /// See open(5).
    mutating func create(_ request: Tcreate) throws(FileError) -> Rcreate {
        let slot = try find(request.fid)
        let fid = slot.pointee
        guard fid.opened == nil else { throw FileError(.protocolBotch) }
        let directory = try Self.directory(fid, for: request.name)
        let asked = StatMode(rawValue: request.permissions)
        let isUnix = dialect?.hasUnixFields ?? false
        let parent = try directory.stat()
        var permissions = asked.permissions
        if !isUnix {
            // A file is as open as its directory at most.
            let shared: UInt32 = asked.contains(.directory) ? 0o777 : 0o666
            permissions &= ~shared | parent.mode.permissions & shared
        }
        let gid =
            isUnix && parent.mode.permissions & Mode.setGroup == 0
            ? fid.attach.user.gid : parent.gid
        var new = NewNode(permissions: permissions, uid: fid.attach.user.uid, gid: gid)
        if isUnix, asked.contains(.directory) {
            new.permissions |= parent.mode.permissions & Mode.setGroup
        }
        let name = request.name.bytes
        let open = OpenRequest(OpenByte(rawValue: request.mode))
        let node: any Node
        if asked.contains(.directory) {
            guard open.mode == .read else { throw FileError(.isDirectory) }
            node = try directory.createDirectory(name, new)
        } else if isUnix, asked.contains(.hardLink) {
            let old = try find(Self.fidNumber(request.detail)).pointee
            try Self.link(old, directory, fid.attach, name)
            return Rcreate(qid: old.node.qid, iounit: iounit)
        } else if isUnix,
            let made = try Self.special(
                asked,
                request,
                directory,
                new,
                isOwner: fid.attach.user.isOwner
            )
        {
            node = made
        } else {
            node = try directory.createFile(name, new)
        }
        var mode = open
        mode.mode.remove(.truncate)
        let isPlain = node.file != nil || node.directory != nil
        let opened =
            isPlain
            ? try Self.open(node, fid.attach, mode, isNew: true)
            : Opened(file: nil, mode: [], removesOnClose: open.removesOnClose)
        slot.pointee.node = node
        slot.pointee.opened = opened
        return Rcreate(qid: node.qid, iounit: iounit)
    }

    /// Makes what only 9P2000.u can ask for; nil when it is a plain file.
    private static func special(
        _ asked: StatMode,
        _ request: Tcreate,
        _ directory: any Directory,
        _ new: NewNode,
        isOwner: Bool
    ) throws(FileError) -> (any Node)? {
        let name = request.name.bytes
        if asked.contains(.symlink) {
            try checkTarget(request.detail)
            return try directory.createLink(name, to: request.detail.bytes, new)
        }
        if asked.contains(.fifo) {
            return try directory.createNode(name, type: .fifo, device: 0, new)
        }
        if asked.contains(.socket) {
            return try directory.createNode(name, type: .socket, device: 0, new)
        }
        guard asked.contains(.device) else { return nil }
        guard isOwner else { throw FileError(.notPermitted) }
        let words = String(decoding: request.detail, as: UTF8.self).parts(at: " ")
        guard words.count == 3, words[0] == "c" || words[0] == "b",
            let major = UInt32(words[1]), let minor = UInt32(words[2])
        else { throw FileError(.invalid, "not a device: \(words)") }
        return try directory.createNode(
            name,
            type: words[0] == "c" ? .characterDevice : .blockDevice,
            device: DeviceNumber.join(major: major, minor: minor),
            new
        )
    }

    /// The fid that a hard link's extension names in decimal, with or without a newline.
    private static func fidNumber(_ detail: UnsafeRawBufferPointer) throws(FileError) -> UInt32 {
        let digits = detail.prefix { $0 != UInt8(ascii: "\n") && $0 != 0 }
        guard let number = UInt32(String(decoding: digits, as: UTF8.self)) else {
            throw FileError(.invalid, "not a fid")
        }
        return number
    }

    /// Makes a file and opens it, as Linux does; one that is there is opened, unless it must not.
    mutating func lcreate(_ request: Tlcreate) throws(FileError) -> Rlcreate {
        let slot = try find(request.fid)
        let fid = slot.pointee
        guard fid.opened == nil else { throw FileError(.protocolBotch) }
        let directory = try Self.directory(fid, for: request.name)
        var open = try OpenRequest(LinuxOpenFlags(rawValue: request.flags))
        let new = try Self.attributes(request.mode, request.gid, fid)
        let appends = Self.takeAppend(&open)
        var isNew = true
        var node: any Node
        do {
            node = try directory.createFile(request.name.bytes, new)
            open.mode.remove(.truncate)
        } catch {
            let mustBeNew = LinuxOpenFlags(rawValue: request.flags).contains(.exclusive)
            guard error.kind == .exists, !mustBeNew else { throw error }
            node = try directory.lookup(request.name.bytes)
            isNew = false
        }
        let opened = try Self.open(node, fid.attach, open, isNew: isNew)
        slot.pointee.node = node
        slot.pointee.opened = opened
        if appends { try Self.noteEnd(slot.pointee) }
        return Rlcreate(qid: node.qid, iounit: iounit)
    }

    /// Makes a directory.
    mutating func mkdir(_ request: Tmkdir) throws(FileError) -> Rmkdir {
        let fid = try find(request.fid).pointee
        let directory = try Self.directory(fid, for: request.name)
        var new = try Self.attributes(request.mode, request.gid, fid)
        // Set-group-id is handed down: what is made below gets the group, too.
        new.permissions |= try directory.stat().mode.permissions & Mode.setGroup
        return Rmkdir(qid: try directory.createDirectory(request.name.bytes, new).qid)
    }

    /// Makes a symbolic link.
    mutating func symlink(_ request: Tsymlink) throws(FileError) -> Rsymlink {
        let fid = try find(request.fid).pointee
        let directory = try Self.directory(fid, for: request.name)
        try Self.checkTarget(request.target)
        let new = try Self.attributes(0o777, request.gid, fid)
        let link = try directory.createLink(request.name.bytes, to: request.target.bytes, new)
        return Rsymlink(qid: link.qid)
    }

    /// Makes a device, a fifo, a socket, or a file that is not opened.
    mutating func mknod(_ request: Tmknod) throws(FileError) -> Rmknod {
        let fid = try find(request.fid).pointee
        let directory = try Self.directory(fid, for: request.name)
        let new = try Self.attributes(request.mode, request.gid, fid)
        let node: any Node
        switch FileType(rawValue: request.mode & 0o170000) {
        case .regular, nil:
            node = try directory.createFile(request.name.bytes, new)
        case .directory, .symlink:
            throw FileError(.invalid)
        case .characterDevice? where !fid.attach.user.isOwner,
            .blockDevice? where !fid.attach.user.isOwner:
            throw FileError(.notPermitted)
        case .fifo?, .socket?, .characterDevice?, .blockDevice?:
            node = try directory.createNode(
                request.name.bytes,
                type: Mode(rawValue: request.mode).type,
                device: DeviceNumber.join(major: request.major, minor: request.minor),
                new
            )
        }
        return Rmknod(qid: node.qid)
    }

    /// A fid's directory, for a new name in it.
    ///
    /// Errors: `.illegalName`, `.nameTooLong`, `.notDirectory`, `.permission`.
    static func directory(
        _ fid: Fid,
        for name: UnsafeRawBufferPointer
    ) throws(FileError) -> any Directory {
        guard let directory = fid.node.directory else { throw FileError(.notDirectory) }
        try FileName.check(name)
        try fid.attach.check([.write, .execute], of: directory)
        return directory
    }

    /// The attributes of what is made in a fid's directory.
    private static func attributes(
        _ mode: UInt32,
        _ gid: UInt32,
        _ fid: Fid
    ) throws(FileError) -> NewNode {
        let user = fid.attach.user
        var new = NewNode(permissions: mode & 0o7777, uid: user.uid, gid: gid)
        let parent = try fid.node.stat()
        if parent.mode.permissions & Mode.setGroup != 0 { new.gid = parent.gid }
        if !user.isMember(of: new.gid) { new.permissions &= ~Mode.setGroup }
        return new
    }

    private static func checkTarget(_ target: UnsafeRawBufferPointer) throws(FileError) {
        guard (1...4095).contains(target.count), !target.contains(0) else {
            throw FileError(.invalid, "a link's target is 1 to 4095 bytes, no NUL")
        }
    }
}
