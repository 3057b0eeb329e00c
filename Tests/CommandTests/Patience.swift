import Glibc
import Testing

/// How long a test waits for a process that may never say or do what is waited for: a stuck one
/// fails its own test, and does not keep all others from their end.
enum Patience {
    /// Far more than anything takes on a busy machine.
    static let seconds = 300

    /// Waits until there is something to read or all other ends are closed, and tells which as
    /// poll(2) does; nil, and a failure, when it takes too long.
    static func waits(for descriptor: Int32) -> Int32? {
        var waited = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        var count: Int32 = 0
        repeat {
            count = poll(&waited, 1, Int32(seconds) * 1000)
        } while count < 0 && errno == EINTR
        guard count > 0 else {
            Issue.record("nothing came for \(seconds) s")
            return nil
        }
        return Int32(waited.revents)
    }
}
