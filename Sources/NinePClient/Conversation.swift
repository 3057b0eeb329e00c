public import FileTree
internal import Glibc
public import NineP

/// One end of a 9P conversation on a pair of descriptors: messages out, messages in.
///
/// Nothing here waits for an answer before the next request: many may be sent before the first
/// reply is received. Who sends keeps the replies on their way below what the descriptors hold, or
/// receives in between. The two directions know nothing of each other, so that an `Exchange` can
/// have a thread for each.
public struct Conversation: ~Copyable, Sendable {
    let ends: Ends
    var outgoing: Outgoing
    var incoming: Incoming

    /// The longest message until the server has answered Tversion.
    static let firstMessageSize = 8192

    /// Starts a conversation; with `closing` the descriptors are closed with it.
    public init(input: Int32, output: Int32, closing: Bool) {
        ends = Ends(input: input, output: output, closing: closing)
        outgoing = Outgoing(output)
        incoming = Incoming(input)
    }

    /// The dialect in which messages are sent.
    ///
    /// Set once the server has answered Tversion.
    public var dialect: Dialect {
        get { outgoing.dialect }
        set { outgoing.dialect = newValue }
    }

    /// The longest message, in bytes.
    ///
    /// Set once the server has answered Tversion; a longer one that comes is malformed.
    public var messageSize: Int { incoming.messageSize }

    /// Makes room for messages of `size` bytes, in both directions.
    ///
    /// What has come and was not received yet stays.
    public mutating func setMessageSize(_ size: Int) {
        outgoing.setMessageSize(size)
        incoming.setMessageSize(size)
    }

    /// Adds a message to those that `flush` sends.
    ///
    /// Errors: `.range` for one longer than the server takes.
    public mutating func queue(_ message: some Message, tag: UInt16) throws(FileError) {
        try outgoing.queue(message, tag: tag)
    }

    /// Adds bytes as they are to those that `flush` sends.
    public mutating func queue(bytes: UnsafeRawBufferPointer) throws(FileError) {
        try outgoing.queue(bytes: bytes)
    }

    /// Sends all that is queued.
    public mutating func flush() throws(FileError) { try outgoing.flush() }

    /// The next message that has come, waiting for it.
    ///
    /// It lies in the conversation's own buffer until the next call. Errors: `.malformed` for one
    /// longer than agreed, `.inputOutput` at the conversation's end.
    public mutating func receive() throws(FileError) -> Frame { try incoming.receive() }

    /// Whether `receive` would return without a system call.
    public var hasMessage: Bool { incoming.hasMessage }
}

/// The descriptors of a conversation.
final class Ends: Sendable {
    private let input: Int32
    private let output: Int32
    private let closing: Bool

    init(input: Int32, output: Int32, closing: Bool) {
        self.input = input
        self.output = output
        self.closing = closing
    }

    deinit {
        guard closing else { return }
        close(input)
        if output != input { close(output) }
    }

    /// Has whoever waits for bytes of a socket, or for room in it, wait no more.
    func shutDown() {
        shutdown(input, Int32(SHUT_RDWR))
        if output != input { shutdown(output, Int32(SHUT_RDWR)) }
    }

    /// Limits how long a socket may keep a caller, in milliseconds; 0 for no limit.
    func limitWaits(receive: Int, send: Int) {
        for (option, milliseconds) in [(SO_RCVTIMEO, receive), (SO_SNDTIMEO, send)] {
            var time = timeval()
            time.tv_sec = milliseconds / 1000
            time.tv_usec = milliseconds % 1000 * 1000
            let size = socklen_t(MemoryLayout<timeval>.size)
            let descriptor = option == SO_RCVTIMEO ? input : output
            // What is no socket has no such limit.
            _ = setsockopt(descriptor, SOL_SOCKET, option, &time, size)
        }
    }
}
