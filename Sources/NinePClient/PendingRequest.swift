internal import FileTree
internal import Glibc
internal import NineP

/// What has become of one tag of an exchange.
///
/// `@unchecked Sendable`: everything that changes is guarded by `monitor`.
final class PendingRequest: @unchecked Sendable {
    /// How far it has come.
    enum Phase {
        case free
        /// Somebody waits for the reply.
        case waiting
        /// The reply is here.
        case answered([UInt8])
        /// Nobody waits for the reply, which is for the exchange alone.
        case answeredTo(@Sendable () -> Void)
        /// Given up; the server may answer it yet.
        case givenUp
        /// Given up, and answered before the Tflush for it was.
        case answeredInVain
    }

    /// What a wait came to.
    enum Outcome {
        case reply([UInt8])
        case failed(FileError)
        case cancelled
        case late
    }

    /// What the reader has to do about a reply.
    enum Arrival {
        case taken
        case unexpected
        /// It was awaited by the exchange alone; the tag is free afterwards.
        case answered(@Sendable () -> Void)
        /// Nobody wants it; the fid is one that the server has, and nobody here. The tag may be
        /// free only once the Tflush is answered.
        case inVain(newFid: UInt32?, isFree: Bool)
    }

    let tag: UInt16
    private let monitor = Condition()
    private var phase = Phase.free
    private var newFid: UInt32?
    private var isFlushed = false

    init(tag: UInt16) { self.tag = tag }

    func begin(_ phase: Phase, newFid: UInt32? = nil) {
        monitor.lock()
        defer { monitor.unlock() }
        self.phase = phase
        self.newFid = newFid
        isFlushed = false
    }

    func wake() {
        monitor.lock()
        monitor.wake()
        monitor.unlock()
    }

    /// Shows the fid that the server learns by the request, if any.
    func withNewFid(_ body: (UInt32) -> Void) {
        monitor.lock()
        let fid = newFid
        monitor.unlock()
        if let fid { body(fid) }
    }

    /// Waits for the reply; given up when there is none.
    func wait(
        until deadline: timespec,
        _ cancellation: Cancellation?,
        failure: () -> FileError?
    ) -> Outcome {
        monitor.lock()
        defer { monitor.unlock() }
        var isLate = false
        while true {
            if case .answered(let bytes) = phase {
                phase = .free
                return .reply(bytes)
            }
            if let failure = failure() {
                phase = .givenUp
                return .failed(failure)
            }
            if cancellation?.isCancelled == true {
                phase = .givenUp
                return .cancelled
            }
            if isLate {
                phase = .givenUp
                return .late
            }
            isLate = !monitor.wait(until: deadline)
        }
    }

    /// Gives it up that nobody waits for; nil when the server has not answered yet.
    func giveUp() -> Arrival? {
        monitor.lock()
        defer { monitor.unlock() }
        guard case .answered(let bytes) = phase else {
            phase = .givenUp
            return nil
        }
        phase = .free
        let type = bytes.count > 4 ? MessageType(rawValue: bytes[4]) : nil
        let isMade = type != .rerror && type != .rlerror
        return .inVain(newFid: isMade ? newFid : nil, isFree: true)
    }

    /// Notes that a Tflush is about to be sent; false when there is no need for one any more.
    func beginFlush() -> Bool {
        monitor.lock()
        defer { monitor.unlock() }
        guard case .givenUp = phase else { return false }
        isFlushed = true
        return true
    }

    func endFlush() {
        monitor.lock()
        defer { monitor.unlock() }
        phase = .free
    }

    /// Takes the reply.
    func take(_ frame: Frame) -> Arrival {
        monitor.lock()
        defer { monitor.unlock() }
        switch phase {
        case .waiting:
            phase = .answered(Array(frame.bytes))
            monitor.wake()
            return .taken
        case .answeredTo(let then):
            phase = .free
            return .answered(then)
        case .givenUp:
            let isMade = frame.type != .rerror && frame.type != .rlerror
            let fid = isMade ? newFid : nil
            phase = isFlushed ? .answeredInVain : .free
            return .inVain(newFid: fid, isFree: !isFlushed)
        case .free, .answered, .answeredInVain:
            return .unexpected
        }
    }
}
