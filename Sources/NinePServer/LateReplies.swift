import FileTree
import Glibc
import NineP
import Synchronization

/// The requests of one conversation that have to wait, and the thread that answers them.
///
/// A request is prepared by the pool and answered by a thread of the conversation's own, which
/// starts with the first one: so a peer that does not read holds no thread of others. Their state
/// is a tag's whole state: tags of what is answered at once live no longer than their batch.
///
/// Order of locks: `sending`, then `monitor`. A request is taken out of `live` while `sending` is
/// held, and stays held until its reply is gone: whoever finds a tag not live and then sends,
/// sends behind it. That is what Rflush needs.
///
/// `@unchecked Sendable`: the variables are guarded by `monitor`, `outstanding` is atomic.
final class LateReplies: WorkSource, @unchecked Sendable {
    /// What the second thread sends with.
    struct Wire: Sendable {
        let output: Int32
        let isSocket: Bool
        let counters: Counters
        let trace: (@Sendable (String) -> Void)?
        /// Takes an error that was answered, for the log.
        let complain: @Sendable (FileError) -> Void
    }

    /// Requests that wait or are being sent; as long as it is 0, one thread alone sends.
    let outstanding = Atomic<Int>(0)
    /// Held by whoever sends while requests are outstanding.
    let sending = Condition()

    let monitor = Condition()
    private let pool: Pool
    private let limits: Limits
    let wire: Wire
    var live: [UInt16: LateRequest] = [:]
    private var bytes = 0
    private var waiting: [LateRequest] = []
    var ready: [LateRequest] = []
    /// Whether the pool has this in its line: once, however often what waits comes and goes.
    private var isInLine = false
    var hasThread = false
    var isOver = false

    /// Makes an empty one.
    init(pool: Pool, limits: Limits, wire: Wire) {
        self.pool = pool
        self.limits = limits
        self.wire = wire
    }

    /// Whether a request with this tag waits.
    func isLive(_ tag: UInt16) -> Bool {
        monitor.lock()
        defer { monitor.unlock() }
        return live[tag] != nil
    }

    /// Takes a read or a write that has to wait.
    ///
    /// Errors: `.again` and `.noMemory` at the limits.
    func submit(_ request: LateRequest) throws(FileError) {
        try add(request)
        // What may never be ready takes no thread.
        if request.tellsWhenReady({ [self] in makeReady(request, $0) }) { return }
        monitor.lock()
        waiting.append(request)
        let wasInLine = isInLine
        isInLine = true
        monitor.unlock()
        if !wasInLine { try submitToPool(request) }
    }

    private func submitToPool(_ request: LateRequest) throws(FileError) {
        do throws(FileError) {
            try pool.submit(self)
        } catch {
            monitor.lock()
            waiting.removeAll { $0 === request }
            isInLine = false
            monitor.unlock()
            drop(request)
            throw error
        }
    }

    /// Takes a request that someone else will call ready.
    ///
    /// Errors: `.again` and `.noMemory` at the limits.
    func add(_ request: LateRequest) throws(FileError) {
        monitor.lock()
        defer { monitor.unlock() }
        guard live.count < limits.requests else { throw FileError(.again) }
        guard bytes + request.size <= limits.bytes else { throw FileError(.noMemory) }
        if !hasThread {
            try Worker.start { [self] in run() }
            hasThread = true
        }
        live[request.tag] = request
        bytes += request.size
        outstanding.add(1, ordering: .sequentiallyConsistent)
    }

    /// Forgets a request that was added, without an answer.
    func drop(_ request: LateRequest) {
        monitor.lock()
        defer { monitor.unlock() }
        if case .over = request.state { return }
        request.state = .over
        live[request.tag] = nil
        finish(request)
    }

    /// Has a request answered, with an error or as it asked.
    ///
    /// Returns false when nobody waits for it any more.
    @discardableResult
    func makeReady(_ request: LateRequest, _ error: FileError?) -> Bool {
        monitor.lock()
        defer { monitor.unlock() }
        if case .over = request.state { return false }
        request.state = .ready(error)
        ready.append(request)
        monitor.wake()
        return true
    }

    /// Sees to it that a tag's request is answered already, or never will be.
    func flush(_ tag: UInt16) {
        monitor.lock()
        let request = live.removeValue(forKey: tag)
        if let request {
            // Else those that come and are flushed while the pool is busy would pile up.
            if case .waiting = request.state { waiting.removeAll { $0 === request } }
            request.state = .over
            finish(request)
        }
        monitor.unlock()
        request?.cancellation.cancel()
    }

    /// Sees to it that no request that came before is answered from now on.
    func abortAll() {
        // Whoever has this is not in the middle of a reply.
        sending.lock()
        defer { sending.unlock() }
        monitor.lock()
        let requests = Array(live.values)
        live = [:]
        waiting = []
        ready = []
        for request in requests {
            request.state = .over
            finish(request)
        }
        monitor.unlock()
        for request in requests { request.cancellation.cancel() }
    }

    /// Waits until all have been answered; false when that is not so at `deadline`.
    func wait(until deadline: timespec) -> Bool {
        monitor.lock()
        defer { monitor.unlock() }
        while outstanding.load(ordering: .sequentiallyConsistent) > 0 {
            if !monitor.wait(until: deadline) { return false }
        }
        return true
    }

    /// Ends the second thread, and returns when it is gone.
    func end() {
        abortAll()
        monitor.lock()
        isOver = true
        monitor.wake()
        while hasThread { monitor.wait() }
        monitor.unlock()
    }

    /// Takes the next request that waits, for a thread of the pool.
    func takeWork() -> (work: (@Sendable () -> Void)?, more: Bool) {
        monitor.lock()
        defer { monitor.unlock() }
        while !waiting.isEmpty {
            let request = waiting.removeFirst()
            guard case .waiting = request.state else { continue }
            request.state = .running
            let work: @Sendable () -> Void = { [self] in
                var failure: FileError?
                do throws(FileError) {
                    try request.prepare()
                } catch {
                    failure = error
                }
                makeReady(request, failure)
            }
            isInLine = !waiting.isEmpty
            return (work, isInLine)
        }
        isInLine = false
        return (nil, false)
    }

    /// Subtracts a request from the sums; the monitor is held.
    func finish(_ request: LateRequest) {
        bytes -= request.size
        let left = outstanding.subtract(1, ordering: .sequentiallyConsistent).newValue
        if left == 0 { monitor.wake() }
    }
}
