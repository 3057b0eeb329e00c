package import FileTree
import Synchronization

/// A tree that others take the place of while it is used: what is walked to stays what it was,
/// what is looked up is looked up in the newest.
///
/// Between two states there is one store of a pointer: a walk of several names, and a listing from
/// its start to its end, see one state alone.
package final class LiveTree: Tree {
    private let current: Mutex<State>
    /// The states before, the latest last, for listings that were begun in them.
    private let before = Mutex<[State]>([])
    private static let beforeLimit = 4
    private let listeners = Mutex<[@Sendable (LiveChange) -> Void]>([])

    /// One state of the tree.
    struct State: Sendable {
        var root: any Directory
        var tree: any Tree
        /// Counts up with every state.
        var number: UInt64

        /// What the upper half of a listing's positions is in the state of a number.
        ///
        /// No two of those that are kept have the same one; its bits are spread, for a position on a
        /// real disk may have as many, and shall not look like one of these.
        static func mark(_ number: UInt64) -> UInt64 {
            (number &* 0x9E37_79B1 & 0x3fff_ffff) << 32
        }

        /// The directory at a path; nil where it has none.
        ///
        /// Errors: those of looking names up, but that there is nothing.
        func directory(at path: [[UInt8]]) throws(FileError) -> (any Directory)? {
            var found = root
            for name in path {
                do throws(FileError) {
                    guard let next = try found.lookup(name.span.bytes).directory else { return nil }
                    found = next
                } catch {
                    if error.kind == .notFound { return nil }
                    throw error
                }
            }
            return found
        }
    }

    /// Makes a tree that shows an attachment, the state of that number.
    package init(_ first: Attachment, number: UInt64) {
        current = Mutex(State(root: first.root, tree: first.tree, number: number))
    }

    /// Shows another from now on, unless what is shown is later.
    package func swap(_ next: Attachment, number: UInt64) {
        let next = State(root: next.root, tree: next.tree, number: number)
        let old = current.withLock { state -> State? in
            guard number > state.number else { return nil }
            let old = state
            state = next
            before.withLock { before in
                before.append(old)
                if before.count > Self.beforeLimit { before.removeFirst() }
            }
            return old
        }
        guard let old else { return }
        for listener in listeners.withLock({ $0 }) { listener(LiveChange(from: old, to: next)) }
    }

    /// Calls `body` after each swap, before `swap` returns.
    package func onSwap(_ body: @escaping @Sendable (LiveChange) -> Void) {
        listeners.withLock { $0.append(body) }
    }

    /// What is shown now.
    var state: State { current.withLock { $0 } }

    /// The state in which a listing was begun that has come to `cookie`; nil when the cookie names
    /// none, or one that is long gone.
    func state(listedTo cookie: UInt64) -> State? {
        guard cookie > UInt64(UInt32.max) else { return nil }
        let mark = cookie & ~UInt64(UInt32.max)
        let now = state
        if State.mark(now.number) == mark { return now }
        return before.withLock { $0.last { State.mark($0.number) == mark } }
    }

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
