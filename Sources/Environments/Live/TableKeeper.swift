import FileTree
import Synchronization
import UnionTree

/// Keeps the tables of trees for the next who shows them, while they are used already.
///
/// One that is not written when the process ends is made again by whoever needs it.
final class TableKeeper: Sendable {
    private struct State {
        var waiting: [UnionTree] = []
        var isRunning = false
    }

    private let state = Mutex(State())
    /// More at once are not kept: they are states that follow one another fast.
    private static let limit = 4

    /// Has the table of a tree kept, if it was made for it.
    func keep(_ tree: UnionTree) {
        guard tree.hasNewTable else { return }
        let isFirst = state.withLock { state in
            guard state.waiting.count < Self.limit else { return false }
            state.waiting.append(tree)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        guard isFirst else { return }
        do throws(FileError) {
            try Worker.start { [self] in run() }
        } catch {
            // Without a thread it is done here.
            run()
        }
    }

    private func run() {
        while let next = next() { next.keepTable() }
    }

    private func next() -> UnionTree? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.isRunning = false
                return nil
            }
            return state.waiting.removeFirst()
        }
    }
}
