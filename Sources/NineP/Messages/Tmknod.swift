public import FileTree

/// Makes a device, fifo or socket.
///
/// `size[4] Tmknod tag[2] dfid[4] name[s] mode[4] major[4] minor[4] gid[4]`
///
/// See mknod(2).
@frozen
public struct Tmknod: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .tmknod } }
    /// The directory.
    public var fid: UInt32 = 0
    /// The node's name.
    public var name: UnsafeRawBufferPointer = .empty
    /// Its type and permissions.
    public var mode: UInt32 = 0
    /// The device's major number.
    public var major: UInt32 = 0
    /// The device's minor number.
    public var minor: UInt32 = 0
    /// The node's group.
    public var gid: UInt32 = 0

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(
        fid: UInt32,
        name: UnsafeRawBufferPointer,
        mode: UInt32,
        major: UInt32,
        minor: UInt32,
        gid: UInt32
    ) {
        self.fid = fid
        self.name = name
        self.mode = mode
        self.major = major
        self.minor = minor
        self.gid = gid
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.word(&fid, "dfid")
        try visitor.string(&name, "name")
        try visitor.mode(&mode, "mode")
        try visitor.word(&major, "major")
        try visitor.word(&minor, "minor")
        try visitor.word(&gid, "gid")
    }
}

/// Says that the node is there.
///
/// `size[4] Rmknod tag[2] qid[13]`
///
/// See mknod(2).
@frozen
public struct Rmknod: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .rmknod } }
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
