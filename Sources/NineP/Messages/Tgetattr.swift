public import FileTree

/// Asks for a file's attributes.
///
/// `size[4] Tgetattr tag[2] fid[4] request_mask[8]`
///
/// See stat(2).
@frozen
public struct Tgetattr: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .tgetattr } }
    /// The file.
    public var fid: UInt32 = 0
    /// Those wanted: an `AttributeMask`.
    public var mask: UInt64 = 0

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(fid: UInt32, mask: UInt64) {
        self.fid = fid
        self.mask = mask
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.word(&fid, "fid")
        try visitor.long(&mask, "request_mask")
    }
}

/// Gives a file's attributes.
///
/// `size[4] Rgetattr tag[2] valid[8] qid[13] mode[4] uid[4] gid[4] nlink[8] rdev[8]
/// size[8] blksize[8] blocks[8] atime_sec[8] atime_nsec[8] mtime_sec[8] mtime_nsec[8]
/// ctime_sec[8] ctime_nsec[8] btime_sec[8] btime_nsec[8] gen[8] data_version[8]`
///
/// See stat(2).
@frozen
public struct Rgetattr: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .rgetattr } }
    /// Those given: an `AttributeMask`.
    public var valid: UInt64 = 0
    /// The file's identity.
    public var qid: Qid = .none
    /// Type and permissions, as in `st_mode`.
    public var mode: UInt32 = 0
    /// The owner.
    public var uid: UInt32 = 0
    /// The group.
    public var gid: UInt32 = 0
    /// How many names the file has.
    public var links: UInt64 = 0
    /// What a device node stands for.
    public var device: UInt64 = 0
    /// Bytes.
    public var size: UInt64 = 0
    /// The best size of a read, in bytes.
    public var blockSize: UInt64 = 0
    /// Units of 512 bytes that the file occupies.
    public var blocks: UInt64 = 0
    /// Last read, in seconds since 1970.
    public var accessedSeconds: UInt64 = 0
    /// The nanoseconds of that.
    public var accessedNanoseconds: UInt64 = 0
    /// Last change of the contents, in seconds since 1970.
    public var modifiedSeconds: UInt64 = 0
    /// The nanoseconds of that.
    public var modifiedNanoseconds: UInt64 = 0
    /// Last change of contents or attributes, in seconds since 1970.
    public var changedSeconds: UInt64 = 0
    /// The nanoseconds of that.
    public var changedNanoseconds: UInt64 = 0
    /// When the file was made, in seconds since 1970.
    public var bornSeconds: UInt64 = 0
    /// The nanoseconds of that.
    public var bornNanoseconds: UInt64 = 0
    /// Not used.
    public var generation: UInt64 = 0
    /// Not used.
    public var dataVersion: UInt64 = 0

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(
        valid: UInt64,
        qid: Qid,
        mode: UInt32,
        uid: UInt32,
        gid: UInt32,
        links: UInt64,
        device: UInt64,
        size: UInt64,
        blockSize: UInt64,
        blocks: UInt64,
        accessedSeconds: UInt64,
        accessedNanoseconds: UInt64,
        modifiedSeconds: UInt64,
        modifiedNanoseconds: UInt64,
        changedSeconds: UInt64,
        changedNanoseconds: UInt64,
        bornSeconds: UInt64,
        bornNanoseconds: UInt64,
        generation: UInt64,
        dataVersion: UInt64
    ) {
        self.valid = valid
        self.qid = qid
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.links = links
        self.device = device
        self.size = size
        self.blockSize = blockSize
        self.blocks = blocks
        self.accessedSeconds = accessedSeconds
        self.accessedNanoseconds = accessedNanoseconds
        self.modifiedSeconds = modifiedSeconds
        self.modifiedNanoseconds = modifiedNanoseconds
        self.changedSeconds = changedSeconds
        self.changedNanoseconds = changedNanoseconds
        self.bornSeconds = bornSeconds
        self.bornNanoseconds = bornNanoseconds
        self.generation = generation
        self.dataVersion = dataVersion
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.long(&valid, "valid")
        try visitor.qid(&qid, "qid")
        try visitor.mode(&mode, "mode")
        try visitor.word(&uid, "uid")
        try visitor.word(&gid, "gid")
        try visitor.long(&links, "nlink")
        try visitor.long(&device, "rdev")
        try visitor.long(&size, "size")
        try visitor.long(&blockSize, "blksize")
        try visitor.long(&blocks, "blocks")
        try visitor.long(&accessedSeconds, "atime_sec")
        try visitor.long(&accessedNanoseconds, "atime_nsec")
        try visitor.long(&modifiedSeconds, "mtime_sec")
        try visitor.long(&modifiedNanoseconds, "mtime_nsec")
        try visitor.long(&changedSeconds, "ctime_sec")
        try visitor.long(&changedNanoseconds, "ctime_nsec")
        try visitor.long(&bornSeconds, "btime_sec")
        try visitor.long(&bornNanoseconds, "btime_nsec")
        try visitor.long(&generation, "gen")
        try visitor.long(&dataVersion, "data_version")
    }
}
