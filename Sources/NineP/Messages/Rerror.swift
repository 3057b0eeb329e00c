public import FileTree

/// Says why a request failed, in 9P2000 and 9P2000.u.
///
/// `size[4] Rerror tag[2] ename[s] {errno[4]}`
///
/// The field in braces is there in 9P2000.u alone.
///
/// See error(5).
@frozen
public struct Rerror: Message {
    /// The type's byte.
    public static var type: MessageType { @inlinable get { .rerror } }
    /// The reason in words.
    public var ename: UnsafeRawBufferPointer = .empty
    /// The reason as one of Linux's errors.
    public var number: UInt32 = 0

    /// All fields zero or empty.
    @inlinable
    public init() {}

    /// Makes one of its fields.
    @inlinable
    public init(ename: UnsafeRawBufferPointer, number: UInt32 = 0) {
        self.ename = ename
        self.number = number
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.string(&ename, "ename")
        if visitor.dialect.hasUnixFields {
            try visitor.word(&number, "errno")
        }
    }
}
