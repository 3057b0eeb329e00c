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
    ///   - clock: what "now" is.
    public init(
        permissions: UInt32 = 0o755,
        uid: UInt32 = 0,
        gid: UInt32 = 0,
        capacity: Int = .max,
        clock: @escaping @Sendable () -> Timestamp = { .now }
    ) {
        store = MemoryStore(capacity: capacity, clock: clock)
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
        let (used, made) = store.lock.withLock { ($0.used, $0.nextPath - 1) }
        let capacity = min(store.capacity, 1 << 40)
        var figures = Statfs()
        figures.blocks = UInt64(capacity / 4096)
        figures.free = UInt64(max(0, capacity - used) / 4096)
        figures.files = UInt64(UInt32.max)
        figures.freeFiles = figures.files - min(figures.files, made)
        return figures
    }
}
