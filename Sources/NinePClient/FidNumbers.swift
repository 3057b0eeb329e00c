internal import Synchronization

/// The numbers of the fids that a client has told its server of.
final class FidNumbers: Sendable {
    private let state = Mutex(State())

    private struct State {
        var free: [UInt32] = []
        var next: UInt32 = 0
        /// Those of which nobody knows whether the server has them: never to be given again.
        var doubtful: Set<UInt32> = []
    }

    /// A number that the server does not know.
    func take() -> UInt32 {
        state.withLock { state in
            if let number = state.free.popLast() { return number }
            defer { state.next &+= 1 }
            return state.next
        }
    }

    /// Takes a number back that the server does not know, or not any more.
    func giveBack(_ number: UInt32) {
        state.withLock { state in
            if state.doubtful.remove(number) == nil { state.free.append(number) }
        }
    }

    /// Notes that a request for this fid was given up: when it is given back it is not used again,
    /// for the server may have it by then.
    func doubt(_ number: UInt32) { state.withLock { _ = $0.doubtful.insert(number) } }
}
