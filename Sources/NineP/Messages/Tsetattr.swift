public import FileTree

/// Sets a file's attributes.
///
/// `size[4] Tsetattr tag[2] fid[4] valid[4] mode[4] uid[4] gid[4] size[8] atime_sec[8]
/// atime_nsec[8] mtime_sec[8] mtime_nsec[8]`
///
/// See chmod(2), chown(2), truncate(2) and utimensat(2).
@frozen
public struct Tsetattr: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .tsetattr } }
    /// The file.
    public var fid: UInt32 = 0
    /// Those to be set: a `SetAttributeMask`.
    public var valid: UInt32 = 0
    /// The permissions.
    public var mode: UInt32 = 0
    /// The owner.
    public var uid: UInt32 = 0
    /// The group.
    public var gid: UInt32 = 0
    /// The length in bytes.
    public var size: UInt64 = 0
    /// Last read, in seconds since 1970.
    public var accessedSeconds: UInt64 = 0
    /// The nanoseconds of that.
    public var accessedNanoseconds: UInt64 = 0
    /// Last change of the contents, in seconds since 1970.
    public var modifiedSeconds: UInt64 = 0
    /// The nanoseconds of that.
    public var modifiedNanoseconds: UInt64 = 0

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(
        fid: UInt32,
        valid: UInt32,
        mode: UInt32,
        uid: UInt32,
        gid: UInt32,
        size: UInt64,
        accessedSeconds: UInt64,
        accessedNanoseconds: UInt64,
        modifiedSeconds: UInt64,
        modifiedNanoseconds: UInt64
    ) {
        self.fid = fid
        self.valid = valid
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.size = size
        self.accessedSeconds = accessedSeconds
        self.accessedNanoseconds = accessedNanoseconds
        self.modifiedSeconds = modifiedSeconds
        self.modifiedNanoseconds = modifiedNanoseconds
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.word(&fid, "fid")
        try visitor.word(&valid, "valid")
        try visitor.mode(&mode, "mode")
        try visitor.word(&uid, "uid")
        try visitor.word(&gid, "gid")
        try visitor.long(&size, "size")
        try visitor.long(&accessedSeconds, "atime_sec")
        try visitor.long(&accessedNanoseconds, "atime_nsec")
        try visitor.long(&modifiedSeconds, "mtime_sec")
        try visitor.long(&modifiedNanoseconds, "mtime_nsec")
    }
}

/// Says that all of them are set.
///
/// `size[4] Rsetattr tag[2]`
///
/// See chmod(2), chown(2), truncate(2) and utimensat(2).
@frozen
public struct Rsetattr: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .rsetattr } }

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {}
}
