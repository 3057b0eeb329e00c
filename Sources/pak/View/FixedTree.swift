import FileTree

/// A tree of which everyone who attaches gets the same part.
final class FixedTree: Tree {
    private let attachment: Attachment

    init(_ attachment: Attachment) { self.attachment = attachment }

    func attach(as user: User, to name: String) throws(FileError) -> Attachment {
        guard name.isEmpty || name == "/" else { throw FileError(.notFound, name) }
        return attachment
    }

    func statfs() throws(FileError) -> Statfs { try attachment.tree.statfs() }
    func name(ofUser uid: UInt32) -> [UInt8]? { attachment.tree.name(ofUser: uid) }
    func name(ofGroup gid: UInt32) -> [UInt8]? { attachment.tree.name(ofGroup: gid) }
}
