import FileTree
import Glibc
import NineP
import Synchronization

/// One conversation: its descriptors, its thread, and what others may ask of it meanwhile.
final class Connection: Sendable {
    let server: Server
    let peer: Peer
    /// Where it came from, for the log.
    let name: String
    let late: LateReplies
    let input: Int32
    let output: Int32
    let isSocket: Bool
    /// Milliseconds within which a version has to be agreed on; nil for whatever it takes.
    private let silence: Int?
    /// What this thread, and what the one for late replies, has done.
    let counters = Counters()
    private let lateCounters: Counters
    /// Fids, as of the last batch.
    let fidCount = Atomic<Int>(0)
    private let isReading = Atomic<Bool>(false)
    private let end = Mutex(End())

    /// How a conversation is to end, and whether it has.
    private struct End {
        var deadline: timespec?
        /// The descriptors may be closed by now, and their numbers another's.
        var isOver = false
    }

    init(
        server: Server,
        input: Int32,
        output: Int32,
        peer: Peer,
        name: String,
        silence: Int? = nil
    ) {
        self.server = server
        self.silence = silence
        self.input = input
        self.output = output
        self.peer = peer
        self.name = name
        isSocket = Socket.kind(input) == .connected && Socket.kind(output) == .connected
        let lateCounters = Counters()
        self.lateCounters = lateCounters
        let wire = LateReplies.Wire(
            output: output,
            isSocket: isSocket,
            counters: lateCounters,
            trace: server.configuration.trace,
            complain: { [complaints = server.complaints] in
                Self.complain($0, of: name, to: complaints)
            }
        )
        late = LateReplies(pool: server.pool, limits: server.configuration.limits, wire: wire)
    }

    /// Holds the conversation until it is over.
    func run() {
        var session = Session(self)
        var input = Input(descriptor: input, isSocket: isSocket)
        let deadline = silence.map {
            monotonicNanoseconds() &+ UInt64(max(0, $0)) &* 1_000_000
        }
        conversation: while true {
            isReading.store(true, ordering: .relaxed)
            guard input.fill(until: session.dialect == nil ? deadline : nil) else { break }
            isReading.store(false, ordering: .relaxed)
            let start = monotonicNanoseconds()
            do throws(FileError) {
                while let message = try input.next(limit: session.messageSize) {
                    counters.count(message.typeByte)
                    try session.handle(message)
                    if session.output.isFull { session.send() }
                }
            } catch {
                server.countMalformed()
                server.complaints.log("\(name): conversation ended: \(error)")
                session.send()
                break conversation
            }
            counters.endBatch(nanoseconds: monotonicNanoseconds() &- start)
            counters.setCalls(receives: input.calls, sends: session.output.calls)
            fidCount.store(session.fids.count, ordering: .relaxed)
            session.send()
            if session.output.isBroken { break }
        }
        // A peer that only closed its sending side still gets what it waits for.
        _ = late.wait(until: end.withLock { $0.deadline } ?? .after(milliseconds: 1000))
        late.end()
        session.end()
        counters.setCalls(receives: input.calls, sends: session.output.calls)
        end.withLock { $0.isOver = true }
        if isSocket { shutdown(output, Int32(SHUT_RDWR)) }
    }

    /// Has the conversation end once what was received is answered.
    func drain(until deadline: timespec) {
        end.withLock { end in
            end.deadline = deadline
            if isSocket, !end.isOver { shutdown(input, Int32(SHUT_RD)) }
        }
    }

    /// Ends the conversation wherever it is.
    func breakOff() {
        end.withLock { end in
            if isSocket, !end.isOver { shutdown(input, Int32(SHUT_RDWR)) }
        }
    }

    /// Tells a peer that comes in vain why, as the answer to the Tversion it will have sent.
    static func refuse(_ socket: Int32, _ error: FileError) {
        var output = Output(descriptor: socket, isSocket: true)
        output.reserve(messageSize: Session.firstMessageSize)
        output.put(error, tag: NineP.Wire.noTag, .plain)
        output.send()
        shutdown(socket, Int32(SHUT_WR))
    }

    /// Logs an error that was answered, if it is a disk's or another server's doing and not the
    /// client's.
    func complain(_ error: FileError) { Self.complain(error, of: name, to: server.complaints) }

    private static func complain(_ error: FileError, of name: String, to complaints: Complaints) {
        let isFault = error.kind == .inputOutput || error.kind == .malformed
        guard isFault, error.context != nil else { return }
        complaints.log("\(name): \(error)")
    }

    /// Whether nothing is under way on a pipe, which nobody can be woken from.
    var isIdlePipe: Bool {
        !isSocket && isReading.load(ordering: .relaxed)
            && late.outstanding.load(ordering: .relaxed) == 0
    }

    /// Adds what there is now to a sum.
    func add(to sum: inout Statistics) {
        addPast(to: &sum)
        sum.fids += fidCount.load(ordering: .relaxed)
        sum.waiting += late.outstanding.load(ordering: .relaxed)
    }

    /// Adds what stays when the conversation is over to a sum.
    func addPast(to sum: inout Statistics) {
        counters.add(to: &sum)
        lateCounters.add(to: &sum)
    }
}
