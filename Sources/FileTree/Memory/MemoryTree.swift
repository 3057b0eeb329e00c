import Synchronization

/// A tree held in memory, where everything can be changed.
///
/// It is what control files and tests are made of, and the smallest whole example of a tree.
public final class MemoryTree: Tree {
    let store: MemoryStore
    private let top: MemoryDirectory

    /// Makes a tree of an empty directory.
    ///
    /// - Parameters:
    ///   - permissions: the root's twelve lower mode bits.
    ///   - uid: the root's owner.
    ///   - gid: the root's group.
    ///   - capacity: bytes that all files together may hold; more is `.noSpace`.
    ///   - countsAll: whether names and attributes take of the capacity, too, so that it bounds
    ///     the memory that the tree needs.
    ///   - clock: what "now" is.
    public init(
        permissions: UInt32 = 0o755,
        uid: UInt32 = 0,
        gid: UInt32 = 0,
        capacity: Int = .max,
        countsAll: Bool = false,
        clock: @escaping @Sendable () -> Timestamp = { .now }
    ) {
        let budget = MemoryBudget(capacity: capacity, overhead: countsAll ? 1024 : 0)
        store = MemoryStore(budget, clock: clock)
        let attributes = NewNode(permissions: permissions, uid: uid, gid: gid)
        let inode = store.makeInode(.directory, attributes)
        top = MemoryDirectory(name: Array("/".utf8), inode: inode, container: nil, store: store)
    }

    /// The root, whoever asks.
    public var root: any Directory { top }

    /// Gives the root to anyone; it has no other name than the empty one and `/`.
    public func attach(as user: User, to name: String) throws(FileError) -> Attachment {
        guard name.isEmpty || name == "/" else { throw FileError(.notFound, name) }
        return Attachment(root: top, tree: self)
    }

    /// The bytes held, in blocks of 4 KiB; files as many as there are numbers for.
    public func statfs() throws(FileError) -> Statfs {
        let made = store.lock.withLock { $0.nextPath - 1 }
        let used = store.budget.used
        let capacity = min(store.budget.capacity, 1 << 40)
        var figures = Statfs()
        figures.blocks = UInt64(capacity / 4096)
        figures.free = UInt64(max(0, capacity - used) / 4096)
        figures.files = UInt64(UInt32.max)
        figures.freeFiles = figures.files - min(figures.files, made)
        return figures
    }
}
