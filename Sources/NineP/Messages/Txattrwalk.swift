public import FileTree

/// Makes a fid from which an extended attribute can be read.
///
/// `size[4] Txattrwalk tag[2] fid[4] newfid[4] name[s]`
///
/// See getxattr(2) and listxattr(2).
@frozen
public struct Txattrwalk: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .txattrwalk } }
    /// The file.
    public var fid: UInt32 = 0
    /// The fid to be.
    public var newFid: UInt32 = 0
    /// The attribute; empty for the list of names.
    public var name: UnsafeRawBufferPointer = .empty

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(fid: UInt32, newFid: UInt32, name: UnsafeRawBufferPointer) {
        self.fid = fid
        self.newFid = newFid
        self.name = name
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.word(&fid, "fid")
        try visitor.word(&newFid, "newfid")
        try visitor.string(&name, "name")
    }
}

/// Says how long the attribute is.
///
/// `size[4] Rxattrwalk tag[2] size[8]`
///
/// See getxattr(2) and listxattr(2).
@frozen
public struct Rxattrwalk: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .rxattrwalk } }
    /// Bytes.
    public var size: UInt64 = 0

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(size: UInt64) {
        self.size = size
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.long(&size, "size")
    }
}
