public import FileTree

/// Takes the fields of a message out of the bytes it came in.
///
/// Every load is behind a check against the message's end; strings and data come out as views.
@frozen
public struct MessageReader: FieldVisitor {
    @usableFromInline let bytes: UnsafeRawBufferPointer
    @usableFromInline var offset: Int
    /// The dialect, where a layout depends on it.
    public let dialect: Dialect

    /// Starts behind the header of a message.
    @inlinable
    public init(_ frame: Frame, _ dialect: Dialect) {
        self.init(frame.bytes, from: Wire.headerSize, dialect)
    }

    @inlinable
    init(_ bytes: UnsafeRawBufferPointer, from offset: Int, _ dialect: Dialect) {
        self.bytes = bytes
        self.offset = offset
        self.dialect = dialect
    }

    /// Checks that nothing is left.
    @inlinable
    public func finish() throws(FileError) {
        if offset != bytes.count { throw leftOver() }
    }

    // The cold ways, out of line.

    @usableFromInline
    func tooShort(_ field: StaticString) -> FileError {
        .malformed("offset \(offset): \(field) goes past the end at \(bytes.count)")
    }

    @usableFromInline
    func leftOver() -> FileError {
        .malformed("offset \(offset): \(bytes.count - offset) bytes behind the last field")
    }

    @usableFromInline
    func bad(_ field: StaticString, _ value: Int) -> FileError {
        .malformed("offset \(offset): \(field) \(value) is not allowed")
    }

    /// Steps over `count` bytes and says where they were.
    @inlinable @inline(__always)
    mutating func take(_ count: Int, _ field: StaticString) throws(FileError) -> Int {
        guard bytes.count - offset >= count else { throw tooShort(field) }
        defer { offset += count }
        return offset
    }

    /// One byte.
    @inlinable @inline(__always)
    public mutating func byte(_ value: inout UInt8, _ field: StaticString) throws(FileError) {
        value = bytes.load(fromByteOffset: try take(1, field), as: UInt8.self)
    }

    /// Two bytes, the lowest first.
    @inlinable @inline(__always)
    public mutating func short(_ value: inout UInt16, _ field: StaticString) throws(FileError) {
        let at = try take(2, field)
        value = UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt16.self))
    }

    /// Four bytes, the lowest first.
    @inlinable @inline(__always)
    public mutating func word(_ value: inout UInt32, _ field: StaticString) throws(FileError) {
        let at = try take(4, field)
        value = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self))
    }

    /// Eight bytes, the lowest first.
    @inlinable @inline(__always)
    public mutating func long(_ value: inout UInt64, _ field: StaticString) throws(FileError) {
        let at = try take(8, field)
        value = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
    }

    /// A qid.
    @inlinable @inline(__always)
    public mutating func qid(_ value: inout Qid, _ field: StaticString) throws(FileError) {
        let at = try take(13, field)
        value = Qid(
            type: Qid.Kind(rawValue: bytes.load(fromByteOffset: at, as: UInt8.self)),
            version: UInt32(
                littleEndian: bytes.loadUnaligned(fromByteOffset: at + 1, as: UInt32.self)
            ),
            path: UInt64(
                littleEndian: bytes.loadUnaligned(fromByteOffset: at + 5, as: UInt64.self)
            )
        )
    }

    /// A string.
    @inlinable @inline(__always)
    public mutating func string(
        _ value: inout UnsafeRawBufferPointer,
        _ field: StaticString
    ) throws(FileError) {
        var length: UInt16 = 0
        try short(&length, field)
        let at = try take(Int(length), field)
        value = UnsafeRawBufferPointer(rebasing: bytes[at..<at + Int(length)])
    }

    /// Bytes of a file.
    @inlinable @inline(__always)
    public mutating func data(
        _ value: inout UnsafeRawBufferPointer,
        _ field: StaticString
    ) throws(FileError) {
        var count: UInt32 = 0
        try word(&count, field)
        let at = try take(Int(count), field)
        value = UnsafeRawBufferPointer(rebasing: bytes[at..<at + Int(count)])
    }

    /// The names of a walk.
    @inlinable
    public mutating func names(
        _ value: inout PathNames,
        _ field: StaticString
    ) throws(FileError) {
        var count: UInt16 = 0
        try short(&count, field)
        guard Int(count) <= WalkedQids.limit else { throw bad(field, Int(count)) }
        let start = offset
        for _ in 0..<Int(count) {
            var name = UnsafeRawBufferPointer(start: nil, count: 0)
            try string(&name, field)
        }
        value = PathNames(
            bytes: UnsafeRawBufferPointer(rebasing: bytes[start..<offset]),
            count: Int(count)
        )
    }

    /// The qids of a walk.
    @inlinable
    public mutating func qids(
        _ value: inout WalkedQids,
        _ field: StaticString
    ) throws(FileError) {
        var count: UInt16 = 0
        try short(&count, field)
        guard Int(count) <= WalkedQids.limit else { throw bad(field, Int(count)) }
        value = WalkedQids()
        for _ in 0..<Int(count) {
            var one = Qid(type: .file, version: 0, path: 0)
            try qid(&one, field)
            value.append(one)
        }
    }

    /// A directory entry with its two sizes.
    @inlinable
    public mutating func record(
        _ value: inout StatRecord,
        _ field: StaticString
    ) throws(FileError) {
        var outer: UInt16 = 0
        try short(&outer, field)
        let end = offset + Int(outer)
        try bareRecord(&value, field)
        guard offset == end else { throw bad(field, Int(outer)) }
    }

    /// A directory entry with its own size alone, as it stands in a directory's data.
    @inlinable
    public mutating func bareRecord(
        _ value: inout StatRecord,
        _ field: StaticString
    ) throws(FileError) {
        var size: UInt16 = 0
        try short(&size, field)
        let start = try take(Int(size), field)
        var inner = MessageReader(
            UnsafeRawBufferPointer(rebasing: bytes[0..<start + Int(size)]),
            from: start,
            dialect
        )
        try value.visit(&inner)
        try inner.finish()
    }
}
