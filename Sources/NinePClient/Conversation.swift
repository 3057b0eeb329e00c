public import FileTree
internal import Glibc
public import NineP

/// One end of a 9P conversation on a pair of descriptors: messages out, messages in.
///
/// Nothing here waits for an answer before the next request: many may be sent before the first
/// reply is received. Who sends keeps the replies on their way below what the descriptors hold, or
/// receives in between.
///
/// It may go from thread to thread: it has one owner, and its buffers are nobody else's.
public struct Conversation: ~Copyable, @unchecked Sendable {
    private let input: Int32
    private let output: Int32
    private let closing: Bool
    /// The dialect in which messages are sent.
    ///
    /// Set once the server has answered Tversion.
    public var dialect = Dialect.plain
    /// The longest message, in bytes.
    ///
    /// Set once the server has answered Tversion; a longer one that comes is malformed.
    public private(set) var messageSize = Conversation.firstMessageSize

    private var outgoing: UnsafeMutableRawBufferPointer
    private var queued = 0
    private var incoming: UnsafeMutableRawBufferPointer
    private var start = 0
    private var end = 0

    /// The longest message until the server has answered Tversion.
    static let firstMessageSize = 8192

    /// Starts a conversation; with `closing` the descriptors are closed with it.
    public init(input: Int32, output: Int32, closing: Bool) {
        self.input = input
        self.output = output
        self.closing = closing
        outgoing = .allocate(byteCount: Conversation.firstMessageSize * 2, alignment: 16)
        incoming = .allocate(byteCount: Conversation.firstMessageSize * 4, alignment: 16)
    }

    deinit {
        outgoing.deallocate()
        incoming.deallocate()
        guard closing else { return }
        close(input)
        if output != input { close(output) }
    }

    /// Makes room for messages of `size` bytes, in both directions.
    ///
    /// What has come and was not received yet stays.
    public mutating func setMessageSize(_ size: Int) {
        messageSize = size
        let capacity = max(size * 2, 1 << 18)
        if incoming.count < capacity {
            let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 16)
            larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: incoming[start..<end]))
            incoming.deallocate()
            incoming = larger
            (start, end) = (0, end - start)
        }
        if outgoing.count < capacity {
            let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 16)
            larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: outgoing[..<queued]))
            outgoing.deallocate()
            outgoing = larger
        }
    }

    /// Adds a message to those that `flush` sends.
    ///
    /// Errors: `.range` for one longer than the server takes.
    public mutating func queue(_ message: some Message, tag: UInt16) throws(FileError) {
        if outgoing.count - queued < messageSize { try flush() }
        let place = UnsafeMutableRawBufferPointer(rebasing: outgoing[queued...])
        var writer = MessageWriter(place, dialect)
        try writer.write(message, tag: tag, limit: messageSize)
        queued += writer.count
    }

    /// Adds bytes as they are to those that `flush` sends.
    public mutating func queue(bytes: UnsafeRawBufferPointer) throws(FileError) {
        var bytes = bytes
        while !bytes.isEmpty {
            if queued == outgoing.count { try flush() }
            let count = min(bytes.count, outgoing.count - queued)
            UnsafeMutableRawBufferPointer(rebasing: outgoing[queued..<queued + count])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
            queued += count
            bytes = UnsafeRawBufferPointer(rebasing: bytes[count...])
        }
    }

    /// Sends all that is queued.
    public mutating func flush() throws(FileError) {
        var sent = 0
        while sent < queued {
            let rest = UnsafeRawBufferPointer(rebasing: outgoing[sent..<queued])
            var count = send(output, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
            if count < 0, errno == ENOTSOCK { count = write(output, rest.baseAddress, rest.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw Conversation.failure(errno, "send")
            }
            sent += count
        }
        queued = 0
    }

    /// The next message that has come, waiting for it.
    ///
    /// It lies in the conversation's own buffer until the next call. Errors: `.malformed` for one
    /// longer than agreed, `.inputOutput` at the conversation's end.
    public mutating func receive() throws(FileError) -> Frame {
        while true {
            let rest = UnsafeRawBufferPointer(rebasing: incoming[start..<end])
            if let frame = try Frame.first(in: rest, limit: messageSize) {
                start += frame.size
                return frame
            }
            try fill()
        }
    }

    /// Whether `receive` would return without a system call.
    public var hasMessage: Bool {
        let rest = UnsafeRawBufferPointer(rebasing: incoming[start..<end])
        guard rest.count >= 4 else { return false }
        let size = UInt32(littleEndian: rest.loadUnaligned(as: UInt32.self))
        return Int(size) <= rest.count
    }

    private mutating func fill() throws(FileError) {
        if start == end {
            (start, end) = (0, 0)
        } else if incoming.count - start < messageSize {
            let left = UnsafeRawBufferPointer(rebasing: incoming[start..<end])
            incoming.copyMemory(from: left)
            (start, end) = (0, end - start)
        }
        let place = UnsafeMutableRawBufferPointer(rebasing: incoming[end...])
        while true {
            let count = read(input, place.baseAddress, place.count)
            if count > 0 {
                end += count
                return
            }
            if count == 0 { throw FileError(.inputOutput, "the server has hung up") }
            if errno != EINTR { throw Conversation.failure(errno, "receive") }
        }
    }
}
