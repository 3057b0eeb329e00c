public import FileTree

/// Reads entries of an open directory.
///
/// `size[4] Treaddir tag[2] fid[4] offset[8] count[4]`
///
/// See getdents(2).
@frozen
public struct Treaddir: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .treaddir } }
    /// The file.
    public var fid: UInt32 = 0
    /// 0, or an entry's offset to go on behind it.
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

/// Gives entries of a directory.
///
/// `size[4] Rreaddir tag[2] count[4] data[count]`
///
/// See getdents(2).
@frozen
public struct Rreaddir: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .rreaddir } }
    /// Whole entries, `qid[13] offset[8] type[1] name[s]`; none at the end.
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
