import FileTree
import NineP

extension Session {
    /// Gives a file a further name.
    mutating func link(_ request: Tlink) throws(FileError) -> Rlink {
        let fid = try find(request.directoryFid).pointee
        let old = try find(request.fid).pointee
        let directory = try Self.directory(fid, for: request.name)
        try Self.link(old, directory, fid.attach, request.name.bytes)
        return Rlink()
    }

    static func link(
        _ old: Fid,
        _ directory: any Directory,
        _ attach: AttachPoint,
        _ name: RawSpan
    ) throws(FileError) {
        guard old.attach.tree === attach.tree else { throw FileError(.crossDevice) }
        guard old.node.directory == nil else { throw FileError(.notPermitted) }
        try directory.addName(name, for: old.node)
    }

    /// Moves a fid's file; what is in the way goes.
    mutating func rename(_ request: Trename) throws(FileError) -> Rrename {
        let fid = try find(request.fid).pointee
        let target = try find(request.directoryFid).pointee
        let place = try Self.place(of: fid)
        try fid.attach.check([.write, .execute], of: place.parent)
        let directory = try Self.directory(target, for: request.name)
        guard fid.attach.tree === target.attach.tree else { throw FileError(.crossDevice) }
        let name = place.name.span.bytes
        try Self.checkMove(name, from: place.parent, to: directory, request.name.bytes, fid.attach)
        try place.parent.rename(name, to: directory, request.name.bytes, replacing: true)
        return Rrename()
    }

    /// Moves the file of a name; what is in the way goes.
    mutating func renameat(_ request: Trenameat) throws(FileError) -> Rrenameat {
        let from = try find(request.fid).pointee
        let target = try find(request.newFid).pointee
        let parent = try Self.directory(from, for: request.name)
        let directory = try Self.directory(target, for: request.newName)
        guard from.attach.tree === target.attach.tree else { throw FileError(.crossDevice) }
        try Self.checkMove(
            request.name.bytes,
            from: parent,
            to: directory,
            request.newName.bytes,
            from.attach
        )
        try parent.rename(
            request.name.bytes,
            to: directory,
            request.newName.bytes,
            replacing: true
        )
        return Rrenameat()
    }

    /// Refuses a move that the user may not make, given the right to change both directories.
    ///
    /// A directory that gets another parent is changed itself: its `..` is.
    static func checkMove(
        _ name: RawSpan,
        from parent: any Directory,
        to target: any Directory,
        _ newName: RawSpan,
        _ attach: AttachPoint
    ) throws(FileError) {
        if attach.user.isOwner { return }
        let node = try parent.lookup(name)
        try attach.checkRemoval(of: node, from: parent)
        if node.directory != nil, parent.qid.path != target.qid.path {
            try attach.check(.write, of: node)
        }
        if let old = try found(newName, in: target) {
            try attach.checkRemoval(of: old, from: target)
        }
    }

    /// The node of a name; nil when there is none.
    static func found(
        _ name: RawSpan,
        in directory: any Directory
    ) throws(FileError) -> (any Node)? {
        do throws(FileError) { return try directory.lookup(name) } catch {
            guard error.kind == .notFound else { throw error }
            return nil
        }
    }

    /// Removes a name: a directory's with the flag, and without it that of anything else.
    mutating func unlinkat(_ request: Tunlinkat) throws(FileError) -> Runlinkat {
        let fid = try find(request.fid).pointee
        let directory = try Self.directory(fid, for: request.name)
        let isDirectory = request.flags & Wire.removeDirectory != 0
        if !fid.attach.user.isOwner {
            let node = try directory.lookup(request.name.bytes)
            try fid.attach.checkRemoval(of: node, from: directory)
        }
        try directory.remove(request.name.bytes, expected: isDirectory ? .directory : .file)
        return Runlinkat()
    }

    /// Tells what a link holds.
    mutating func readlink(_ frame: Frame, _ dialect: Dialect) throws(FileError) {
        let request = try Treadlink(frame, dialect)
        do throws(FileError) {
            guard let link = try find(request.fid).pointee.node.link else {
                throw FileError(.invalid, "not a link")
            }
            let target = try link.target()
            try target.span.bytes.withUnsafeBytes { (target) throws(FileError) in
                try output.put(
                    Rreadlink(target: target),
                    tag: frame.tag,
                    dialect,
                    limit: MessageWriter.longReplyLimit
                )
            }
        } catch {
            refuse(frame, error)
        }
    }
}
