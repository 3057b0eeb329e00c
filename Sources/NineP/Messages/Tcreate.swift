public import FileTree

/// Makes a file in a directory and opens it, in 9P2000 and 9P2000.u.
///
/// `size[4] Tcreate tag[2] fid[4] name[s] perm[4] mode[1] {extension[s]}`
///
/// The field in braces is there in 9P2000.u alone.
///
/// See open(5).
@frozen
public struct Tcreate: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .tcreate } }
    /// The directory; stands for the file afterwards.
    public var fid: UInt32 = 0
    /// The file's name.
    public var name: UnsafeRawBufferPointer = .empty
    /// The file's mode: a `StatMode`.
    public var permissions: UInt32 = 0
    /// What it is opened for: an `OpenByte`.
    public var mode: UInt8 = 0
    /// A link's target or a device's numbers.
    public var detail: UnsafeRawBufferPointer = .empty

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(
        fid: UInt32,
        name: UnsafeRawBufferPointer,
        permissions: UInt32,
        mode: UInt8,
        detail: UnsafeRawBufferPointer = .empty
    ) {
        self.fid = fid
        self.name = name
        self.permissions = permissions
        self.mode = mode
        self.detail = detail
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.word(&fid, "fid")
        try visitor.string(&name, "name")
        try visitor.mode(&permissions, "perm")
        try visitor.byte(&mode, "mode")
        if visitor.dialect.hasUnixFields {
            try visitor.string(&detail, "extension")
        }
    }
}

/// Says that the file is there and open.
///
/// `size[4] Rcreate tag[2] qid[13] iounit[4]`
///
/// See open(5).
@frozen
public struct Rcreate: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .rcreate } }
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
