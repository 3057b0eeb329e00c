public import FileTree
import Synchronization

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
        let stat = try lower.stat()
        layer.state.withLock { state in
            state.root.lower?.setRoot(lower, stat)
            state.root.qidPath = stat.qid.path
            state.adopted[stat.qid.path] = LayerState.WeakObject(object: state.root)
        }
    }

    /// The root, whoever asks.
    public var root: any Directory {
        CaptureDirectory(layer, layer.state.withLock { $0.root }, nil)
    }

    /// Gives the root to anyone; it has no other name than the empty one and `/`.
    ///
    /// Who may attach is decided by whoever puts the tree up for serving.
    public func attach(as user: User, to name: String) throws(FileError) -> Attachment {
        guard name.isEmpty || name == "/" else { throw FileError(.notFound, name) }
        return Attachment(root: root, tree: self)
    }

    /// The room that the layer has.
    public func statfs() throws(FileError) -> Statfs { try layer.data.statfs() }

    /// The lower tree's name of an owner.
    public func name(ofUser uid: UInt32) -> [UInt8]? { lowerTree.name(ofUser: uid) }

    /// The lower tree's name of a group.
    public func name(ofGroup gid: UInt32) -> [UInt8]? { lowerTree.name(ofGroup: gid) }
}
