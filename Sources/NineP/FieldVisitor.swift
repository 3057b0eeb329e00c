public import FileTree

/// Whoever goes through the fields of a message in the order of the wire.
///
/// A message's layout is written down once, in its `visit`; decoding, encoding and the text form
/// are visitors of it. All of it is inlined and specialised, so a decode is a row of checked loads.
public protocol FieldVisitor {
    /// The dialect, where a layout depends on it.
    var dialect: Dialect { get }

    /// One byte.
    mutating func byte(_ value: inout UInt8, _ field: StaticString) throws(FileError)
    /// Two bytes, the lowest first; likewise the next two.
    mutating func short(_ value: inout UInt16, _ field: StaticString) throws(FileError)
    /// Four bytes.
    mutating func word(_ value: inout UInt32, _ field: StaticString) throws(FileError)
    /// Eight bytes.
    mutating func long(_ value: inout UInt64, _ field: StaticString) throws(FileError)
    /// Four bytes that people read in octal.
    mutating func mode(_ value: inout UInt32, _ field: StaticString) throws(FileError)
    /// A qid, `type[1] version[4] path[8]`.
    mutating func qid(_ value: inout Qid, _ field: StaticString) throws(FileError)
    /// A string, `len[2] bytes[len]`.
    mutating func string(
        _ value: inout UnsafeRawBufferPointer,
        _ field: StaticString
    ) throws(FileError)
    /// Bytes of a file, `count[4] data[count]`.
    mutating func data(
        _ value: inout UnsafeRawBufferPointer,
        _ field: StaticString
    ) throws(FileError)
    /// The names of a walk, `nwname[2] nwname*(wname[s])`, at most 16.
    mutating func names(_ value: inout PathNames, _ field: StaticString) throws(FileError)
    /// The qids of a walk, `nwqid[2] nwqid*(qid[13])`, at most 16.
    mutating func qids(_ value: inout WalkedQids, _ field: StaticString) throws(FileError)
    /// A directory entry with its two sizes, `n[2] size[2] ...`, where n is size + 2.
    mutating func record(_ value: inout StatRecord, _ field: StaticString) throws(FileError)
}

extension FieldVisitor {
    /// Decoded and encoded like any four bytes.
    @inlinable @inline(__always)
    public mutating func mode(_ value: inout UInt32, _ field: StaticString) throws(FileError) {
        try word(&value, field)
    }
}

/// A message: its type and its fields.
///
/// A message is trivially copied; strings and data in it are views of the buffer it was decoded
/// from, or of bytes that the sender keeps in place until it is encoded.
public protocol Message {
    /// The type's byte.
    static var type: MessageType { get }
    /// All fields zero or empty.
    init()
    /// Shows every field to `visitor`.
    mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError)
}

extension Message {
    /// Decodes the message in `frame`, whose type the caller has looked at.
    ///
    /// Errors: `.malformed` with offset and field when a field goes past the end, a count or size
    /// is not allowed, or bytes are left over.
    @inlinable
    public init(_ frame: Frame, _ dialect: Dialect) throws(FileError) {
        self.init()
        var reader = MessageReader(frame, dialect)
        try visit(&reader)
        try reader.finish()
    }
}
