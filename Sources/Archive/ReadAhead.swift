import FileTree
import Glibc

/// A few threads that decode what will be asked for next, each started when there is work for it.
final class ReadAhead: Sendable {
    private struct State {
        var wishes: [@Sendable () -> Void] = []
        var threads = 0
        var idle = 0
        var isStopped = false
    }

    /// More wishes than this are not waited for: whoever asks decodes.
    private static let limit = 16
    /// With more threads than processors one frame only holds up another.
    private static let threadLimit = min(4, max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    private let state = Monitor(State())

    func add(_ wish: @escaping @Sendable () -> Void) {
        let needsThread = state.withLock { state, held in
            guard state.wishes.count < Self.limit else { return false }
            state.wishes.append(wish)
            if state.idle >= state.wishes.count {
                held.notifyOne()
                return false
            }
            guard state.threads < Self.threadLimit else { return false }
            state.threads += 1
            return true
        }
        guard needsThread else { return }
        do throws(FileError) {
            try Worker.start { [state] in Self.work(state) }
        } catch {
            // Less is read ahead; all is still read when it is asked for.
            state.withLock { state, _ in state.threads -= 1 }
        }
    }

    func stop() {
        state.withLock { state, held in
            state.isStopped = true
            state.wishes = []
            held.notify()
        }
    }

    private static func work(_ state: Monitor<State>) {
        state.withLock { state, _ in state.idle += 1 }
        while true {
            let wish = state.wait { state -> (@Sendable () -> Void)?? in
                if state.wishes.isEmpty { return state.isStopped ? .some(nil) : nil }
                state.idle -= 1
                return state.wishes.removeFirst()
            }
            guard let wish else { return }
            wish()
            state.withLock { state, _ in state.idle += 1 }
        }
    }
}
