public import FileTree

/// Sets a file's attributes, in 9P2000 and 9P2000.u.
///
/// `size[4] Twstat tag[2] fid[4] stat[n]`
///
/// See stat(5).
@frozen
public struct Twstat: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .twstat } }
    /// The file.
    public var fid: UInt32 = 0
    /// The attributes; those that say "don't touch" stay.
    public var stat: StatRecord = StatRecord()

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(fid: UInt32, stat: StatRecord) {
        self.fid = fid
        self.stat = stat
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.word(&fid, "fid")
        try visitor.record(&stat, "stat")
    }
}

/// Says that all of them are set.
///
/// `size[4] Rwstat tag[2]`
///
/// See stat(5).
@frozen
public struct Rwstat: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .rwstat } }

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {}
}
