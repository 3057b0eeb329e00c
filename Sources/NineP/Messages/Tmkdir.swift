public import FileTree

/// Makes a directory.
///
/// `size[4] Tmkdir tag[2] dfid[4] name[s] mode[4] gid[4]`
///
/// See mkdir(2).
@frozen
public struct Tmkdir: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .tmkdir } }
    /// The directory it is made in.
    public var fid: UInt32 = 0
    /// Its name.
    public var name: UnsafeRawBufferPointer = .empty
    /// Its permissions.
    public var mode: UInt32 = 0
    /// Its group.
    public var gid: UInt32 = 0

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(fid: UInt32, name: UnsafeRawBufferPointer, mode: UInt32, gid: UInt32) {
        self.fid = fid
        self.name = name
        self.mode = mode
        self.gid = gid
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.word(&fid, "dfid")
        try visitor.string(&name, "name")
        try visitor.mode(&mode, "mode")
        try visitor.word(&gid, "gid")
    }
}

/// Says that the directory is there.
///
/// `size[4] Rmkdir tag[2] qid[13]`
///
/// See mkdir(2).
@frozen
public struct Rmkdir: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .rmkdir } }
    /// The new directory's identity.
    public var qid: Qid = .none

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(qid: Qid) {
        self.qid = qid
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.qid(&qid, "qid")
    }
}
