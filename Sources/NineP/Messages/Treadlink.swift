public import FileTree

/// Asks what a symbolic link holds.
///
/// `size[4] Treadlink tag[2] fid[4]`
///
/// See readlink(2).
@frozen
public struct Treadlink: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .treadlink } }
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

/// Gives what a link holds.
///
/// `size[4] Rreadlink tag[2] target[s]`
///
/// See readlink(2).
@frozen
public struct Rreadlink: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .rreadlink } }
    /// The path.
    public var target: UnsafeRawBufferPointer = .empty

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(target: UnsafeRawBufferPointer) {
        self.target = target
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.string(&target, "target")
    }
}
