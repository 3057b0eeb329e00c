import FileTree

/// Whoever has work that waits for disks or decoders.
protocol WorkSource: AnyObject, Sendable {
    /// Takes one piece of work out; the second value says whether there is more.
    func takeWork() -> (work: (@Sendable () -> Void)?, more: Bool)
}

/// A few threads for what would hold up a conversation.
///
/// Sources take turns, a piece of work each: one with thousands of requests does not keep another
/// from its first. Threads are started when there is work for them and stay until `stop`.
///
/// `@unchecked Sendable`: everything that changes is guarded by `monitor`. No lock of another is
/// taken while it is held.
final class Pool: @unchecked Sendable {
    private let monitor = Condition()
    private let limit: Int
    private var sources: [any WorkSource] = []
    private var first = 0
    private var threads = 0
    private var idle = 0
    private var isStopped = false

    /// Makes a pool that starts up to `limit` threads.
    init(limit: Int) { self.limit = limit }

    /// Puts a source at the end of the line: once for each time it has gone from no work to some.
    func submit(_ source: any WorkSource) throws(FileError) {
        monitor.lock()
        sources.append(source)
        let needsThread = idle == 0 && threads < limit
        if needsThread { threads += 1 }
        // Each source that is added has a thread of its own to take it: woken, new, or busy, and
        // then it looks before it waits.
        monitor.wakeOne()
        monitor.unlock()
        guard needsThread else { return }
        do throws(FileError) {
            try Worker.start { [self] in run() }
        } catch {
            monitor.lock()
            threads -= 1
            let isAlone = threads == 0
            monitor.unlock()
            // Another thread will come round to it; without one it would never be done.
            if isAlone { throw error }
        }
    }

    /// Lets the threads end once they have done what they are at.
    func stop() {
        monitor.lock()
        isStopped = true
        sources = []
        first = 0
        monitor.wake()
        monitor.unlock()
    }

    private func run() {
        while let source = next() {
            let (work, more) = source.takeWork()
            // Nothing to do about no thread here: this one goes on, and comes back to it.
            if more { try? submit(source) }
            work?()
        }
    }

    private func next() -> (any WorkSource)? {
        monitor.lock()
        defer { monitor.unlock() }
        while first == sources.count, !isStopped {
            idle += 1
            monitor.wait()
            idle -= 1
        }
        guard !isStopped else {
            threads -= 1
            return nil
        }
        let source = sources[first]
        first += 1
        if first > 64, first * 2 > sources.count {
            sources.removeFirst(first)
            first = 0
        }
        return source
    }
}
