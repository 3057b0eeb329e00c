import FileTree

/// Entries of a directory as READDIR and READDIRPLUS pack them: whole ones, as many as fit.
///
/// READDIRPLUS has in front of each what LOOKUP says of it; the node's number is put there later.
struct Listing: ~Copyable {
    private let room: UnsafeMutableRawBufferPointer
    private let limit: Int
    /// Nil in a listing of names alone.
    private let validity: Validity?
    /// Bytes so far.
    private(set) var count = 0
    /// Where the last entry begins.
    private var last = 0

    /// `ino[8] off[8] namelen[4] type[4]`, then the name, then zeros up to a multiple of 8.
    private static var headSize: Int { 24 }

    init(room: UnsafeMutableRawBufferPointer, limit: Int, validity: Validity?) {
        self.room = room
        self.limit = min(limit, room.count)
        self.validity = validity
    }

    private var prefix: Int { validity == nil ? 0 : EntryLayout.size }

    /// Adds an entry; false when it does not fit.
    mutating func add(_ stat: Stat, next: UInt64, _ name: RawSpan) -> Bool {
        let length = name.byteCount
        guard length <= 1024 else { return true }
        let size = (prefix + Self.headSize + length + 7) & ~7
        guard size <= limit - count else { return false }
        let entry = UnsafeMutableRawBufferPointer(rebasing: room[count..<(count + size)])
        if let validity { EntryLayout.store(0, stat, validity, to: entry) }
        let type = UInt32(stat.mode.type.directoryEntryType)
        // The last eight bytes are no leftover of another answer.
        entry.storeBytes(of: 0, toByteOffset: size - 8, as: UInt64.self)
        entry.storeBytes(of: stat.qid.path, toByteOffset: prefix, as: UInt64.self)
        entry.storeBytes(of: next, toByteOffset: prefix + 8, as: UInt64.self)
        entry.storeBytes(of: UInt32(length), toByteOffset: prefix + 16, as: UInt32.self)
        entry.storeBytes(of: type, toByteOffset: prefix + 20, as: UInt32.self)
        let start = prefix + Self.headSize
        name.withUnsafeBytes { bytes in
            UnsafeMutableRawBufferPointer(rebasing: entry[start..<(start + length)]).copyMemory(
                from: bytes
            )
        }
        last = count
        count += size
        return true
    }

    /// Sets the number of the node of the entry that was added last.
    borrowing func setNumber(_ number: UInt64) {
        room.storeBytes(of: number, toByteOffset: last, as: UInt64.self)
    }

    /// Shows each entry of a listing with attributes; what `body` returns is the node's number.
    borrowing func fill(_ body: (_ path: UInt64, _ name: UnsafeRawBufferPointer) -> UInt64) {
        var place = 0
        while place < count {
            let head = place + prefix
            let path = room.loadUnaligned(fromByteOffset: head, as: UInt64.self)
            let length = Int(room.loadUnaligned(fromByteOffset: head + 16, as: UInt32.self))
            let start = head + Self.headSize
            let name = UnsafeRawBufferPointer(rebasing: room[start..<(start + length)])
            room.storeBytes(of: body(path, name), toByteOffset: place, as: UInt64.self)
            place += (prefix + Self.headSize + length + 7) & ~7
        }
    }
}
