public import FileTree

/// A tree in which everything can be changed, over one that is never written.
///
/// What is not touched is the lower tree's own; what is touched is kept by the layer.
public final class CaptureTree: Tree {
    /// Where the changes are.
    public let layer: Layer
    /// The directory that shows below the changes.
    public let lower: any Directory
    private let lowerTree: any Tree

    /// Puts a layer over a directory, which shall not change as long as the layer is used.
    ///
    /// `lowerTree` is the tree that the directory is in: it knows the owners' names.
    public init(layer: Layer, over lower: any Directory, in lowerTree: any Tree) throws(FileError) {
        self.layer = layer
        self.lower = lower
        self.lowerTree = lowerTree
    }

    /// The root, whoever asks.
    public var root: any Directory { lower }

    /// Gives the root to anyone; it has no other name than the empty one and `/`.
    ///
    /// Who may attach is decided by whoever puts the tree up for serving.
    public func attach(as user: User, to name: String) throws(FileError) -> Attachment {
        guard name.isEmpty || name == "/" else { throw FileError(.notFound, name) }
        return Attachment(root: root, tree: self)
    }

    /// The lower tree's figures.
    public func statfs() throws(FileError) -> Statfs { try lowerTree.statfs() }

    /// The lower tree's name of an owner.
    public func name(ofUser uid: UInt32) -> [UInt8]? { lowerTree.name(ofUser: uid) }

    /// The lower tree's name of a group.
    public func name(ofGroup gid: UInt32) -> [UInt8]? { lowerTree.name(ofGroup: gid) }

    /// Shows every directory in which a name differs from the lower tree's, in the order of their
    /// paths by bytes, parents first.
    ///
    /// The layer should be sealed: changes made meanwhile show in part.
    public func forEachTouched(
        _ body: (TouchedDirectory) throws(FileError) -> Void
    ) throws(FileError) {}
}

/// A directory that the layer holds: names of it, itself, or something below has been touched.
public struct TouchedDirectory: Sendable {
    /// Its path, names parted by `/`, none in front; the root's is empty.
    public var path: [UInt8]
    /// The directory as the capture shows it.
    public var node: any Directory
    /// The directory of the lower tree that shows through, whatever its path there; nil when it
    /// was made in the layer.
    public var lower: (any Directory)?
    /// What the lower tree has at the same path; nil when nothing, or when it is the same as
    /// `lower`.
    public var hidden: (any Node)?
    /// The names that the layer knows, in the order of their bytes; all others are the lower
    /// directory's.
    public var entries: [TouchedEntry]
}

/// A name of a directory that the layer knows.
public struct TouchedEntry: Sendable {
    /// The name.
    public var name: [UInt8]
    /// What the capture shows by that name; nil when it is gone.
    public var node: (any Node)?
    /// What the lower directory has by that name; nil when nothing.
    public var lower: (any Node)?
    /// The lower object that `node` began as, under whatever name; nil when it was made in the
    /// layer.
    public var origin: (any Node)?
    /// How many names the origin had below; 0 when there is none.
    public var originLinks: UInt64
    /// Whether `node` is the object that the lower directory has by that name.
    public var isInPlace: Bool
    /// What is known of the bytes against the origin's.
    public var bytes: TouchedBytes
    /// Whether an attribute, an extended one or a time has been set since.
    public var hasNewAttributes: Bool
    /// Whether somebody has set the owner or the group, so that they are not just those of
    /// whoever made the file.
    public var hasNewOwner: Bool
}

/// What a layer knows of a file's bytes.
public enum TouchedBytes: Sendable, Hashable {
    /// They are the lower file's.
    case same
    /// They were written, and may yet be what they were.
    case unknown
    /// There is no lower file, or it has another size.
    case different
}
