import Synchronization

/// One name of a file in memory; by itself a device, fifo or socket.
///
/// `@unchecked Sendable`: every variable is read and written under the store's lock alone.
class MemoryNode: Node, @unchecked Sendable {
    let inode: MemoryInode
    let store: MemoryStore
    /// Replaced as a whole, so that a reader may use it without the lock.
    var name: [UInt8]
    /// Weak, since the directory holds its nodes.
    weak var container: MemoryDirectory?
    /// Its place in the order in which its directory is listed.
    var cookie: UInt64 = 0

    init(name: [UInt8], inode: MemoryInode, container: MemoryDirectory?, store: MemoryStore) {
        self.name = name
        self.inode = inode
        self.container = container
        self.store = store
    }

    /// What the name has taken of the store's budget.
    private var charge = 0

    deinit { store.budget.giveBack(charge) }

    /// Takes room for the name; the lock is held.
    ///
    /// Errors: `.noSpace`.
    func takeRoom() throws(FileError) {
        let overhead = store.budget.overhead
        guard overhead > 0 else { return }
        let cost = overhead + inode.target.count
        try store.budget.take(cost)
        charge += cost
    }

    // A subclass is not asked for a protocol's default: these have to be its own.
    var file: (any File)? { nil }
    var directory: (any Directory)? { nil }
    var link: (any Link)? { nil }

    var qid: Qid { store.lock.withLock { _ in inode.stat.qid } }

    func stat() throws(FileError) -> Stat { store.lock.withLock { _ in inode.stat } }

    var parent: (any Directory)? { store.lock.withLock { _ in container } }

    func withName(_ body: (RawSpan) -> Void) {
        let name = store.lock.withLock { _ in self.name }
        body(name.span.bytes)
    }

    func change(_ change: StatChange, by user: User) throws(FileError) {
        let now = store.clock()
        try store.lock.withLock { (state) throws(FileError) in
            let change = try change.allowed(for: user, on: inode.stat)
            if let size = change.size {
                guard inode.stat.mode.type == .regular else { throw FileError(.isDirectory) }
                guard size <= Int.max / 4 else { throw FileError(.tooBig) }
                try inode.resize(Int(size))
                inode.modify(now)
            }
            change.apply(to: &inode.stat, at: now)
        }
    }

    func attribute(_ name: RawSpan) throws(FileError) -> [UInt8] {
        let key = Array(name)
        guard let value = store.lock.withLock({ _ in inode.attributes[key] }) else {
            throw FileError(.noAttribute)
        }
        return value
    }

    func attributeNames() throws(FileError) -> [UInt8] {
        let names = store.lock.withLock { _ in inode.attributes.keys.map { $0 } }
        return Array(names.sorted { $0.lexicographicallyPrecedes($1) }.map { $0 + [0] }.joined())
    }

    func setAttribute(_ name: RawSpan, to value: [UInt8]?) throws(FileError) {
        let key = Array(name)
        let now = store.clock()
        try store.lock.withLock { (_) throws(FileError) in
            if value == nil, inode.attributes[key] == nil { throw FileError(.noAttribute) }
            try inode.setAttribute(key, to: value)
            inode.stat.changed = now
        }
    }
}

extension Array where Element == UInt8 {
    /// A copy of bytes from a wire or a disk.
    public init(_ bytes: RawSpan) {
        self = bytes.withUnsafeBytes { Array($0) }
    }
}
