import FileTree

/// The layouts in which the kernel is told of files.
///
/// Callers see to the room.
enum EntryLayout {
    /// What LOOKUP and its like answer.
    ///
    /// `nodeid[8] generation[8] entry_valid[8] attr_valid[8] entry_valid_nsec[4]
    /// attr_valid_nsec[4] attr[88]`
    static var size: Int { 128 }
    /// What the kernel is told of a file in every answer.
    ///
    /// `ino[8] size[8] blocks[8] atime[8] mtime[8] ctime[8] atimensec[4] mtimensec[4] ctimensec[4]
    /// mode[4] nlink[4] uid[4] gid[4] rdev[4] blksize[4] flags[4]`
    static var attributesSize: Int { 88 }

    /// Stores what a name stands for; the number 0 says that there is none.
    @inline(__always)
    static func store(
        _ node: UInt64,
        _ stat: Stat,
        _ validity: Validity,
        to room: UnsafeMutableRawBufferPointer
    ) {
        room.storeBytes(of: node, as: UInt64.self)
        room.storeBytes(of: 0, toByteOffset: 8, as: UInt64.self)
        room.storeBytes(of: validity.seconds, toByteOffset: 16, as: UInt64.self)
        room.storeBytes(of: validity.seconds, toByteOffset: 24, as: UInt64.self)
        room.storeBytes(of: validity.nanoseconds, toByteOffset: 32, as: UInt32.self)
        room.storeBytes(of: validity.nanoseconds, toByteOffset: 36, as: UInt32.self)
        store(stat, to: room, at: 40)
    }

    /// Stores attributes.
    @inline(__always)
    static func store(_ stat: Stat, to room: UnsafeMutableRawBufferPointer, at place: Int) {
        let blocks = stat.allocated >> 9 + (stat.allocated & 511 == 0 ? 0 : 1)
        room.storeBytes(of: stat.qid.path, toByteOffset: place, as: UInt64.self)
        room.storeBytes(of: stat.size, toByteOffset: place + 8, as: UInt64.self)
        room.storeBytes(of: blocks, toByteOffset: place + 16, as: UInt64.self)
        room.storeBytes(of: stat.accessed.seconds, toByteOffset: place + 24, as: Int64.self)
        room.storeBytes(of: stat.modified.seconds, toByteOffset: place + 32, as: Int64.self)
        room.storeBytes(of: stat.changed.seconds, toByteOffset: place + 40, as: Int64.self)
        room.storeBytes(of: stat.accessed.nanoseconds, toByteOffset: place + 48, as: UInt32.self)
        room.storeBytes(of: stat.modified.nanoseconds, toByteOffset: place + 52, as: UInt32.self)
        room.storeBytes(of: stat.changed.nanoseconds, toByteOffset: place + 56, as: UInt32.self)
        room.storeBytes(of: stat.mode.rawValue, toByteOffset: place + 60, as: UInt32.self)
        let links = UInt32(clamping: stat.links)
        room.storeBytes(of: links, toByteOffset: place + 64, as: UInt32.self)
        room.storeBytes(of: stat.uid, toByteOffset: place + 68, as: UInt32.self)
        room.storeBytes(of: stat.gid, toByteOffset: place + 72, as: UInt32.self)
        // The kernel's own packing, which is makedev(3)'s lower half.
        let device = UInt32(truncatingIfNeeded: stat.device)
        room.storeBytes(of: device, toByteOffset: place + 76, as: UInt32.self)
        room.storeBytes(of: 4096, toByteOffset: place + 80, as: UInt32.self)
        room.storeBytes(of: 0, toByteOffset: place + 84, as: UInt32.self)
    }
}

extension Reply {
    /// Puts what a name stands for.
    @inline(__always)
    mutating func putEntry(_ node: UInt64, _ stat: Stat, _ validity: Validity) {
        EntryLayout.store(node, stat, validity, to: room)
        commit(EntryLayout.size)
    }

    /// Says that there is no such name, and for how long that holds.
    mutating func putMissing(_ validity: Validity) {
        let nothing = Stat(qid: Qid(type: .file, version: 0, path: 0), mode: Mode(rawValue: 0))
        putEntry(0, nothing, validity)
    }

    /// Puts `attr_valid[8] attr_valid_nsec[4] pad[4] attr[88]`.
    @inline(__always)
    mutating func putAnswer(_ stat: Stat, _ validity: Validity) {
        put(validity.seconds)
        put(validity.nanoseconds)
        put(UInt32(0))
        EntryLayout.store(stat, to: room, at: 0)
        commit(EntryLayout.attributesSize)
    }
}
