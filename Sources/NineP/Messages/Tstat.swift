public import FileTree

/// Asks for a file's attributes, in 9P2000 and 9P2000.u.
///
/// `size[4] Tstat tag[2] fid[4]`
///
/// See stat(5).
@frozen
public struct Tstat: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .tstat } }
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

/// Gives a file's attributes.
///
/// `size[4] Rstat tag[2] stat[n]`
///
/// See stat(5).
@frozen
public struct Rstat: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .rstat } }
    /// The attributes.
    public var stat: StatRecord = StatRecord()

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(stat: StatRecord) {
        self.stat = stat
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.record(&stat, "stat")
    }
}
