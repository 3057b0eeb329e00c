import FileTree
import NineP

extension Session {
    /// Makes a fid from which an attribute's value is read, or with no name the list of names.
    ///
    /// Linux asks for `security.capability` before every write: the usual answer is "none".
    mutating func xattrwalk(_ request: Txattrwalk) throws(FileError) -> Rxattrwalk {
        let fid = try find(request.fid).pointee
        let value =
            request.name.count == 0
            ? try fid.node.attributeNames() : try fid.node.attribute(request.name.bytes)
        guard fids.find(request.newFid) == nil else { throw FileError(.fidInUse) }
        try hold(value.count)
        let opened = Opened(file: nil, mode: .read)
        opened.attribute = OpenAttribute(name: [], value: value, announced: nil, flags: 0)
        do throws(FileError) {
            try fids.insert(
                request.newFid,
                Fid(node: fid.node, attach: fid.attach, opened: opened)
            )
        } catch {
            attributeBytes -= value.count
            throw error
        }
        return Rxattrwalk(size: UInt64(value.count))
    }

    /// Turns a fid into one that an attribute is written to; it is set when the fid is clunked.
    mutating func xattrcreate(_ request: Txattrcreate) throws(FileError) -> Rxattrcreate {
        let fid = try find(request.fid)
        guard fid.pointee.opened == nil else { throw FileError(.protocolBotch) }
        guard (1...255).contains(request.name.count), !request.name.contains(0) else {
            throw FileError(.range, "an attribute's name is 1 to 255 bytes, no NUL")
        }
        guard request.size <= UInt64(server.configuration.limits.attribute) else {
            throw FileError(.tooBig)
        }
        try Self.checkNamespace(request.name, fid.pointee)
        try fid.pointee.attach.check(.write, of: fid.pointee.node)
        try hold(Int(request.size))
        let opened = Opened(file: nil, mode: .write)
        opened.attribute = OpenAttribute(
            name: Array(request.name),
            value: [],
            announced: Int(request.size),
            flags: request.flags
        )
        fid.pointee.opened = opened
        return Rxattrcreate()
    }

    /// Refuses what is not for this user, and lists of access rights, which no tree would heed.
    private static func checkNamespace(
        _ name: UnsafeRawBufferPointer,
        _ fid: borrowing Fid
    ) throws(FileError) {
        if name.starts(with: "system.".utf8) { throw FileError(.unsupported) }
        if !fid.attach.user.isOwner, !name.starts(with: "user.".utf8) {
            throw FileError(.notPermitted)
        }
    }

    /// Sets an attribute that has been written.
    ///
    /// The flags are those of setxattr(2): 1 for a new one, 2 for one that is there. Linux's
    /// removexattr(2) is the latter, with no bytes.
    static func set(_ attribute: OpenAttribute, of fid: borrowing Fid) throws(FileError) {
        guard attribute.value.count == attribute.announced else {
            throw FileError(.invalid, "fewer bytes of an attribute than announced")
        }
        let name = attribute.name.span.bytes
        if attribute.flags & 3 != 0 {
            var isThere = true
            do {
                _ = try fid.node.attribute(name)
            } catch {
                guard error.kind == .noAttribute else { throw error }
                isThere = false
            }
            if attribute.flags & 1 != 0, isThere { throw FileError(.exists) }
            if attribute.flags & 2 != 0, !isThere { throw FileError(.noAttribute) }
        }
        let isRemoval = attribute.announced == 0 && attribute.flags & 3 == 2
        try fid.node.setAttribute(name, to: isRemoval ? nil : attribute.value)
    }

    private mutating func hold(_ count: Int) throws(FileError) {
        guard attributeBytes + count <= server.configuration.limits.bytes else {
            throw FileError(.noMemory)
        }
        attributeBytes += count
    }
}
