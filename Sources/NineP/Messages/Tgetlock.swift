public import FileTree

/// Asks which lock would be in the way.
///
/// `size[4] Tgetlock tag[2] fid[4] type[1] start[8] length[8] proc_id[4] client_id[s]`
///
/// See fcntl(2).
@frozen
public struct Tgetlock: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .tgetlock } }
    /// The file.
    public var fid: UInt32 = 0
    /// A `LockType`.
    public var type: UInt8 = 0
    /// The first byte.
    public var start: UInt64 = 0
    /// How many bytes; 0 up to the end, wherever that will be.
    public var length: UInt64 = 0
    /// The process that holds or wants it.
    public var process: UInt32 = 0
    /// The machine of that process.
    public var client: UnsafeRawBufferPointer = .empty

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(
        fid: UInt32,
        type: UInt8,
        start: UInt64,
        length: UInt64,
        process: UInt32,
        client: UnsafeRawBufferPointer
    ) {
        self.fid = fid
        self.type = type
        self.start = start
        self.length = length
        self.process = process
        self.client = client
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.word(&fid, "fid")
        try visitor.byte(&type, "type")
        try visitor.long(&start, "start")
        try visitor.long(&length, "length")
        try visitor.word(&process, "proc_id")
        try visitor.string(&client, "client_id")
    }
}

/// Gives the lock in the way, or one of type `.unlock`.
///
/// `size[4] Rgetlock tag[2] type[1] start[8] length[8] proc_id[4] client_id[s]`
///
/// See fcntl(2).
@frozen
public struct Rgetlock: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .rgetlock } }
    /// A `LockType`.
    public var type: UInt8 = 0
    /// The first byte.
    public var start: UInt64 = 0
    /// How many bytes; 0 up to the end, wherever that will be.
    public var length: UInt64 = 0
    /// The process that holds or wants it.
    public var process: UInt32 = 0
    /// The machine of that process.
    public var client: UnsafeRawBufferPointer = .empty

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(
        type: UInt8,
        start: UInt64,
        length: UInt64,
        process: UInt32,
        client: UnsafeRawBufferPointer
    ) {
        self.type = type
        self.start = start
        self.length = length
        self.process = process
        self.client = client
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.byte(&type, "type")
        try visitor.long(&start, "start")
        try visitor.long(&length, "length")
        try visitor.word(&process, "proc_id")
        try visitor.string(&client, "client_id")
    }
}
