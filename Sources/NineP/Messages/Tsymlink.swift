public import FileTree

/// Makes a symbolic link.
///
/// `size[4] Tsymlink tag[2] fid[4] name[s] symtgt[s] gid[4]`
///
/// See symlink(2).
@frozen
public struct Tsymlink: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .tsymlink } }
    /// The directory.
    public var fid: UInt32 = 0
    /// The link's name.
    public var name: UnsafeRawBufferPointer = .empty
    /// What it holds.
    public var target: UnsafeRawBufferPointer = .empty
    /// The link's group.
    public var gid: UInt32 = 0

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(
        fid: UInt32,
        name: UnsafeRawBufferPointer,
        target: UnsafeRawBufferPointer,
        gid: UInt32
    ) {
        self.fid = fid
        self.name = name
        self.target = target
        self.gid = gid
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.word(&fid, "fid")
        try visitor.string(&name, "name")
        try visitor.string(&target, "symtgt")
        try visitor.word(&gid, "gid")
    }
}

/// Says that the link is there.
///
/// `size[4] Rsymlink tag[2] qid[13]`
///
/// See symlink(2).
@frozen
public struct Rsymlink: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .rsymlink } }
    /// The new file's identity.
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
