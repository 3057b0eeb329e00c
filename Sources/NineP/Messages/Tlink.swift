public import FileTree

/// Gives a file a further name.
///
/// `size[4] Tlink tag[2] dfid[4] fid[4] name[s]`
///
/// See link(2).
@frozen
public struct Tlink: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .tlink } }
    /// The directory.
    public var directoryFid: UInt32 = 0
    /// The file.
    public var fid: UInt32 = 0
    /// The name to be.
    public var name: UnsafeRawBufferPointer = .empty

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(directoryFid: UInt32, fid: UInt32, name: UnsafeRawBufferPointer) {
        self.directoryFid = directoryFid
        self.fid = fid
        self.name = name
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.word(&directoryFid, "dfid")
        try visitor.word(&fid, "fid")
        try visitor.string(&name, "name")
    }
}

/// Says that the name is there.
///
/// `size[4] Rlink tag[2]`
///
/// See link(2).
@frozen
public struct Rlink: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .rlink } }

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {}
}
