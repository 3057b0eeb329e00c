import FileTree
import NineP

extension Session {
    /// Opens a fid as Plan 9 does.
    ///
    /// See open(5).
    mutating func open(_ request: Topen) throws(FileError) -> Ropen {
        let qid = try open(request.fid, OpenRequest(OpenByte(rawValue: request.mode)))
        return Ropen(qid: qid, iounit: iounit)
    }

    /// Opens a fid as Linux does; never with a removal at its end.
    mutating func lopen(_ request: Tlopen) throws(FileError) -> Rlopen {
        var open = try OpenRequest(LinuxOpenFlags(rawValue: request.flags))
        let appends = Self.takeAppend(&open)
        let qid = try self.open(request.fid, open)
        if appends { try Self.noteEnd(find(request.fid).pointee) }
        return Rlopen(qid: qid, iounit: iounit)
    }

    /// Opens a fid.
    private func open(_ number: UInt32, _ request: OpenRequest) throws(FileError) -> Qid {
        let fid = try find(number)
        guard fid.pointee.opened == nil else { throw FileError(.protocolBotch) }
        let node = fid.pointee.node
        fid.pointee.opened = try Self.open(node, fid.pointee.attach, request, isNew: false)
        return node.qid
    }

    /// Opens a node; permissions are not asked for one just made.
    static func open(
        _ node: any Node,
        _ attach: AttachPoint,
        _ request: OpenRequest,
        isNew: Bool
    ) throws(FileError) -> Opened {
        if !isNew { try attach.check(request.access, of: node) }
        if request.removesOnClose {
            guard let parent = node.parent else { throw FileError(.permission) }
            try attach.check(.write, of: parent)
        }
        if node.directory != nil {
            guard request.mode == .read else { throw FileError(.isDirectory) }
            return Opened(file: nil, mode: .read, removesOnClose: request.removesOnClose)
        }
        if request.mustBeDirectory { throw FileError(.notDirectory) }
        guard let file = node.file else {
            throw FileError(node.link == nil ? .unsupported : .tooManyLinks)
        }
        return Opened(
            file: try file.open(request.mode),
            mode: request.mode,
            removesOnClose: request.removesOnClose
        )
    }

    /// Lets go of a fid, which is free afterwards whatever happens.
    ///
    /// See clunk(5).
    mutating func clunk(_ request: Tclunk) throws(FileError) -> Rclunk {
        guard let fid = fids.remove(request.fid) else { throw FileError(.unknownFid) }
        if fid.opened != nil { try close(fid) }
        return Rclunk()
    }

    /// Does what an open fid has left for its end.
    @inline(never)
    private mutating func close(_ fid: borrowing Fid) throws(FileError) {
        guard let opened = fid.opened else { return }
        if opened.hasLocks {
            server.locks.releaseAll(heldBy: ObjectIdentifier(opened), of: fid.node.qid.path)
        }
        if let attribute = opened.attribute {
            attributeBytes -= attribute.announced ?? attribute.value.count
            if attribute.announced != nil { try Self.set(attribute, of: fid) }
        }
        if opened.removesOnClose { try Self.remove(fid) }
    }

    /// Removes a fid's file, and lets go of the fid whether that worked or not.
    ///
    /// See remove(5).
    mutating func remove(_ request: Tremove) throws(FileError) -> Rremove {
        guard let fid = fids.remove(request.fid) else { throw FileError(.unknownFid) }
        if let opened = fid.opened {
            if opened.hasLocks {
                server.locks.releaseAll(heldBy: ObjectIdentifier(opened), of: fid.node.qid.path)
            }
            if let attribute = opened.attribute {
                attributeBytes -= attribute.announced ?? attribute.value.count
            }
        }
        try Self.remove(fid)
        return Rremove()
    }

    /// Removes a fid's name, as long as it is still that of its file.
    static func remove(_ fid: borrowing Fid) throws(FileError) {
        let (parent, name) = try Self.place(of: fid)
        try fid.attach.check([.write, .execute], of: parent)
        try fid.attach.checkRemoval(of: fid.node, from: parent)
        try parent.remove(name.span.bytes, expected: .any)
    }

    /// The directory in which a fid's file is, and its name there.
    ///
    /// Errors: `.permission` for a root, `.notFound` when the name is another's by now.
    static func place(
        of fid: borrowing Fid
    ) throws(FileError) -> (parent: any Directory, name: [UInt8]) {
        let node = fid.node
        guard node.qid.path != fid.attach.root.qid.path, let parent = node.parent else {
            throw FileError(.permission)
        }
        var name: [UInt8] = []
        node.withName { name = $0.withUnsafeBytes { Array($0) } }
        let found = try parent.lookup(name.span.bytes)
        // A plain view's file stands for a link: the link is what goes.
        let isLink = fid.attach.view != nil && found.link != nil
        guard isLink || found.qid.path == node.qid.path || node is FollowedDirectory else {
            throw FileError(.notFound)
        }
        return (parent, name)
    }
}
