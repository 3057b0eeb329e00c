import Synchronization

/// What the nodes of one tree in memory share: the lock that guards them all, and the serials.
///
/// Nothing outside the tree is called while the lock is held.
final class MemoryStore: Sendable {
    let lock = Mutex(State())
    let capacity: Int
    let clock: @Sendable () -> Timestamp

    struct State {
        var nextPath: UInt64 = 1
        var nextCookie: UInt64 = 1
        /// Bytes held by files that have a name.
        var used = 0
    }

    init(capacity: Int, clock: @escaping @Sendable () -> Timestamp) {
        self.capacity = capacity
        self.clock = clock
    }

    func makeInode(_ type: FileType, _ attributes: NewNode) -> MemoryInode {
        let time = clock()
        return lock.withLock { state in
            defer { state.nextPath += 1 }
            let qid = Qid(type: type.qidKind, version: 1, path: state.nextPath)
            var stat = Stat(qid: qid, mode: Mode(type, attributes.permissions))
            stat.uid = attributes.uid
            stat.gid = attributes.gid
            stat.setTimes(time)
            return MemoryInode(stat)
        }
    }
}

/// A file's contents and attributes, shared by all its names.
///
/// `@unchecked`: every variable is read and written under the store's lock alone.
final class MemoryInode: @unchecked Sendable {
    var stat: Stat
    var bytes = MemoryBytes(capacity: 0)
    var target: [UInt8] = []
    var attributes: [[UInt8]: [UInt8]] = [:]

    init(_ stat: Stat) { self.stat = stat }

    /// Notes a change of the contents.
    func modify(_ time: Timestamp) {
        stat.modified = time
        stat.changed = time
        stat.qid.version = stat.qid.version == .max ? 1 : stat.qid.version + 1
    }

    /// Sets the length of a file, zeros at the end; whoever holds the bytes keeps the old ones.
    func resize(_ size: Int, _ state: inout MemoryStore.State, capacity: Int) throws(FileError) {
        let growth = size - bytes.count
        guard growth <= capacity - state.used else { throw FileError(.noSpace) }
        if size > bytes.capacity || !isKnownUniquelyReferenced(&bytes) {
            let room = size > bytes.capacity ? max(size, min(bytes.capacity * 2, 1 << 26)) : size
            bytes = MemoryBytes(capacity: room, copying: bytes)
        }
        bytes.setCount(size)
        if stat.links > 0 { state.used += growth }
        stat.size = UInt64(size)
        stat.allocated = UInt64(size)
    }
}

/// The bytes of a file.
///
/// Whoever was given a pointer to them holds the object, and a write then goes to a copy.
///
/// `@unchecked`: bytes are changed under the store's lock, and by a sole holder alone.
final class MemoryBytes: @unchecked Sendable {
    let storage: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(capacity: Int) {
        storage = .allocate(byteCount: capacity, alignment: 16)
    }

    convenience init(capacity: Int, copying other: MemoryBytes) {
        self.init(capacity: capacity)
        count = min(other.count, capacity)
        storage.copyMemory(from: UnsafeRawBufferPointer(rebasing: other.storage[..<count]))
    }

    deinit { storage.deallocate() }

    var capacity: Int { storage.count }

    func setCount(_ newCount: Int) {
        if newCount > count {
            storage[count..<newCount].initializeMemory(as: UInt8.self, repeating: 0)
        }
        count = newCount
    }
}
