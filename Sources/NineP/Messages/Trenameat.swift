public import FileTree

/// Moves a name from one directory to another.
///
/// `size[4] Trenameat tag[2] olddirfid[4] oldname[s] newdirfid[4] newname[s]`
///
/// See renameat(2).
@frozen
public struct Trenameat: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .trenameat } }
    /// The directory it is in.
    public var fid: UInt32 = 0
    /// The name.
    public var name: UnsafeRawBufferPointer = .empty
    /// The directory to be.
    public var newFid: UInt32 = 0
    /// The name to be.
    public var newName: UnsafeRawBufferPointer = .empty

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(
        fid: UInt32,
        name: UnsafeRawBufferPointer,
        newFid: UInt32,
        newName: UnsafeRawBufferPointer
    ) {
        self.fid = fid
        self.name = name
        self.newFid = newFid
        self.newName = newName
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.word(&fid, "olddirfid")
        try visitor.string(&name, "oldname")
        try visitor.word(&newFid, "newdirfid")
        try visitor.string(&newName, "newname")
    }
}

/// Says that it has been moved.
///
/// `size[4] Rrenameat tag[2]`
///
/// See renameat(2).
@frozen
public struct Rrenameat: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .rrenameat } }

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {}
}
