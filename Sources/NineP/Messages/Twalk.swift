public import FileTree

/// Steps down from a file and gives the place found a fid.
///
/// `size[4] Twalk tag[2] fid[4] newfid[4] nwname[2] nwname*(wname[s])`
///
/// See walk(5).
@frozen
public struct Twalk: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .twalk } }
    /// The file.
    public var fid: UInt32 = 0
    /// The fid to be; may be the same.
    public var newFid: UInt32 = 0
    /// The names, one a step; `..` steps up.
    public var names: PathNames = .empty

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(fid: UInt32, newFid: UInt32, names: PathNames) {
        self.fid = fid
        self.newFid = newFid
        self.names = names
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.word(&fid, "fid")
        try visitor.word(&newFid, "newfid")
        try visitor.names(&names, "wname")
    }
}

/// Gives the qids of the steps taken; the new fid is there only if all were.
///
/// `size[4] Rwalk tag[2] nwqid[2] nwqid*(wqid[13])`
///
/// See walk(5).
@frozen
public struct Rwalk: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .rwalk } }
    /// One a step.
    public var qids: WalkedQids = WalkedQids()

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(qids: WalkedQids) {
        self.qids = qids
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.qids(&qids, "wqid")
    }
}
