public import FileTree

// The replies that a server writes without making a message first: errors, a read's data at its
// final place, attributes, and directories entry by entry.
extension MessageWriter {
    /// Bytes that Linux keeps for the answer to a request whose length is not the request's own.
    ///
    /// A longer one ends its mount, so no reply other than Rread and Rreaddir gets longer.
    public static var replyLimit: Int { @inlinable get { 4096 } }
    /// The same for Rstat and Rreadlink.
    public static var longReplyLimit: Int { @inlinable get { 8192 } }

    /// The longest message of a type: a request's is the conversation's own, and so is that of a
    /// reply whose request says how much it wants.
    @inlinable
    static func limit(_ type: MessageType) -> Int {
        switch type {
        case .rread, .rreaddir: .max
        case .rstat, .rreadlink: longReplyLimit
        default: type.isRequest ? .max : replyLimit
        }
    }

    /// The longest text of an error: Plan 9's own.
    @usableFromInline static var errorLimit: Int { 128 }

    /// Writes Rerror, or Rlerror in 9P2000.L, in place of whatever was begun.
    ///
    /// What is `said` goes in front of the kind's text in plain 9P2000, as far as there is room for
    /// it in 128 bytes, and without what moves a cursor.
    @inlinable
    public mutating func error(
        _ kind: FileError.Kind,
        saying said: String? = nil,
        tag: UInt16
    ) throws(FileError) {
        cancel()
        if dialect == .linux {
            try write(Rlerror(number: kind.number), tag: tag)
        } else if dialect == .plain, let said {
            let end = ": " + String(decoding: kind.text.bytes, as: UTF8.self)
            var text = String(said.unicodeScalars.filter { $0.value >= 32 && $0.value != 127 })
            if text.hasSuffix(end) { text.removeLast(end.count) }
            text = String(text.unicodeScalars.prefix(Self.errorLimit))
            while text.utf8.count + end.utf8.count > Self.errorLimit {
                text.unicodeScalars.removeLast()
            }
            text += end
            let bytes = Array(text.utf8)
            try bytes.span.bytes.withUnsafeBytes { (text) throws(FileError) in
                try write(Rerror(ename: text, number: kind.number), tag: tag)
            }
        } else {
            let text = kind.text.bytes
            assert(text.count <= Self.errorLimit, "v9fs ends a mount over a longer text")
            try write(Rerror(ename: text, number: kind.number), tag: tag)
        }
    }

    /// Begins an Rread or Rreaddir and gives the place for at most `count` bytes of data.
    ///
    /// `finishData` ends it. Errors: `.range` when the buffer has no room for them.
    @inlinable
    public mutating func beginData(
        _ type: MessageType,
        tag: UInt16,
        count: Int
    ) throws(FileError) -> UnsafeMutableRawBufferPointer {
        assert(type == .rread || type == .rreaddir)
        guard count >= 0, count <= room - Wire.readHeaderSize else { throw noRoom("data") }
        try begin(type, tag: tag, limit: Wire.readHeaderSize + count)
        _ = try take(4, "count")
        return UnsafeMutableRawBufferPointer(rebasing: buffer[offset..<offset + count])
    }

    /// Ends what `beginData` began: `count` bytes have been put at the place it gave.
    @inlinable
    public mutating func finishData(count: Int) {
        precondition(count >= 0 && count <= end - offset, "a reply longer than asked for")
        store(UInt32(truncatingIfNeeded: count), offset - 4)
        offset += count
        finish()
    }

    /// Writes the header of an Rread whose `count` bytes the caller sends behind it from where
    /// they lie.
    @inlinable
    public mutating func readHeader(tag: UInt16, count: Int) throws(FileError) {
        try begin(.rread, tag: tag, limit: Wire.readHeaderSize)
        store(UInt32(truncatingIfNeeded: count), try take(4, "count"))
        finish(following: count)
    }

    /// Writes an Rgetattr of all that `stat` holds.
    ///
    /// It is the reply sent most often, so its 160 bytes have one check and are stored field by
    /// field: the same bytes as `write` of the message, for a tenth of the instructions.
    @inlinable
    public mutating func attributes(
        _ stat: Stat,
        blockSize: UInt32,
        tag: UInt16
    ) throws(FileError) {
        let from = offset
        guard room >= 160 else { throw noRoom("valid") }
        offset += 160
        store(UInt32(160), from)
        store(MessageType.rgetattr.rawValue, from + 4)
        store(tag, from + 5)
        store(AttributeMask.basic.rawValue, from + 7)
        store(stat.qid.type.rawValue, from + 15)
        store(stat.qid.version, from + 16)
        store(stat.qid.path, from + 20)
        store(stat.mode.rawValue, from + 28)
        store(stat.uid, from + 32)
        store(stat.gid, from + 36)
        store(stat.links, from + 40)
        store(stat.device, from + 48)
        store(stat.size, from + 56)
        store(UInt64(blockSize), from + 64)
        store(stat.allocated / 512 + (stat.allocated % 512 == 0 ? 0 : 1), from + 72)
        store(stat.accessed.seconds, from + 80)
        store(UInt64(stat.accessed.nanoseconds), from + 88)
        store(stat.modified.seconds, from + 96)
        store(UInt64(stat.modified.nanoseconds), from + 104)
        store(stat.changed.seconds, from + 112)
        store(UInt64(stat.changed.nanoseconds), from + 120)
        // When it was made, generation and data version are not given.
        for place in 0..<4 as Range<Int> { store(UInt64(0), from + 128 + 8 * place) }
        start = offset
    }

