import FileTree
import Synchronization

/// The trees that go with what an environment shows, one for each kind of view that is used.
final class LiveViews<Key: Sendable & Hashable, State: Sendable>: Sendable {
    /// What a view shows of a state.
    typealias Show = @Sendable (State) throws(FileError) -> Attachment

    private let trees = Mutex<[Key: Held]>([:])
    private let number: @Sendable (State) -> UInt64

    /// A tree goes with the last who sees it.
    private struct Held: Sendable {
        weak var tree: LiveTree?
        var show: Show
    }

    /// Makes none yet; of two states the later has the higher number.
    init(_ number: @escaping @Sendable (State) -> UInt64) { self.number = number }

    /// The tree of that key; `now` says what is shown, whenever it is asked.
    ///
    /// Errors: those of `show`.
    func tree(_ key: Key, _ now: () -> State, _ show: @escaping Show) throws(FileError) -> LiveTree
    {
        if let known = trees.withLock({ $0[key]?.tree }) { return known }
        let state = now()
        let made = LiveTree(try show(state), number: number(state))
        let tree = trees.withLock { trees in
            if let known = trees[key]?.tree { return known }
            if trees.count >= tidied { trees = trees.filter { $0.value.tree != nil } }
            trees[key] = Held(tree: made, show: show)
            return made
        }
        // What became current before the tree was known to whoever swaps.
        let later = now()
        if number(later) > number(state) { tree.swap(try show(later), number: number(later)) }
        return tree
    }

    /// Shows a state in all trees; what cannot show it stays what it was, and `complain` is told
    /// why: a package that it is a view of is gone, or a folder that is seen in it.
    func swap(_ next: State, _ complain: (FileError) -> Void) {
        for held in trees.withLock({ Array($0.values) }) {
            guard let tree = held.tree else { continue }
            do throws(FileError) {
                tree.swap(try held.show(next), number: number(next))
            } catch {
                complain(error)
            }
        }
    }

    /// From so many on those that nobody sees any more are let go of.
    private var tidied: Int { 64 }
}
