public import FileTree

/// An entry of a directory in 9P2000.L: `qid[13] offset[8] type[1] name[s]`.
@frozen
public struct ReaddirEntry {
    /// The file's identity.
    public var qid: Qid
    /// The offset with which a Treaddir goes on behind this entry.
    public var next: UInt64
    /// The file's type.
    ///
    /// The corresponding constants are `DT_REG` and so on.
    public var type: UInt8
    /// The file's name.
    public var name: UnsafeRawBufferPointer

    /// Makes an entry.
    @inlinable
    public init(qid: Qid, next: UInt64, type: UInt8, name: UnsafeRawBufferPointer) {
        self.qid = qid
        self.next = next
        self.type = type
        self.name = name
    }

    /// Shows every field to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.qid(&qid, "qid")
        try visitor.long(&next, "offset")
        try visitor.byte(&type, "type")
        try visitor.string(&name, "name")
    }
}

/// The entries in the data of an Rread from a directory, or of an Rreaddir, one after the other.
@frozen
public struct EntryReader {
    @usableFromInline var reader: MessageReader

    /// Starts at the front of `data`, which the caller keeps in place.
    @inlinable
    public init(_ data: UnsafeRawBufferPointer, _ dialect: Dialect) {
        reader = MessageReader(data, from: 0, dialect)
    }

    /// The next entry of 9P2000.L; nil at the end.
    ///
    /// Errors: `.malformed` for a part of an entry.
    @inlinable
    public mutating func nextEntry() throws(FileError) -> ReaddirEntry? {
        if reader.isAtEnd { return nil }
        var entry = ReaddirEntry(qid: .none, next: 0, type: 0, name: .empty)
        try entry.visit(&reader)
        return entry
    }

    /// The next entry of 9P2000 or 9P2000.u; nil at the end.
    ///
    /// Errors: `.malformed` for a part of an entry.
    @inlinable
    public mutating func nextRecord() throws(FileError) -> StatRecord? {
        if reader.isAtEnd { return nil }
        var record = StatRecord()
        try reader.bareRecord(&record, "stat")
        return record
    }
}

extension MessageReader {
    /// Whether all fields have been taken.
    @inlinable
    var isAtEnd: Bool { offset == bytes.count }
}
