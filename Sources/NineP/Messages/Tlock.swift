public import FileTree

/// Locks a range of a file, or unlocks it.
///
/// `size[4] Tlock tag[2] fid[4] type[1] flags[4] start[8] length[8] proc_id[4]
/// client_id[s]`
///
/// See fcntl(2).
@frozen
public struct Tlock: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .tlock } }
    /// The file.
    public var fid: UInt32 = 0
    /// A `LockType`.
    public var type: UInt8 = 0
    /// 1 to wait for it, 2 when it is taken back after a crash.
    public var flags: UInt32 = 0
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
        flags: UInt32,
        start: UInt64,
        length: UInt64,
        process: UInt32,
        client: UnsafeRawBufferPointer
    ) {
        self.fid = fid
        self.type = type
        self.flags = flags
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
        try visitor.word(&flags, "flags")
        try visitor.long(&start, "start")
        try visitor.long(&length, "length")
        try visitor.word(&process, "proc_id")
        try visitor.string(&client, "client_id")
    }
}

/// Says whether the lock is held.
///
/// `size[4] Rlock tag[2] status[1]`
///
/// See fcntl(2).
@frozen
public struct Rlock: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .rlock } }
    /// A `LockStatus`.
    public var status: UInt8 = 0

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(status: UInt8) {
        self.status = status
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.byte(&status, "status")
    }
}
