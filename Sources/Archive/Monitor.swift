import FileTree

/// A state behind a lock, and a way to wait until another thread has changed it.
///
/// `@unchecked Sendable`: the state is used while the condition is locked alone.
final class Monitor<State>: @unchecked Sendable {
    private let condition = Condition()
    private var state: State

    /// The lock as held, so that `notify` can be called nowhere else.
    struct Held {
        fileprivate let condition: Condition

        /// Wakes one thread that waits: where it does not matter which.
        func notifyOne() { condition.wakeOne() }

        /// Wakes every thread that waits.
        func notify() { condition.wake() }
    }

    init(_ state: State) { self.state = state }

    func withLock<R, E: Error>(_ body: (inout State, Held) throws(E) -> R) throws(E) -> R {
        condition.lock()
        defer { condition.unlock() }
        return try body(&state, Held(condition: condition))
    }

    /// Runs `body` under the lock, again whenever another thread has notified, until it gives a
    /// result.
    ///
    /// Each run ends before the wait begins: while `body` has the state nobody else changes it,
    /// and the optimizer counts on that.
    func wait<R>(until body: (inout State) -> R?) -> R {
        condition.lock()
        defer { condition.unlock() }
        while true {
            if let result = body(&state) { return result }
            condition.wait()
        }
    }
}
