public import FileTree

/// Asks for the room of the file's tree.
///
/// `size[4] Tstatfs tag[2] fid[4]`
///
/// See statfs(2).
@frozen
public struct Tstatfs: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .tstatfs } }
    /// The file.
    public var fid: UInt32 = 0

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(fid: UInt32) {
        self.fid = fid
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.word(&fid, "fid")
    }
}

/// Gives the room of a tree.
///
/// `size[4] Rstatfs tag[2] type[4] bsize[4] blocks[8] bfree[8] bavail[8] files[8] ffree[8]
/// fsid[8] namelen[4]`
///
/// See statfs(2).
@frozen
public struct Rstatfs: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .rstatfs } }
    /// The file system's magic number.
    public var type: UInt32 = 0
    /// Bytes a block.
    public var blockSize: UInt32 = 0
    /// Blocks in all.
    public var blocks: UInt64 = 0
    /// Free blocks.
    public var free: UInt64 = 0
    /// Free blocks that users other than root may have.
    public var available: UInt64 = 0
    /// Files in all.
    public var files: UInt64 = 0
    /// Files that can still be made.
    public var freeFiles: UInt64 = 0
    /// An identity of the file system.
    public var id: UInt64 = 0
    /// The longest name, in bytes.
    public var longestName: UInt32 = 0

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(
        type: UInt32,
        blockSize: UInt32,
        blocks: UInt64,
        free: UInt64,
        available: UInt64,
        files: UInt64,
        freeFiles: UInt64,
        id: UInt64,
        longestName: UInt32
    ) {
        self.type = type
        self.blockSize = blockSize
        self.blocks = blocks
        self.free = free
        self.available = available
        self.files = files
        self.freeFiles = freeFiles
        self.id = id
        self.longestName = longestName
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.word(&type, "type")
        try visitor.word(&blockSize, "bsize")
        try visitor.long(&blocks, "blocks")
        try visitor.long(&free, "bfree")
        try visitor.long(&available, "bavail")
        try visitor.long(&files, "files")
        try visitor.long(&freeFiles, "ffree")
        try visitor.long(&id, "fsid")
        try visitor.word(&longestName, "namelen")
    }
}
