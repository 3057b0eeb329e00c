internal import FileTree
internal import Glibc
internal import NineP
internal import Synchronization

/// Many requests of one conversation under way at a time.
///
/// Whoever asks sends, and sleeps until a thread of the exchange has received the reply. Nothing is
/// locked meanwhile: a slow reply holds up who waits for it and nobody else. No wait is longer than
/// the exchange's patience; a request that is given up is flushed, and its tag is not used again
/// before the server has answered that. A server that let one wait pass, and has not said a word
/// since, is given a tenth of the patience.
///
/// Order of locks: a request's, then `outgoing`, then `state`.
final class Exchange: Sendable {
    private let ends: Ends
    private let dialect: Dialect
    private let patience: Int
    private let outgoing: Mutex<Outgoing>
    private let requests: [PendingRequest]
    private let state: Mutex<State>
    /// Woken when a tag is free.
    private let freed = Condition()
    private let isSilent = Atomic(false)
    private let fids: FidNumbers

    /// Requests that may be under way at a time.
    static let limit = 256

    private struct State {
        var free: [UInt16]
        var failure: FileError?
        /// Fids for whose Tclunk no tag was free.
        var unclunked: [Unclunked] = []
    }

    /// A fid that the server is to forget.
    private struct Unclunked {
        let fid: UInt32
        /// Nobody knows whether the server has it: its number is not used again.
        var isDoubtful = false
    }

    /// Takes a conversation over whose version has been agreed on.
    init(_ conversation: consuming Conversation, patience: Int, _ fids: FidNumbers)
        throws(FileError)
    {
        self.fids = fids
        ends = conversation.ends
        ends.limitWaits(receive: 0, send: patience)
        dialect = conversation.dialect
        self.patience = patience
        requests = (0..<UInt16(Self.limit)).map { PendingRequest(tag: $0) }
        state = Mutex(State(free: requests.map(\.tag).reversed()))
        outgoing = Mutex(conversation.outgoing)
        let incoming = Once(conversation.incoming)
        try Worker.start { [self] in
            if let incoming = incoming.take() { receive(incoming) }
        }
    }

    /// Why no request is answered any more; nil while they are.
    var failure: FileError? { state.withLock { $0.failure } }

    /// Ends the conversation, and with it the exchange's thread.
    func close() { ends.shutDown() }

    /// Sends a request.
    ///
    /// Errors: why there is no conversation any more; `.again` when too many wait.
    func start(
        _ message: some Message,
        newFid: UInt32? = nil
    ) throws(FileError) -> PendingRequest {
        sendClunks()
        let request = try take(until: .after(milliseconds: wait))
        request.begin(.waiting, newFid: newFid)
        do throws(FileError) {
            try send(message, request)
        } catch {
            // What does not fit into a message was not sent; anything else ends the conversation.
            guard error.kind == .range else {
                fail(error)
                throw error
            }
            free(request)
            throw error
        }
        return request
    }

    /// Waits for the reply to a request, and shows it to `body`.
    ///
    /// Errors: `.interrupted` when `cancellation` fired, `.inputOutput` when there was no reply in
    /// time or the conversation has ended.
    func finish<Answer>(
        _ request: PendingRequest,
        until cancellation: Cancellation? = nil,
        _ body: (Frame) throws(FileError) -> Answer
    ) throws(FileError) -> Answer {
        cancellation?.onCancel { [weak request] in request?.wake() }
        let deadline = timespec.after(milliseconds: wait)
        switch request.wait(until: deadline, cancellation, failure: { failure }) {
        case .reply(let bytes):
            free(request)
            // The reader has seen that the size is the frame's own.
            return try bytes.span.bytes.withUnsafeBytes { (bytes) throws(FileError) in
                guard let frame = try Frame.first(in: bytes, limit: bytes.count) else {
                    throw FileError(.inputOutput)
                }
                return try body(frame)
            }
        case .failed(let error):
            request.withNewFid { fids.doubt($0) }
            throw error
        case .cancelled:
            request.withNewFid { fids.doubt($0) }
            flush(request)
            throw FileError(.interrupted)
        case .late:
            isSilent.store(true, ordering: .relaxed)
            request.withNewFid { fids.doubt($0) }
            flush(request)
            throw FileError(.inputOutput, "no answer in time")
        }
    }

    /// Gives a request up for whose reply nobody waits; if it makes a fid, that number is not used
    /// again.
    func giveUp(_ request: PendingRequest) {
        if case .inVain(let newFid, _)? = request.giveUp() {
            drop(newFid)
            free(request)
        } else {
            flush(request)
        }
    }

