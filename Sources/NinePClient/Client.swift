public import FileTree
public import NineP
internal import Synchronization

/// A 9P client that asks one thing at a time.
///
/// All methods may be called from any thread; one waits for the other. A file is known by a `Fid`,
/// which forgets itself at the server when it is let go of.
public final class Client: Sendable {
    private let conversation: Mutex<Conversation>
    private let fids = Mutex(FidNumbers())
    /// The dialect that the server has settled on.
    public let dialect: Dialect
    /// The longest message, in bytes.
    public let messageSize: Int

    /// Agrees with the server at the other end of `conversation` on a version.
    ///
    /// `messageSize` is the longest message offered. A server may answer with a lower dialect than
    /// the one wished for. Errors: `.unsupported` when it speaks none of ours.
    public init(
        _ conversation: consuming Conversation,
        wish: Dialect = .linux,
        messageSize: Int = 131_096
    ) throws(FileError) {
        let offer = Tversion(
            messageSize: messageSize,
            wish
        )
        try conversation.queue(offer, tag: Wire.noTag)
        try conversation.flush()
        let frame = try conversation.receive()
        guard frame.type == .rversion else { throw Client.unexpected(frame, .plain) }
        let answer = try Rversion(frame, .plain)
        guard let dialect = Dialect(answered: answer.version) else {
            throw FileError(
                .unsupported,
                "the server's version is \(String(decoding: answer.version, as: UTF8.self))"
            )
        }
        let size = Int(answer.msize)
        guard size >= 256, size <= messageSize else {
            throw .malformed("offset 7: msize \(size) is not in 256...\(messageSize)")
        }
        conversation.dialect = dialect
        conversation.setMessageSize(size)
        self.dialect = dialect
        self.messageSize = size
        self.conversation = Mutex(conversation)
    }

    /// Connects to an address, as `Conversation.dial` has them, and agrees on a version.
    public convenience init(
        dial address: String,
        wish: Dialect = .linux,
        messageSize: Int = 131_096
    ) throws(FileError) {
        try self.init(Conversation.dial(address), wish: wish, messageSize: messageSize)
    }

    /// The most bytes one read or write carries.
    public var largestData: Int { messageSize - Wire.ioHeaderSize }

    /// Sends a request and gives its reply, while it lies in the buffer, to `body`.
    ///
    /// Errors: what the server says; `.protocolBotch` when it answers something else.
    func call<Request: Message, Reply: Message, Answer: Sendable>(
        _ request: Request,
        _ reply: Reply.Type,
        _ body: (Reply) throws(FileError) -> Answer
    ) throws(FileError) -> Answer {
        let dialect = dialect
        return try conversation.withLock { (conversation) throws(FileError) -> Answer in
            try conversation.queue(request, tag: 0)
            try conversation.flush()
            let frame = try conversation.receive()
            guard frame.tag == 0 else { throw Client.unexpected(frame, dialect) }
            if frame.type == Reply.type { return try body(try Reply(frame, dialect)) }
            throw try Client.error(in: frame, dialect)
        }
    }

    /// Sends a request whose reply has no fields.
    func call<Request: Message, Reply: Message>(
        _ request: Request,
        _ reply: Reply.Type
    ) throws(FileError) {
        try call(request, reply) { _ throws(FileError) in }
    }

    /// A number for a fid that the server is about to be told of.
    func newFid() -> UInt32 { fids.withLock { $0.take() } }

    /// Gives a number back that the server does not hold, or not any more.
    func releaseFid(_ number: UInt32) { fids.withLock { $0.free.append(number) } }

    private struct FidNumbers {
        var free: [UInt32] = []
        var next: UInt32 = 0

        mutating func take() -> UInt32 {
            if let number = free.popLast() { return number }
            defer { next += 1 }
            return next
        }
    }
}

extension Client {
    /// What an Rerror or Rlerror says.
    static func error(in frame: Frame, _ dialect: Dialect) throws(FileError) -> FileError {
        switch frame.type {
        case .rlerror:
            let number = try Rlerror(frame, dialect).number
            return FileError(FileError.Kind(number: Int32(clamping: number)))
        case .rerror:
            let reply = try Rerror(frame, dialect)
            let kind = FileError.Kind.allCases.first { $0.text.bytes.elementsEqual(reply.ename) }
            if let kind { return FileError(kind) }
            return FileError(
                dialect.hasUnixFields
                    ? FileError.Kind(number: Int32(clamping: reply.number)) : .inputOutput,
                String(decoding: reply.ename, as: UTF8.self)
            )
        default:
            return unexpected(frame, dialect)
        }
    }

    /// The complaint about a reply that nobody asked for.
    static func unexpected(_ frame: Frame, _ dialect: Dialect) -> FileError {
        FileError(
            .protocolBotch,
            "unexpected reply: \(MessageText.line(frame, dialect, dataLimit: 64))"
        )
    }
}

extension Tversion {
    /// The offer of a dialect.
    init(messageSize: Int, _ dialect: Dialect) {
        self.init(msize: UInt32(clamping: messageSize), version: dialect.version.bytes)
    }
}
