public import FileTree

/// Makes a file in a directory and opens it.
///
/// `size[4] Tlcreate tag[2] fid[4] name[s] flags[4] mode[4] gid[4]`
///
/// See open(2).
@frozen
public struct Tlcreate: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .tlcreate } }
    /// The directory; stands for the file afterwards.
    public var fid: UInt32 = 0
    /// The file's name.
    public var name: UnsafeRawBufferPointer = .empty
    /// What it is opened for: `LinuxOpenFlags`.
    public var flags: UInt32 = 0
    /// The file's permissions.
    public var mode: UInt32 = 0
    /// The file's group.
    public var gid: UInt32 = 0

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(
        fid: UInt32,
        name: UnsafeRawBufferPointer,
        flags: UInt32,
        mode: UInt32,
        gid: UInt32
    ) {
        self.fid = fid
        self.name = name
        self.flags = flags
        self.mode = mode
        self.gid = gid
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.word(&fid, "fid")
        try visitor.string(&name, "name")
        try visitor.word(&flags, "flags")
        try visitor.mode(&mode, "mode")
        try visitor.word(&gid, "gid")
    }
}

/// Says that the file is there and open.
///
/// `size[4] Rlcreate tag[2] qid[13] iounit[4]`
///
/// See open(2).
@frozen
public struct Rlcreate: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .rlcreate } }
    /// The file's identity.
    public var qid: Qid = .none
    /// The most bytes read or written in one go; 0 when it is msize - 24.
    public var iounit: UInt32 = 0

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(qid: Qid, iounit: UInt32) {
        self.qid = qid
        self.iounit = iounit
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.qid(&qid, "qid")
        try visitor.word(&iounit, "iounit")
    }
}
