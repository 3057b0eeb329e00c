import Synchronization

/// What the nodes of one tree in memory share: the lock that guards them all, and the serials.
///
/// Nothing outside the tree is called while the lock is held.
final class MemoryStore: Sendable {
    let lock = Mutex(State())
    let budget: MemoryBudget
    let clock: @Sendable () -> Timestamp

    struct State {
        var nextPath: UInt64 = 1
        var nextCookie: UInt64 = 1
    }

    init(_ budget: MemoryBudget, clock: @escaping @Sendable () -> Timestamp) {
        self.budget = budget
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
            return MemoryInode(stat, budget)
        }
    }
}

/// How much the files of one tree in memory may take, those without a name included as long as
/// somebody holds them.
final class MemoryBudget: Sendable {
    let capacity: Int
    /// What a name, and the file behind it, are said to take beside bytes; 0 where bytes of files
    /// alone count.
    let overhead: Int
    private let taken = Atomic(0)

    init(capacity: Int, overhead: Int) {
        self.capacity = capacity
        self.overhead = overhead
    }

    var used: Int { taken.load(ordering: .relaxed) }

    /// Takes so many bytes, or gives them back when they are less than none.
    ///
    /// Called under the store's lock, so that two never take the same; what is given back when
    /// the last holder goes comes without it. Errors: `.noSpace`.
    func take(_ count: Int) throws(FileError) {
        guard count <= 0 || count <= capacity - used else { throw FileError(.noSpace) }
        taken.add(count, ordering: .relaxed)
    }

    func giveBack(_ count: Int) { taken.subtract(count, ordering: .relaxed) }
}

/// A file's contents and attributes, shared by all its names.
///
/// `@unchecked Sendable`: every variable is read and written under the store's lock alone, but for
/// a link's target, which is written before anybody else has it.
final class MemoryInode: @unchecked Sendable {
    var stat: Stat
    var bytes = MemoryBytes(capacity: 0)
    var target: [UInt8] = []
    private(set) var attributes: [[UInt8]: [UInt8]] = [:]
    private let budget: MemoryBudget
    /// What it has taken of the budget.
    private var charge = 0

    init(_ stat: Stat, _ budget: MemoryBudget) {
        self.stat = stat
        self.budget = budget
    }

    deinit { budget.giveBack(charge) }

    private func take(_ count: Int) throws(FileError) {
        try budget.take(count)
        charge += count
    }

    /// Sets an extended attribute; nil removes it.
    func setAttribute(_ name: [UInt8], to value: [UInt8]?) throws(FileError) {
        if budget.overhead > 0 {
            func cost(_ value: [UInt8]?) -> Int { value.map { $0.count + name.count + 64 } ?? 0 }
            try take(cost(value) - cost(attributes[name]))
        }
        attributes[name] = value
    }

    /// Notes a change of the contents.
    func modify(_ time: Timestamp) {
        stat.modified = time
        stat.changed = time
        stat.qid.version = stat.qid.version == .max ? 1 : stat.qid.version + 1
    }

    /// Sets the length of a file, zeros at the end; whoever holds the bytes keeps the old ones.
    func resize(_ size: Int) throws(FileError) {
        try take(size - bytes.count)
        if size > bytes.capacity || !isKnownUniquelyReferenced(&bytes) {
            let room = size > bytes.capacity ? max(size, min(bytes.capacity * 2, 1 << 26)) : size
            bytes = MemoryBytes(capacity: room, copying: bytes)
        }
        bytes.setCount(size)
        stat.size = UInt64(size)
        stat.allocated = UInt64(size)
    }
}

/// The bytes of a file.
///
/// Whoever was given a pointer to them holds the object, and a write then goes to a copy.
///
/// `@unchecked Sendable`: bytes are changed under the store's lock, and by a sole holder alone.
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
