import FileTree
import Synchronization

/// Counts those who are changing the bytes of files, for whoever has to wait until there are none.
final class WriterCount: Sendable {
    private let count = Atomic<Int>(0)
    private let waiting = Atomic<Int>(0)
    private let monitor = Condition()

    /// Counts one more.
    func begin() { count.add(1, ordering: .sequentiallyConsistent) }

    /// Counts one less.
    func end() {
        let left = count.subtract(1, ordering: .sequentiallyConsistent).newValue
        guard left == 0, waiting.load(ordering: .sequentiallyConsistent) > 0 else { return }
        monitor.lock()
        monitor.wake()
        monitor.unlock()
    }

    /// Returns once there are none; those who begin from now on may be waited for, too.
    func awaitNone() {
        monitor.lock()
        waiting.add(1, ordering: .sequentiallyConsistent)
        while count.load(ordering: .sequentiallyConsistent) > 0 { monitor.wait() }
        waiting.subtract(1, ordering: .sequentiallyConsistent)
        monitor.unlock()
    }
}
