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
    /// Held while a request that no thread waits for is answered: nobody closes a descriptor then.
    ///
    /// It is taken before `state`.
    private let answering = Mutex(())

    /// Has a request given up once an interrupt comes, or at once when it has.
    func add(_ unique: UInt64, _ cancellation: Cancellation) {
        let isLate = state.withLock { state in
            state.requests[unique] = cancellation
            guard let place = state.early.firstIndex(of: unique) else { return false }
            state.early.remove(at: place)
            return true
        }
        if isLate { cancellation.cancel() }
    }

    /// Takes a request out.
    func remove(_ unique: UInt64) { state.withLock { _ = $0.requests.removeValue(forKey: unique) } }

    /// Takes a request out and answers it, unless it was given up with the mount.
    func answer(_ unique: UInt64, _ body: () -> Void) {
        answering.withLock { _ in
            guard state.withLock({ $0.requests.removeValue(forKey: unique) }) != nil else { return }
            body()
        }
    }

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

    /// Gives all up, as the mount is gone.
    ///
    /// When it returns nobody answers one of them any more.
    func interruptAll() {
        let all = state.withLock { Array($0.requests.values) }
        for cancellation in all { cancellation.cancel() }
        answering.withLock { _ in state.withLock { $0.requests = [:] } }
    }
}

extension Conversation {
    /// Gives up a request that waits: `unique[8]`; never answered itself.
    func interrupt(_ request: Request) -> Outcome {
        waiting.interrupt(request.u64(0))
        return .unanswered
    }
}
