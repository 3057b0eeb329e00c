public import FileTree
public import NineP
internal import Synchronization

/// A 9P client.
///
/// All methods may be called from any thread. A file is known by a `Fid`, which forgets itself at
/// the server when it is let go of.
public final class Client: Sendable {
    private let way: Way
    private let fids = FidNumbers()
    /// The dialect that the server has settled on.
    public let dialect: Dialect
    /// The longest message, in bytes.
    public let messageSize: Int

    /// How requests get to the server and replies back.
    private enum Way {
        /// One at a time; who comes second waits for the first.
        case alone(Alone)
        /// Many at a time, each with a limit on its wait.
        case shared(Exchange)
    }

    private final class Alone: Sendable {
        let conversation: Mutex<Conversation>
        init(_ conversation: consuming Conversation) { self.conversation = Mutex(conversation) }
    }

    /// Agrees with the server at the other end of `conversation` on a version.
    ///
    /// `messageSize` is the longest message offered. A server may answer with a lower dialect than
    /// the one wished for. Without `patience` one request is asked at a time and waits for as long
    /// as its reply takes; with it, many are under way at once, a thread receives the replies, and
    /// none is waited for longer than that many milliseconds. Errors: `.unsupported` when it speaks
    /// none of ours.
    public init(
        _ conversation: consuming Conversation,
        wish: Dialect = .linux,
        messageSize: Int = 131_096,
        patience: Int? = nil
    ) throws(FileError) {
        conversation.ends.limitWaits(receive: patience ?? 0, send: patience ?? 0)
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
        if let patience {
            way = .shared(try Exchange(conversation, patience: patience, fids))
        } else {
            way = .alone(Alone(conversation))
        }
    }

    /// Connects to an address, as `Conversation.dial` has them, and agrees on a version.
    public convenience init(
        dial address: String,
        wish: Dialect = .linux,
        messageSize: Int = 131_096,
        patience: Int? = nil
    ) throws(FileError) {
        try self.init(
            Conversation.dial(address, patience: patience),
            wish: wish,
            messageSize: messageSize,
            patience: patience
        )
    }

    /// Connects to an address and speaks 9P2000.L, or what a server has that does not know it.
    public static func dial(
        _ address: String,
        messageSize: Int = 131_096,
        patience: Int? = nil
    ) throws(FileError) -> Client {
        var wish = Dialect.linux
        while true {
            do throws(FileError) {
                return try Client(
                    dial: address,
                    wish: wish,
                    messageSize: messageSize,
                    patience: patience
                )
            } catch {
                guard error.kind == .unsupported, wish == .linux else { throw error }
                wish = .plain
            }
        }
    }

    deinit {
        if case .shared(let exchange) = way { exchange.close() }
    }

    /// The most bytes one read or write carries.
    public var largestData: Int { messageSize - Wire.ioHeaderSize }

    /// Why no request is answered any more; nil while they are.
    ///
    /// A client that asks one thing at a time learns it from each request anew.
    var failure: FileError? {
        if case .shared(let exchange) = way { exchange.failure } else { nil }
    }

    /// The way for many requests at a time; nil when this asks one thing at a time.
    var exchange: Exchange? {
        if case .shared(let exchange) = way { exchange } else { nil }
    }

    /// Sends a request and gives its reply, while it lies in the buffer, to `body`.
    ///
    /// `newFid` is the number that the server learns by it. Errors: what the server says;
    /// `.protocolBotch` when it answers something else.
    func call<Request: Message, Reply: Message, Answer: Sendable>(
        _ request: Request,
        _ reply: Reply.Type,
        newFid: UInt32? = nil,
        _ body: (Reply) throws(FileError) -> Answer
    ) throws(FileError) -> Answer {
        let dialect = dialect
        switch way {
        case .alone(let alone):
            return try alone.conversation.withLock { (conversation) throws(FileError) -> Answer in
                try conversation.queue(request, tag: 0)
                try conversation.flush()
                let frame = try conversation.receive()
                guard frame.tag == 0 else { throw Client.unexpected(frame, dialect) }
                return try Client.decode(frame, dialect, body)
            }
        case .shared(let exchange):
            let request = try exchange.start(request, newFid: newFid)
            return try exchange.finish(request) { (frame) throws(FileError) in
                try Client.decode(frame, dialect, body)
            }
        }
    }

    /// Sends a request whose reply has no fields.
    func call<Request: Message, Reply: Message>(
        _ request: Request,
        _ reply: Reply.Type
    ) throws(FileError) {
        try call(request, reply) { _ throws(FileError) in }
    }

    /// The answer in a reply of the kind expected; throws what an error says.
    static func decode<Reply: Message, Answer>(
        _ frame: Frame,
        _ dialect: Dialect,
        _ body: (Reply) throws(FileError) -> Answer
    ) throws(FileError) -> Answer {
        if frame.type == Reply.type { return try body(try Reply(frame, dialect)) }
        throw try error(in: frame, dialect)
    }

    /// A number for a fid that the server is about to be told of.
    func newFid() -> UInt32 { fids.take() }

    /// Gives a number back that the server does not hold, or not any more.
    func releaseFid(_ number: UInt32) { fids.giveBack(number) }

    /// Has the server forget a fid, and its number be free again.
    func clunk(_ number: UInt32) {
        if case .shared(let exchange) = way {
            return exchange.clunk(number)
        }
        // A server frees the fid even when it answers an error, and there is nobody to be told.
        try? call(Tclunk(fid: number), Rclunk.self)
        releaseFid(number)
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
            if let kind = FileError.Kind(told: reply.ename) { return FileError(kind) }
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

extension FileError.Kind {
    /// The kind that a server's words stand for; nil for words that nobody knows.
    ///
    /// Our own servers send the table's text. Plan 9's kernel puts the file's name in front of it
    /// (`'/n/x' file does not exist`), and its file servers have words of their own.
    init?(told words: UnsafeRawBufferPointer) {
        if let kind = Self.allCases.first(where: { words.elementsEqual($0.text.bytes) }) {
            self = kind
            return
        }
        let lower = words.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
        func ends(_ text: some Sequence<UInt8>) -> Bool {
            let text = text.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
            guard lower.count >= text.count, lower.suffix(text.count).elementsEqual(text) else {
                return false
            }
            let before = lower.dropLast(text.count).last
            return before == nil || before == UInt8(ascii: " ")
        }
        let known =
            Self.allCases.first { ends($0.text.bytes) } ?? Self.words.first { ends($0.0.utf8) }?.1
        guard let known else { return nil }
        self = known
    }

    /// What Plan 9's file servers say.
    private static var words: [(String, FileError.Kind)] {
        [
            ("does not exist", .notFound),
            ("file not found", .notFound),
            ("entry not found", .notFound),
            ("no such file or directory", .notFound),
            ("walk in non-directory", .notDirectory),
            ("file is a directory", .isDirectory),
            ("access permission denied", .permission),
        ]
    }
}

extension Tversion {
    /// The offer of a dialect.
    init(messageSize: Int, _ dialect: Dialect) {
        self.init(msize: UInt32(clamping: messageSize), version: dialect.version.bytes)
    }
}
