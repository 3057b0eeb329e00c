public import FileTree

/// Removes a name.
///
/// `size[4] Tunlinkat tag[2] dirfd[4] name[s] flags[4]`
///
/// See unlinkat(2).
@frozen
public struct Tunlinkat: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .tunlinkat } }
    /// The directory it is in.
    public var fid: UInt32 = 0
    /// The name.
    public var name: UnsafeRawBufferPointer = .empty
    /// `Wire.removeDirectory` for a directory.
    public var flags: UInt32 = 0

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(fid: UInt32, name: UnsafeRawBufferPointer, flags: UInt32) {
        self.fid = fid
        self.name = name
        self.flags = flags
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.word(&fid, "dirfd")
        try visitor.string(&name, "name")
        try visitor.word(&flags, "flags")
    }
}

/// Says that the name is gone.
///
/// `size[4] Runlinkat tag[2]`
///
/// See unlinkat(2).
@frozen
public struct Runlinkat: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .runlinkat } }

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {}
}
