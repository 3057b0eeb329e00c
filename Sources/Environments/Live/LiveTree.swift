package import FileTree
import Synchronization

/// A tree that others take the place of while it is used: what is walked to stays what it was,
/// what is looked up is looked up in the newest.
///
/// Between two states there is one store of a pointer: a walk of several names, and a listing from
/// its start to its end, see one state alone.
package final class LiveTree: Tree {
    private let current: Mutex<State>

    /// One state of the tree.
    struct State: Sendable {
        var root: any Directory
        var tree: any Tree
        /// Counts up with every state.
        var number: UInt64
    }

    /// Makes a tree that shows an attachment, the state of that number.
    package init(_ first: Attachment, number: UInt64) {
        current = Mutex(State(root: first.root, tree: first.tree, number: number))
    }

    /// Shows another from now on, unless what is shown is later.
    package func swap(_ next: Attachment, number: UInt64) {
        current.withLock { state in
            guard number > state.number else { return }
            state = State(root: next.root, tree: next.tree, number: number)
        }
    }

    /// What is shown now.
    var state: State { current.withLock { $0 } }

    /// The root of whatever is shown.
    package var root: any Directory { LiveDirectory(self, state) }

    package func attach(as user: User, to name: String) throws(FileError) -> Attachment {
        guard name.isEmpty || name == "/" else { throw FileError(.notFound, name) }
        return Attachment(root: root, tree: self)
    }

    package func statfs() throws(FileError) -> Statfs { try state.tree.statfs() }
    package func name(ofUser uid: UInt32) -> [UInt8]? { state.tree.name(ofUser: uid) }
    package func name(ofGroup gid: UInt32) -> [UInt8]? { state.tree.name(ofGroup: gid) }
}
