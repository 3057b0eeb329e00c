public import FileTree

/// Writes messages one behind the other at their final place.
///
/// No message gets longer than its limit: a field that does not fit throws `.range`, and the
/// caller drops what was begun with `cancel`.
@frozen
public struct MessageWriter: FieldVisitor {
    @usableFromInline let buffer: UnsafeMutableRawBufferPointer
    @usableFromInline var offset = 0
    @usableFromInline var start = 0
    @usableFromInline var end: Int
    /// The dialect, where a layout depends on it.
    public let dialect: Dialect

    /// Starts at the front of `buffer`, which the caller keeps in place.
    @inlinable
    public init(_ buffer: UnsafeMutableRawBufferPointer, _ dialect: Dialect) {
        self.buffer = buffer
        self.dialect = dialect
        end = buffer.count
    }

    /// The bytes of all finished messages, and of the one begun.
    @inlinable public var count: Int { offset }

    /// Bytes left in the buffer.
    @inlinable public var room: Int { buffer.count - offset }

    /// Writes a whole message, of at most `limit` bytes; a reply is never longer than Linux allows
    /// unless told so.
    ///
    /// Errors: `.range` when it does not fit; then nothing has been written.
    @inlinable
    public mutating func write<M: Message>(
        _ message: M,
        tag: UInt16,
        limit: Int? = nil
    ) throws(FileError) {
        var message = message
        do {
            try begin(M.type, tag: tag, limit: limit ?? MessageWriter.limit(M.type))
            try message.visit(&self)
        } catch {
            cancel()
            throw error
        }
        finish()
    }

    /// Begins a message of at most `limit` bytes; its fields follow, then `finish`.
    @inlinable
    public mutating func begin(
        _ type: MessageType,
        tag: UInt16,
        limit: Int = .max
    ) throws(FileError) {
        start = offset
        end = limit < room ? offset + limit : buffer.count
        let at = try take(Wire.headerSize, "header")
        buffer.storeBytes(of: type.rawValue, toByteOffset: at + 4, as: UInt8.self)
        buffer.storeBytes(of: tag.littleEndian, toByteOffset: at + 5, as: UInt16.self)
    }

    /// Ends the message begun: its size is what has been written, and `following` bytes that the
    /// caller sends behind it from another place.
    @inlinable
    public mutating func finish(following: Int = 0) {
        let size = UInt32(truncatingIfNeeded: offset - start + following)
        buffer.storeBytes(of: size.littleEndian, toByteOffset: start, as: UInt32.self)
        start = offset
        end = buffer.count
    }

    /// Drops the message begun.
    @inlinable
    public mutating func cancel() {
        offset = start
        end = buffer.count
    }

    @usableFromInline
    func noRoom(_ field: StaticString) -> FileError {
        FileError(.range, "\(field) does not fit into a message of \(end - start) bytes")
    }

    /// Steps over `count` bytes and says where they go.
    @inlinable @inline(__always)
    mutating func take(_ count: Int, _ field: StaticString) throws(FileError) -> Int {
        guard end - offset >= count else { throw noRoom(field) }
        defer { offset += count }
        return offset
    }

    @inlinable @inline(__always)
    func store<T: FixedWidthInteger>(_ value: T, _ at: Int) {
        buffer.storeBytes(of: value.littleEndian, toByteOffset: at, as: T.self)
    }

    /// One byte.
    @inlinable @inline(__always)
    public mutating func byte(_ value: inout UInt8, _ field: StaticString) throws(FileError) {
        store(value, try take(1, field))
    }

    /// Two bytes, the lowest first.
    @inlinable @inline(__always)
    public mutating func short(_ value: inout UInt16, _ field: StaticString) throws(FileError) {
        store(value, try take(2, field))
    }

    /// Four bytes, the lowest first.
    @inlinable @inline(__always)
    public mutating func word(_ value: inout UInt32, _ field: StaticString) throws(FileError) {
        store(value, try take(4, field))
    }

    /// Eight bytes, the lowest first.
    @inlinable @inline(__always)
    public mutating func long(_ value: inout UInt64, _ field: StaticString) throws(FileError) {
        store(value, try take(8, field))
    }

    /// A qid.
    @inlinable @inline(__always)
    public mutating func qid(_ value: inout Qid, _ field: StaticString) throws(FileError) {
        let at = try take(13, field)
        store(value.type.rawValue, at)
        store(value.version, at + 1)
        store(value.path, at + 5)
    }

    /// Bytes as they are, with nothing in front.
    @inlinable @inline(__always)
    mutating func raw(_ value: UnsafeRawBufferPointer, _ field: StaticString) throws(FileError) {
        let at = try take(value.count, field)
        if let from = value.baseAddress, let to = buffer.baseAddress {
            (to + at).copyMemory(from: from, byteCount: value.count)
        }
    }

    /// A string.
    @inlinable @inline(__always)
    public mutating func string(
        _ value: inout UnsafeRawBufferPointer,
        _ field: StaticString
    ) throws(FileError) {
        guard value.count <= Int(UInt16.max) else { throw noRoom(field) }
        store(UInt16(value.count), try take(2, field))
        try raw(value, field)
    }

    /// Bytes of a file.
    @inlinable @inline(__always)
    public mutating func data(
        _ value: inout UnsafeRawBufferPointer,
        _ field: StaticString
    ) throws(FileError) {
        guard value.count <= Int(UInt32.max) else { throw noRoom(field) }
        store(UInt32(value.count), try take(4, field))
        try raw(value, field)
    }

    /// The names of a walk.
    @inlinable
    public mutating func names(
        _ value: inout PathNames,
        _ field: StaticString
    ) throws(FileError) {
        guard value.count <= WalkedQids.limit else { throw noRoom(field) }
        store(UInt16(value.count), try take(2, field))
        var names = value
        while var name = names.next() { try string(&name, field) }
    }

    /// The qids of a walk.
    @inlinable
    public mutating func qids(
        _ value: inout WalkedQids,
        _ field: StaticString
    ) throws(FileError) {
        store(UInt16(value.count), try take(2, field))
        for position in 0..<value.count {
            var one = value[position]
            try qid(&one, field)
        }
    }

    /// A directory entry with its two sizes.
    @inlinable
    public mutating func record(
        _ value: inout StatRecord,
        _ field: StaticString
    ) throws(FileError) {
        let outer = try take(2, field)
        try bareRecord(&value, field)
        store(UInt16(truncatingIfNeeded: offset - outer - 2), outer)
    }

    /// A directory entry with its own size alone, as it stands in a directory's data.
    @inlinable
    public mutating func bareRecord(
        _ value: inout StatRecord,
        _ field: StaticString
    ) throws(FileError) {
        let at = try take(2, field)
        try value.visit(&self)
        guard offset - at <= Int(UInt16.max) else { throw noRoom(field) }
        store(UInt16(truncatingIfNeeded: offset - at - 2), at)
    }
}
