import FileTree

/// What a Tattach made: the root above which no walk of its fids goes, and who asked.
final class AttachPoint {
    let root: any Directory
    let tree: any Tree
    let user: User
    /// The names of owners, as plain 9P2000 and 9P2000.u send them.
    let owners: OwnerNameCache
    /// How links and odd names are shown to clients that know none; nil for all others.
    let view: PlainView?
    /// The root's identity, with which `..` is compared.
    private let rootPath: UInt64
    /// Whether there is anything above the root.
    private let isWhole: Bool

    init(_ attachment: Attachment, user: User, isPlain: Bool) {
        root = attachment.root
        rootPath = attachment.root.qid.path
        isWhole = attachment.root.parent == nil
        tree = attachment.tree
        self.user = user
        owners = OwnerNameCache(attachment.tree)
        view = isPlain ? PlainView(attachment, user: user) : nil
    }

    /// Steps down along legal names.
    @inline(__always)
    func walk(
        from directory: any Directory,
        _ names: PathNames,
        _ qids: inout WalkedQids
    ) throws(FileError) -> any Node {
        if let view { return try view.walk(from: directory, names, &qids) }
        return try directory.walk(names, &qids)
    }

    /// Shows a directory's entries.
    @inline(__always)
    func entries(
        of directory: any Directory,
        from cookie: UInt64,
        _ body: (borrowing DirectoryEntry, RawSpan) -> Bool
    ) throws(FileError) {
        if let view { return try view.entries(of: directory, from: cookie, body) }
        try directory.entries(from: cookie, body)
    }

    /// Shows a node's name; the root's is `/`, wherever it lies.
    @inline(__always)
    func withName(of node: any Node, _ body: (RawSpan) -> Void) {
        if !isWhole, node.qid.path == rootPath {
            let name: InlineArray<1, UInt8> = [UInt8(ascii: "/")]
            body(name.span.bytes)
        } else if let view {
            view.withName(of: node, body)
        } else {
            node.withName(body)
        }
    }

    /// The directory that `..` leads to: never one above the root, even when a directory has been
    /// moved out of it meanwhile.
    func parent(of directory: any Directory) throws(FileError) -> any Directory {
        guard directory.qid.path != rootPath else { return directory }
        guard let parent = directory.parent else { return directory }
        if isWhole { return parent }
        var step = parent
        while step.qid.path != rootPath {
            guard let next = step.parent else { throw FileError(.permission) }
            step = next
        }
        return parent
    }

    /// Refuses what the user may not do with a node.
    @inline(__always)
    func check(_ access: Access, of node: any Node) throws(FileError) {
        if user.isOwner { return }
        guard user.may(access, try node.stat()) else { throw FileError(.permission) }
    }

    /// Refuses to take a node's name out of a sticky directory, unless the user owns either.
    func checkRemoval(of node: any Node, from directory: any Directory) throws(FileError) {
        if user.isOwner { return }
        let place = try directory.stat()
        guard place.mode.permissions & Mode.sticky != 0, place.uid != user.uid else { return }
        guard try node.stat().uid == user.uid else { throw FileError(.notPermitted) }
    }
}
