/// How a server is set up.
public struct Configuration: Sendable {
    /// The largest message offered, 4,096 to `largestMessage` bytes.
    public var messageSize = largestMessage
    /// What one peer, and all together, may use.
    public var limits = Limits()
    /// Takes a line for people, without a newline, from any thread.
    public var log: @Sendable (String) -> Void = { _ in }
    /// Takes each message in 9pcon(8)'s text form, from any thread; nil: they are not put in text.
    public var trace: (@Sendable (String) -> Void)?

    /// The largest message any client uses: 1 MiB of data and its header.
    public static let largestMessage = (1 << 20) + 24
    /// The smallest message size that the Linux client takes.
    public static let smallestMessage = 4096

    /// Makes the usual set-up.
    public init() {}
}

/// What one peer, and all together, may use; beyond it there is an error, not growth.
public struct Limits: Sendable {
    /// Conversations at one time; one more is told "Too many open files" and closed.
    public var connections = 1024
    /// Fids of one conversation; one more is `.tooManyFiles`.
    public var fids = 1 << 20
    /// Requests of one conversation that wait; one more is `.again`.
    public var requests = 4096
    /// Bytes of one conversation that waiting reads and attributes ask for; more is `.noMemory`.
    public var bytes = 1 << 30
    /// The longest extended attribute; a longer one is `.tooBig`.
    public var attribute = 64 << 10
    /// Milliseconds that a peer who came to a listener may take to agree on a version; then its
    /// place is another's.
    public var silence = 30_000
    /// Threads for what has to wait, in all.
    public var threads = 8

    /// Makes the usual limits.
    public init() {}
}