    /// Writes an Rstat.
    @inlinable
    public mutating func stat(
        _ stat: Stat,
        name: UnsafeRawBufferPointer,
        owners: OwnerNames,
        target: UnsafeRawBufferPointer = .empty,
        tag: UInt16
    ) throws(FileError) {
        do {
            try begin(.rstat, tag: tag, limit: MessageWriter.longReplyLimit)
            let outer = try take(2, "stat")
            try entry(stat, name: name, owners: owners, target: target)
            store(UInt16(truncatingIfNeeded: offset - outer - 2), outer)
        } catch {
            cancel()
            throw error
        }
        finish()
    }

    /// Adds a directory entry of 9P2000 or 9P2000.u to the Rread that `beginData` began; false when
    /// it does not fit, and then nothing has been written.
    ///
    /// `finishEntries` ends the reply. `target` is what a link holds.
    @inlinable
    public mutating func append(
        _ stat: Stat,
        name: UnsafeRawBufferPointer,
        owners: OwnerNames,
        target: UnsafeRawBufferPointer = .empty
    ) -> Bool {
        let before = offset
        do {
            try entry(stat, name: name, owners: owners, target: target)
            return true
        } catch {
            // The one reason is that the reply is full, which is what false says.
            offset = before
            return false
        }
    }

    /// Adds an entry of 9P2000.L to the Rreaddir that `beginData` began; false when it does not
    /// fit, and then nothing has been written.
    ///
    /// `qid[13] offset[8] type[1] name[s]`. `finishEntries` ends the reply.
    @inlinable
    public mutating func append(
        _ qid: Qid,
        next: UInt64,
        type: FileType,
        name: UnsafeRawBufferPointer
    ) -> Bool {
        guard end - offset >= 24 + name.count else { return false }
        let before = offset
        var entry = ReaddirEntry(
            qid: qid,
            next: next,
            type: type.directoryEntryType,
            name: name
        )
        do {
            try entry.visit(&self)
            return true
        } catch {
            // The one reason is that the reply is full, which is what false says.
            offset = before
            return false
        }
    }

    /// The bytes of the entries appended so far.
    @inlinable
    public var entriesCount: Int { offset - start - Wire.readHeaderSize }

    /// Ends an Rread or Rreaddir whose entries have been appended.
    @inlinable
    public mutating func finishEntries() {
        let count = entriesCount
        store(UInt32(truncatingIfNeeded: count), start + Wire.headerSize)
        finish()
    }

    /// A directory entry with its own size.
    @inlinable
    mutating func entry(
        _ stat: Stat,
        name: UnsafeRawBufferPointer,
        owners: OwnerNames,
        target: UnsafeRawBufferPointer
    ) throws(FileError) {
        var record = StatRecord(stat, dialect)
        record.name = name
        var numbers: InlineArray<48, UInt8> = InlineArray(repeating: 0)
        var span = numbers.mutableSpan
        try span.withUnsafeMutableBytes { (digits) throws(FileError) in
            var text = DecimalText(digits)
            record.user = owners.user.count > 0 ? owners.user : text.number(UInt64(stat.uid))
            record.group = owners.group.count > 0 ? owners.group : text.number(UInt64(stat.gid))
            switch stat.mode.type {
            case .symlink: record.detail = target
            case .characterDevice: record.detail = text.device("c ", stat.device)
            case .blockDevice: record.detail = text.device("b ", stat.device)
            case .regular, .directory, .fifo, .socket: break
            }
            try bareRecord(&record, "stat")
        }
    }
}

/// What the owner and the group of a file are called, for 9P2000 and 9P2000.u; empty where only
/// the number is known, which then stands as text.
@frozen
public struct OwnerNames {
    /// The owner.
    public var user: UnsafeRawBufferPointer
    /// The group.
    public var group: UnsafeRawBufferPointer

    /// Makes a pair; the bytes stay in place while it is used.
    @inlinable
    public init(user: UnsafeRawBufferPointer = .empty, group: UnsafeRawBufferPointer = .empty) {
        self.user = user
        self.group = group
    }
}
