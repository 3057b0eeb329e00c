import FileTree
import Synchronization

/// Requests that wait for something, and that the kernel may give up.
final class Waiting: Sendable {
    /// The most that came before what they are about.
    private static var mostEarly: Int { 256 }

    private struct State {
        var requests: [UInt64: Cancellation] = [:]
        /// Interrupted on one thread before another had read what is interrupted, or after it was
        /// answered: numbers are not used twice, so that the latter do no harm.
        var early: [UInt64] = []
    }

    private let state = Mutex(State())

    /// Has a request given up once an interrupt comes, or at once when it has.
    func add(_ unique: UInt64, _ cancellation: Cancellation) {
        let isLate = state.withLock { state in
            if let place = state.early.firstIndex(of: unique) {
                state.early.remove(at: place)
                return true
            }
            state.requests[unique] = cancellation
            return false
        }
        if isLate { cancellation.cancel() }
    }

    /// Takes a request out.
    func remove(_ unique: UInt64) { state.withLock { _ = $0.requests.removeValue(forKey: unique) } }

    /// Gives a request up.
    func interrupt(_ unique: UInt64) {
        let cancellation = state.withLock { state -> Cancellation? in
            if let found = state.requests[unique] { return found }
            if state.early.count == Self.mostEarly { state.early.removeFirst() }
            state.early.append(unique)
            return nil
        }
        cancellation?.cancel()
    }

    /// Gives all up: the mount is gone.
    func interruptAll() {
        let all = state.withLock { Array($0.requests.values) }
        for cancellation in all { cancellation.cancel() }
    }
}

extension Conversation {
    /// Gives up a request that waits: `unique[8]`; never answered itself.
    func interrupt(_ request: Request) -> Outcome {
        waiting.interrupt(request.u64(0))
        return .unanswered
    }
}
