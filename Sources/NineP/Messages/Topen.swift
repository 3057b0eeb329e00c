public import FileTree

/// Opens a file, in 9P2000 and 9P2000.u.
///
/// `size[4] Topen tag[2] fid[4] mode[1]`
///
/// See open(5).
@frozen
public struct Topen: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .topen } }
    /// The file.
    public var fid: UInt32 = 0
    /// What for: an `OpenByte`.
    public var mode: UInt8 = 0

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(fid: UInt32, mode: UInt8) {
        self.fid = fid
        self.mode = mode
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.word(&fid, "fid")
        try visitor.byte(&mode, "mode")
    }
}

/// Says that the file is open.
///
/// `size[4] Ropen tag[2] qid[13] iounit[4]`
///
/// See open(5).
@frozen
public struct Ropen: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .ropen } }
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
