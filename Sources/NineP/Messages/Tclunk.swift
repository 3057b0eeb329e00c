public import FileTree

/// Forgets a fid.
///
/// `size[4] Tclunk tag[2] fid[4]`
///
/// See clunk(5).
@frozen
public struct Tclunk: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .tclunk } }
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

/// Says that the fid is free.
///
/// `size[4] Rclunk tag[2]`
///
/// See clunk(5).
@frozen
public struct Rclunk: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .rclunk } }

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {}
}
