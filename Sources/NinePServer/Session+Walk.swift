import FileTree
import NineP

extension Session {
    /// Makes a fid for a tree's root.
    ///
    /// See attach(5).
    mutating func attach(_ request: Tattach) throws(FileError) -> Rattach {
        guard request.authFid == Wire.noFid else { throw FileError(.unknownFid) }
        guard fids.find(request.fid) == nil else { throw FileError(.fidInUse) }
        let user = try connection.peer.user(
            name: String(decoding: request.uname, as: UTF8.self),
            number: dialect == .plain ? Wire.noUser : request.userNumber
        )
        guard let name = String(validating: request.aname, as: UTF8.self) else {
            throw FileError(.notFound, "aname is not UTF-8")
        }
        let attachment = try server.tree.attach(as: user, to: name)
        let point = AttachPoint(attachment, user: user, isPlain: dialect == .plain)
        let root = attachment.root
        try fids.insert(request.fid, Fid(node: root, attach: point, opened: nil))
        return Rattach(qid: root.qid)
    }

    /// Makes a fid for what is below another, along up to 16 names.
    ///
    /// See walk(5).
    @inline(__always)
    mutating func walk(_ request: Twalk) throws(FileError) -> Rwalk {
        let fid = try find(request.fid)
        let isSame = request.newFid == request.fid
        if let opened = fid.pointee.opened {
            let isClone = request.names.count == 0
            if opened.attribute != nil || isSame && !isClone { throw FileError(.protocolBotch) }
        }
        if !isSame, fids.find(request.newFid) != nil { throw FileError(.fidInUse) }
        var reply = Rwalk()
        if request.names.count == 0 {
            if !isSame {
                let clone = Fid(node: fid.pointee.node, attach: fid.pointee.attach, opened: nil)
                try fids.insert(request.newFid, clone)
            }
            return reply
        }
        let attach = fid.pointee.attach
        let node: any Node
        do {
            node = try Self.step(from: fid.pointee.node, request.names, attach, &reply.qids)
        } catch {
            // What was found is told, and no fid made; only the first name's error is an error.
            if reply.qids.count == 0 { throw error }
            return reply
        }
        if isSame {
            fid.pointee.node = node
        } else {
            try fids.insert(request.newFid, Fid(node: node, attach: attach, opened: nil))
        }
        return reply
    }

    /// Steps along names, runs of them at once where nothing stands against it.
    private static func step(
        from start: any Node,
        _ names: PathNames,
        _ attach: AttachPoint,
        _ qids: inout WalkedQids
    ) throws(FileError) -> any Node {
        var check = names
        var isRun = attach.user.isOwner
        while isRun, let name = check.next() { isRun = FileName.isLegal(name) }
        if isRun {
            guard let directory = start.directory else { throw FileError(.notDirectory) }
            return try attach.walk(from: directory, names, &qids)
        }
        return try stepByStep(from: start, names, attach, &qids)
    }

    /// Steps along names one by one: `..`, names that no file has, permissions.
    @inline(never)
    private static func stepByStep(
        from start: any Node,
        _ names: PathNames,
        _ attach: AttachPoint,
        _ qids: inout WalkedQids
    ) throws(FileError) -> any Node {
        var node = start
        var names = names
        while let name = names.next() {
            guard let directory = node.directory else { throw FileError(.notDirectory) }
            try attach.check(.execute, of: directory)
            if FileName.isDotDot(name) {
                node = try attach.parent(of: directory)
                qids.append(node.qid)
            } else {
                try FileName.check(name)
                guard let bytes = name.baseAddress else { throw FileError(.illegalName) }
                let packed = UnsafeRawBufferPointer(start: bytes - 2, count: name.count + 2)
                let one = PathNames(bytes: packed, count: 1)
                node = try attach.walk(from: directory, one, &qids)
            }
        }
        return node
    }
}
