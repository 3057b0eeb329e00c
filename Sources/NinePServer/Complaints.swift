import Synchronization

/// Lines of the log that peers can bring about as often as they like: so many a second, and then
/// how many there were besides.
package final class Complaints: Sendable {
    /// Lines a second.
    static let limit = 10

    private let write: @Sendable (String) -> Void
    private let clock: @Sendable () -> UInt64
    private let state = Mutex(State())

    private struct State {
        var second: UInt64 = 0
        var written = 0
        var kept: UInt64 = 0
    }

    /// Writes to `write`; `clock` tells nanoseconds, and goes only forward.
    package init(
        to write: @escaping @Sendable (String) -> Void,
        clock: @escaping @Sendable () -> UInt64 = { monotonicNanoseconds() }
    ) {
        self.write = write
        self.clock = clock
    }

    /// Writes a line, or counts it.
    package func log(_ line: @autoclosure () -> String) {
        let second = clock() / 1_000_000_000
        let (isWritten, kept) = state.withLock { state -> (Bool, UInt64) in
            if second != state.second {
                state.second = second
                state.written = 0
            }
            guard state.written < Self.limit else {
                state.kept &+= 1
                return (false, 0)
            }
            state.written += 1
            defer { state.kept = 0 }
            return (true, state.kept)
        }
        guard isWritten else { return }
        if kept > 0 { write("\(kept) more such lines were left out") }
        write(line())
    }
}
