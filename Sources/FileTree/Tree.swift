/// What a server serves: a tree of files, or several, told apart by the name given at attach.
///
/// All methods may be called from any thread, beside any other.
public protocol Tree: AnyObject, Sendable {
    /// Gives the root that `name` stands for to `user`.
    ///
    /// Errors: `.notFound` for a name that means nothing here, `.permission`, `.invalid` for an
    /// option that is not understood.
    ///
    /// See attach(5).
    func attach(as user: User, to name: String) throws(FileError) -> Attachment

    /// The room there is.
    func statfs() throws(FileError) -> Statfs

    /// The name of an owner, for clients that know no numbers; nil where only the number is known.
    func name(ofUser uid: UInt32) -> [UInt8]?

    /// The name of a group, for clients that know no numbers; nil where only the number is known.
    func name(ofGroup gid: UInt32) -> [UInt8]?
}

extension Tree {
    /// A tree that is full.
    public func statfs() throws(FileError) -> Statfs { Statfs() }

    /// Knows root alone.
    public func name(ofUser uid: UInt32) -> [UInt8]? { uid == 0 ? Array("root".utf8) : nil }

    /// Knows root alone.
    public func name(ofGroup gid: UInt32) -> [UInt8]? { gid == 0 ? Array("root".utf8) : nil }
}

/// What an attach gives: the root, the tree it is in, and how links are shown.
public struct Attachment: Sendable {
    /// Where walks start; `..` ends here.
    public var root: any Directory
    /// The tree that answers `statfs` and owners' names below that root.
    public var tree: any Tree
    /// How symbolic links are shown to clients that know none.
    public var links: LinkView

    /// Makes an attachment.
    public init(root: any Directory, tree: any Tree, links: LinkView = .follow) {
        self.root = root
        self.tree = tree
        self.links = links
    }
}

/// How symbolic links are shown to plain 9P2000 clients, which know none.
public enum LinkView: String, Sendable, CaseIterable {
    /// As what they lead to, found inside the attached tree.
    case follow
    /// As files that hold the target's text.
    case text
    /// Not at all.
    case hide
}
