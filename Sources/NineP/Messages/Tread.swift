public import FileTree

/// Reads from an open file, or, in 9P2000 and 9P2000.u, from a directory.
///
/// `size[4] Tread tag[2] fid[4] offset[8] count[4]`
///
/// See read(5).
@frozen
public struct Tread: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .tread } }
    /// The file.
    public var fid: UInt32 = 0
    /// Where, in bytes.
    public var offset: UInt64 = 0
    /// How many bytes, at most.
    public var count: UInt32 = 0

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(fid: UInt32, offset: UInt64, count: UInt32) {
        self.fid = fid
        self.offset = offset
        self.count = count
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.word(&fid, "fid")
        try visitor.long(&offset, "offset")
        try visitor.word(&count, "count")
    }
}

/// Gives bytes of a file.
///
/// `size[4] Rread tag[2] count[4] data[count]`
///
/// See read(5).
@frozen
public struct Rread: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .rread } }
    /// The bytes; none at the end.
    public var data: UnsafeRawBufferPointer = .empty

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(data: UnsafeRawBufferPointer) {
        self.data = data
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.data(&data, "data")
    }
}
