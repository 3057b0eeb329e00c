public import FileTree

/// Says why a request failed, in 9P2000.L.
///
/// `size[4] Rlerror tag[2] ecode[4]`
@frozen
public struct Rlerror: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .rlerror } }
    /// The reason as one of Linux's errors.
    public var number: UInt32 = 0

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(number: UInt32) {
        self.number = number
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.word(&number, "ecode")
    }
}
