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
        let (parent, name) = try Self.place(of: fid)
        try fid.attach.check([.write, .execute], of: parent)
        let directory = try Self.directory(target, for: request.name)
        guard fid.attach.tree === target.attach.tree else { throw FileError(.crossDevice) }
        try parent.rename(name.span.bytes, to: directory, request.name.bytes, replacing: true)
        return Rrename()
    }

    /// Moves the file of a name; what is in the way goes.
    mutating func renameat(_ request: Trenameat) throws(FileError) -> Rrenameat {
        let from = try find(request.fid).pointee
        let target = try find(request.newFid).pointee
        let parent = try Self.directory(from, for: request.name)
        let directory = try Self.directory(target, for: request.newName)
        guard from.attach.tree === target.attach.tree else { throw FileError(.crossDevice) }
        try parent.rename(
            request.name.bytes,
            to: directory,
            request.newName.bytes,
            replacing: true
        )
        return Rrenameat()
    }

    /// Removes a name: a directory's with the flag, and without it that of anything else.
    mutating func unlinkat(_ request: Tunlinkat) throws(FileError) -> Runlinkat {
        let fid = try find(request.fid).pointee
        let directory = try Self.directory(fid, for: request.name)
        let isDirectory = request.flags & Wire.removeDirectory != 0
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
