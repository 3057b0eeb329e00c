public import FileTree

/// Gives a file another name, in the same directory or another.
///
/// `size[4] Trename tag[2] fid[4] dfid[4] name[s]`
///
/// See rename(2).
@frozen
public struct Trename: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .trename } }
    /// The file.
    public var fid: UInt32 = 0
    /// The directory to be.
    public var directoryFid: UInt32 = 0
    /// The name to be.
    public var name: UnsafeRawBufferPointer = .empty

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(fid: UInt32, directoryFid: UInt32, name: UnsafeRawBufferPointer) {
        self.fid = fid
        self.directoryFid = directoryFid
        self.name = name
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.word(&fid, "fid")
        try visitor.word(&directoryFid, "dfid")
        try visitor.string(&name, "name")
    }
}

/// Says that the file has its new name.
///
/// `size[4] Rrename tag[2]`
///
/// See rename(2).
@frozen
public struct Rrename: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .rrename } }

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {}
}
