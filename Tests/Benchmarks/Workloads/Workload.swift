import FileTree
import NineP
import NinePClient

/// What a load generator asks, over and over, in several slots at once.
///
/// An operation is a row of requests, each sent when the one before has been answered. A slot's
/// number is its tag, and 100 more is its fid.
protocol Workload {
    /// Sends the first request of an operation.
    mutating func start(_ slot: Int, _ talk: inout Conversation) throws(FileError)

    /// Takes a reply and sends the next request; true when the operation is over.
    mutating func reply(
        _ slot: Int,
        _ frame: Frame,
        _ talk: inout Conversation
    ) throws(FileError) -> Bool

    /// Bytes of files received so far.
    var bytes: Int { get }
}

extension Workload {
    var bytes: Int { 0 }

    /// The fid of a slot.
    func fid(_ slot: Int) -> UInt32 { UInt32(100 + slot) }
}

/// How fast a workload went.
struct Sample {
    var operations: Int
    var bytes: Int
    var seconds: Double
    /// Of the server, in seconds.
    var processor: Double

    /// Operations a second.
    var rate: Double { Double(operations) / seconds }
}

/// Runs a workload at a depth for some time; at depth 1 with both ends on one processor, unless
/// they are to be left where the scheduler puts them.
func measure(
    _ work: inout some Workload,
    depth: Int,
    seconds: Double,
    spread: Bool,
    _ server: borrowing RunningServer,
    _ talk: inout Conversation
) throws(FileError) -> Sample {
    let own = Processors.own
    if depth == 1 && !spread { try server.hold(on: own.last) }
    let begin = now()
    let sample = try measure(&work, depth: depth, server, &talk) { _ in now() - begin < seconds }
    if depth == 1 && !spread { try server.hold(on: own) }
    return sample
}

/// Runs a workload at a depth for as long as `wantsMore`, which is told how many operations have
/// been started.
func measure(
    _ work: inout some Workload,
    depth: Int,
    _ server: borrowing RunningServer,
    _ talk: inout Conversation,
    _ wantsMore: (Int) -> Bool
) throws(FileError) -> Sample {
    let bytes = work.bytes
    let processor = server.processorSeconds
    let begin = now()
    var operations = 0
    var active = depth
    for slot in 0..<depth { try work.start(slot, &talk) }
    try talk.flush()
    while active > 0 {
        let frame = try talk.receive()
        let slot = Int(frame.tag)
        if frame.type == .rlerror {
            throw FileError(FileError.Kind(number: Int32(try Rlerror(frame, .linux).number)))
                .at(server.name)
        }
        if try work.reply(slot, frame, &talk) {
            operations += 1
            if wantsMore(operations + active - 1) {
                try work.start(slot, &talk)
            } else {
                active -= 1
            }
        }
        if !talk.hasMessage { try talk.flush() }
    }
    return Sample(
        operations: operations,
        bytes: work.bytes - bytes,
        seconds: now() - begin,
        processor: server.processorSeconds - processor
    )
}
