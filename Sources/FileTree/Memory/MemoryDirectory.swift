/// A directory in memory: its nodes twice, by name to find them and by cookie to list them.
///
/// `@unchecked Sendable`: every variable is read and written under the store's lock alone.
final class MemoryDirectory: MemoryNode, @unchecked Sendable {
    private(set) var byName: [MemoryNode] = []
    private var byCookie: [MemoryNode] = []
    /// Set once it has no name any more, so that nothing is made in it.
    var isRemoved = false

    override var directory: (any Directory)? { self }

    /// The place of `name`, or the place where it would go.
    private func place(_ name: RawSpan) -> (index: Int, isThere: Bool) {
        var low = 0
        var high = byName.count
        while low < high {
            let middle = (low + high) / 2
            switch byName[middle].name.span.bytes.compare(name) {
            case 0: return (middle, true)
            case ..<0: low = middle + 1
            default: high = middle
            }
        }
        return (low, false)
    }

    func find(_ name: RawSpan) -> MemoryNode? {
        let (index, isThere) = place(name)
        return isThere ? byName[index] : nil
    }

    /// Takes a node in; the name is free, the lock is held.
    func insert(_ node: MemoryNode, _ state: inout MemoryStore.State, _ now: Timestamp) {
        node.container = self
        node.cookie = state.nextCookie
        state.nextCookie += 1
        byName.insert(node, at: place(node.name.span.bytes).index)
        byCookie.append(node)
        inode.modify(now)
    }

    /// Lets a node go; it is there, the lock is held.
    func detach(_ node: MemoryNode, _ now: Timestamp) {
        byName.remove(at: place(node.name.span.bytes).index)
        byCookie.remove(at: firstPlace(after: node.cookie - 1))
        inode.modify(now)
    }

    /// The first place in the listing whose cookie is larger than `cookie`.
    func firstPlace(after cookie: UInt64) -> Int {
        byCookie.indices.partitionPoint { byCookie[$0].cookie > cookie }
    }

    /// The node listed behind `cookie`; nil at the end.
    func node(after cookie: UInt64) -> MemoryNode? {
        let place = firstPlace(after: cookie)
        return place < byCookie.count ? byCookie[place] : nil
    }

    /// Whether this is `other` or lies below it; the lock is held.
    func isWithin(_ other: MemoryDirectory) -> Bool {
        var step: MemoryDirectory? = self
        while let directory = step {
            if directory === other { return true }
            step = directory.container
        }
        return false
    }
}

extension RawSpan {
    /// Compares as memcmp(3) does, a prefix before what it begins.
    func compare(_ other: RawSpan) -> Int {
        withUnsafeBytes { a in
            other.withUnsafeBytes { b in
                for index in 0..<min(a.count, b.count) where a[index] != b[index] {
                    return a[index] < b[index] ? -1 : 1
                }
                return a.count - b.count
            }
        }
    }
}
