public import FileTree

/// Gives a request up.
///
/// `size[4] Tflush tag[2] oldtag[2]`
///
/// See flush(5).
@frozen
public struct Tflush: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .tflush } }
    /// The request's tag.
    public var oldTag: UInt16 = 0

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(oldTag: UInt16) {
        self.oldTag = oldTag
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.short(&oldTag, "oldtag")
    }
}

/// Says that nothing more will come about that request.
///
/// `size[4] Rflush tag[2]`
///
/// See flush(5).
@frozen
public struct Rflush: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .rflush } }

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {}
}
