public import FileTree

/// Removes a file, and forgets the fid whatever comes of it.
///
/// `size[4] Tremove tag[2] fid[4]`
///
/// See remove(5).
@frozen
public struct Tremove: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .tremove } }
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

/// Says that the file is gone.
///
/// `size[4] Rremove tag[2]`
///
/// See remove(5).
@frozen
public struct Rremove: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .rremove } }

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {}
}
