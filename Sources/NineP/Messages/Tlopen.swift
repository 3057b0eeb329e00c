public import FileTree

/// Opens a file.
///
/// `size[4] Tlopen tag[2] fid[4] flags[4]`
///
/// See open(2).
@frozen
public struct Tlopen: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .tlopen } }
    /// The file.
    public var fid: UInt32 = 0
    /// What for: `LinuxOpenFlags`.
    public var flags: UInt32 = 0

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(fid: UInt32, flags: UInt32) {
        self.fid = fid
        self.flags = flags
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.word(&fid, "fid")
        try visitor.word(&flags, "flags")
    }
}

/// Says that the file is open.
///
/// `size[4] Rlopen tag[2] qid[13] iounit[4]`
///
/// See open(2).
@frozen
public struct Rlopen: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .rlopen } }
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
