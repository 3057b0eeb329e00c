public import FileTree

/// Turns a fid into one to which an extended attribute is written.
///
/// `size[4] Txattrcreate tag[2] fid[4] name[s] attr_size[8] flags[4]`
///
/// See setxattr(2).
@frozen
public struct Txattrcreate: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .txattrcreate } }
    /// The file.
    public var fid: UInt32 = 0
    /// The attribute.
    public var name: UnsafeRawBufferPointer = .empty
    /// The bytes that will be written; 0 removes it.
    public var size: UInt64 = 0
    /// As setxattr(2) has them.
    public var flags: UInt32 = 0

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(fid: UInt32, name: UnsafeRawBufferPointer, size: UInt64, flags: UInt32) {
        self.fid = fid
        self.name = name
        self.size = size
        self.flags = flags
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.word(&fid, "fid")
        try visitor.string(&name, "name")
        try visitor.long(&size, "attr_size")
        try visitor.word(&flags, "flags")
    }
}

/// Says that the value can be written.
///
/// `size[4] Rxattrcreate tag[2]`
///
/// See setxattr(2).
@frozen
public struct Rxattrcreate: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .rxattrcreate } }

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {}
}