    /// Has a fid clunked, by whoever sends next, that the server may have and nobody here.
    private func drop(_ fid: UInt32?) {
        guard let fid else { return }
        state.withLock { $0.unclunked.append(Unclunked(fid: fid, isDoubtful: true)) }
    }

    /// Has the server forget a fid, without waiting for it; then its number is free again.
    func clunk(_ fid: UInt32) {
        state.withLock { $0.unclunked.append(Unclunked(fid: fid)) }
        sendClunks()
    }

    private var wait: Int {
        isSilent.load(ordering: .relaxed) ? max(1, patience / 10) : patience
    }

    /// Sends what Tclunks there are tags for.
    private func sendClunks() {
        while true {
            let next = state.withLock { state -> (Unclunked, UInt16)? in
                // Half of the tags are kept for what somebody waits for.
                guard state.failure == nil, state.free.count > Self.limit / 2,
                    let next = state.unclunked.popLast(), let tag = state.free.popLast()
                else { return nil }
                return (next, tag)
            }
            guard let (next, tag) = next else { return }
            let request = requests[Int(tag)]
            request.begin(
                .answeredTo { [fids] in
                    if !next.isDoubtful { fids.giveBack(next.fid) }
                }
            )
            do throws(FileError) { try send(Tclunk(fid: next.fid), request) } catch {
                return fail(error)
            }
        }
    }

    /// Tells the server that a request was given up.
    private func flush(_ request: PendingRequest) {
        let tag = state.withLock { $0.failure == nil ? $0.free.popLast() : nil }
        // Without a tag for it the request's own is free once it is answered after all.
        guard let tag else { return }
        let flush = requests[Int(tag)]
        guard request.beginFlush() else { return free(flush) }
        flush.begin(.answeredTo { [weak self] in self?.settleFlush(of: request) })
        do throws(FileError) { try send(Tflush(oldTag: request.tag), flush) } catch { fail(error) }
    }

    private func settleFlush(of request: PendingRequest) {
        request.endFlush()
        free(request)
    }

    private func send(_ message: some Message, _ request: PendingRequest) throws(FileError) {
        try outgoing.withLock { (outgoing) throws(FileError) in
            try outgoing.queue(message, tag: request.tag)
            try outgoing.flush()
        }
    }

    private func take(until deadline: timespec) throws(FileError) -> PendingRequest {
        while true {
            let (tag, failure) = state.withLock { state in
                (state.failure == nil ? state.free.popLast() : nil, state.failure)
            }
            if let failure { throw failure }
            if let tag { return requests[Int(tag)] }
            freed.lock()
            let isFree = state.withLock { !$0.free.isEmpty || $0.failure != nil }
            let isLate = !isFree && !freed.wait(until: deadline)
            freed.unlock()
            if isLate { throw FileError(.inputOutput, "\(Self.limit) requests wait for answers") }
        }
    }

    private func free(_ request: PendingRequest) {
        freed.lock()
        state.withLock { $0.free.append(request.tag) }
        freed.wake()
        freed.unlock()
    }

    /// Ends the conversation: everyone who waits is told why.
    private func fail(_ error: FileError) {
        let isFirst = state.withLock { state in
            defer { state.failure = state.failure ?? error }
            return state.failure == nil
        }
        guard isFirst else { return }
        ends.shutDown()
        for request in requests { request.wake() }
        freed.lock()
        freed.wake()
        freed.unlock()
    }

    private func receive(_ incoming: consuming Incoming) {
        do throws(FileError) {
            while true {
                let frame = try incoming.receive()
                isSilent.store(false, ordering: .relaxed)
                guard frame.tag < Self.limit else { throw Client.unexpected(frame, dialect) }
                let request = requests[Int(frame.tag)]
                switch request.take(frame) {
                case .taken: break
                case .unexpected: throw Client.unexpected(frame, dialect)
                case .answered(let then):
                    then()
                    free(request)
                case .inVain(let newFid, let isFree):
                    drop(newFid)
                    if isFree { free(request) }
                }
            }
        } catch {
            fail(error)
        }
    }
}

/// Something that is taken out once.
private final class Once: Sendable {
    private let value: Mutex<Incoming?>

    init(_ value: consuming Incoming) { self.value = Mutex(value) }

    func take() -> Incoming? { value.withLock { $0.take() } }
}
