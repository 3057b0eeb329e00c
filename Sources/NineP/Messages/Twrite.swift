public import FileTree

/// Writes to an open file.
///
/// `size[4] Twrite tag[2] fid[4] offset[8] count[4] data[count]`
///
/// See read(5).
@frozen
public struct Twrite: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .twrite } }
    /// The file.
    public var fid: UInt32 = 0
    /// Where, in bytes.
    public var offset: UInt64 = 0
    /// The bytes.
    public var data: UnsafeRawBufferPointer = .empty

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(fid: UInt32, offset: UInt64, data: UnsafeRawBufferPointer) {
        self.fid = fid
        self.offset = offset
        self.data = data
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.word(&fid, "fid")
        try visitor.long(&offset, "offset")
        try visitor.data(&data, "data")
    }
}

/// Says how much was written.
///
/// `size[4] Rwrite tag[2] count[4]`
///
/// See read(5).
@frozen
public struct Rwrite: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .rwrite } }
    /// Bytes.
    public var count: UInt32 = 0

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(count: UInt32) {
        self.count = count
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.word(&count, "count")
    }
}
