public import FileTree

/// Asks that a file be on stable storage.
///
/// `size[4] Tfsync tag[2] fid[4] datasync[4]`
///
/// See fsync(2).
@frozen
public struct Tfsync: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .tfsync } }
    /// The file.
    public var fid: UInt32 = 0
    /// Not 0 when the attributes need not be.
    public var dataOnly: UInt32 = 0

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(fid: UInt32, dataOnly: UInt32) {
        self.fid = fid
        self.dataOnly = dataOnly
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.word(&fid, "fid")
        try visitor.word(&dataOnly, "datasync")
    }
}

/// Says that the file is on stable storage.
///
/// `size[4] Rfsync tag[2]`
///
/// See fsync(2).
@frozen
public struct Rfsync: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .rfsync } }

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {}
}
