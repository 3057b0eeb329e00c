public import FileTree

/// Begins a conversation, and drops every fid of the one before.
///
/// `size[4] Tversion tag[2] msize[4] version[s]`
///
/// See version(5).
@frozen
public struct Tversion: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .tversion } }
    /// The longest message, in bytes.
    public var msize: UInt32 = 0
    /// The version offered.
    public var version: UnsafeRawBufferPointer = .empty

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(msize: UInt32, version: UnsafeRawBufferPointer) {
        self.msize = msize
        self.version = version
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.word(&msize, "msize")
        try visitor.string(&version, "version")
    }
}

/// Settles the longest message and the version.
///
/// `size[4] Rversion tag[2] msize[4] version[s]`
///
/// See version(5).
@frozen
public struct Rversion: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .rversion } }
    /// The longest message, in bytes; at most what was offered.
    public var msize: UInt32 = 0
    /// The version spoken from now on.
    public var version: UnsafeRawBufferPointer = .empty

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(msize: UInt32, version: UnsafeRawBufferPointer) {
        self.msize = msize
        self.version = version
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.word(&msize, "msize")
        try visitor.string(&version, "version")
    }
}
