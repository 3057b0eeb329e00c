public import FileTree

/// Asks for the root of a tree.
///
/// `size[4] Tattach tag[2] fid[4] afid[4] uname[s] aname[s] {n_uname[4]}`
///
/// The field in braces is there in 9P2000.u and 9P2000.L alone.
///
/// See attach(5).
@frozen
public struct Tattach: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .tattach } }
    /// The fid to be.
    public var fid: UInt32 = 0
    /// The fid an identity was proven on, or `Wire.noFid`.
    public var authFid: UInt32 = 0
    /// The user.
    public var uname: UnsafeRawBufferPointer = .empty
    /// The tree.
    public var aname: UnsafeRawBufferPointer = .empty
    /// The user's number; none when `Wire.noUser`.
    public var userNumber: UInt32 = 0

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(
        fid: UInt32,
        authFid: UInt32,
        uname: UnsafeRawBufferPointer,
        aname: UnsafeRawBufferPointer,
        userNumber: UInt32 = Wire.noUser
    ) {
        self.fid = fid
        self.authFid = authFid
        self.uname = uname
        self.aname = aname
        self.userNumber = userNumber
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.word(&fid, "fid")
        try visitor.word(&authFid, "afid")
        try visitor.string(&uname, "uname")
        try visitor.string(&aname, "aname")
        if visitor.dialect.namesUsersByNumber {
            try visitor.word(&userNumber, "n_uname")
        }
    }
}

/// Gives the root of a tree.
///
/// `size[4] Rattach tag[2] qid[13]`
///
/// See attach(5).
@frozen
public struct Rattach: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .rattach } }
    /// The file's identity.
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
