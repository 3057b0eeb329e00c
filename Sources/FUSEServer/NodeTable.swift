import FileTree
import Synchronization

/// The nodes that the kernel knows, and how often it has been told of each.
///
/// A node's number is the path of its qid, so that all names of a file are one inode of the kernel,
/// with one cache, and so that a number never comes to stand for another file. The root is 1.
final class NodeTable: Sendable {
    /// Each part has a lock of its own: threads that look up other files do not meet.
    private static var parts: Int { 16 }

    /// What the kernel knows as one inode.
    ///
    /// `@unchecked Sendable`: all of it is guarded by its part's lock.
    private final class Known: @unchecked Sendable {
        var node: any Node
        var lookups: UInt64 = 1
        /// Of a file with several names those found before: in some trees a node goes with its
        /// name.
        var others: [any Node] = []

        init(_ node: any Node) { self.node = node }
    }

    /// So many other names of a file are kept.
    private static var mostOthers: Int { 8 }

    private final class Part: Sendable {
        let nodes = Mutex<[UInt64: Known]>([:])
    }

    static var rootNumber: UInt64 { 1 }

    let root: any Directory
    private let rootPath: UInt64
    private let parts = (0..<NodeTable.parts).map { _ in Part() }
    private let count = Atomic<Int>(0)
    private let limit: Int

    init(root: any Directory, limit: Int) {
        self.root = root
        rootPath = root.qidPath
        self.limit = limit
    }

    private func part(_ number: UInt64) -> Part {
        parts[Int(truncatingIfNeeded: (number &* 0x9E37_79B9_7F4A_7C15) >> 60)]
    }

    /// The number of a file: 0 means none to the kernel, and 1 the root.
    func number(of path: UInt64) -> UInt64 {
        if path == rootPath { return Self.rootNumber }
        // No qid has these two.
        return path > 1 ? path : .max - path
    }

    /// The node of a number.
    ///
    /// Errors: `.notFound` for one that the kernel was never told, or has forgotten.
    @inline(__always)
    func find(_ number: UInt64) throws(FileError) -> any Node {
        if number == Self.rootNumber { return root }
        guard let node = part(number).nodes.withLock({ $0[number]?.node }) else {
            throw FileError(.notFound, "node \(number)")
        }
        return node
    }

    /// The directory of a number.
    @inline(__always)
    func directory(_ number: UInt64) throws(FileError) -> any Directory {
        guard let directory = try find(number).directory else { throw FileError(.notDirectory) }
        return directory
    }

    /// Counts that the kernel is told of a node, and returns its number.
    ///
    /// Of several names of a file the one found last counts: it is the likeliest to be there.
    /// Errors: `.noMemory` at the limit.
    @inline(__always)
    func remember(_ node: any Node, hasOthers: Bool) throws(FileError) -> UInt64 {
        let number = number(of: node.qidPath)
        if number == Self.rootNumber { return number }
        // Let go of outside of the lock: its end is its tree's business.
        var old: (any Node)?
        part(number).nodes.withLock { nodes in
            guard let known = nodes[number] else {
                nodes[number] = Known(node)
                return
            }
            old = known.node
            known.lookups &+= 1
            known.node = node
            if hasOthers, let old {
                known.others = [old] + known.others.prefix(Self.mostOthers - 1)
            }
        }
        if old == nil, count.add(1, ordering: .relaxed).newValue > limit {
            forget(number, 1)
            throw FileError(.noMemory, "the kernel holds more than \(limit) files")
        }
        return number
    }

    /// Has another name's node stand for a file whose node has gone; false when there is none.
    func replace(_ number: UInt64) -> Bool {
        // What goes does so outside of the lock.
        var gone: (any Node)?
        return part(number).nodes.withLock { nodes in
            guard let known = nodes[number], !known.others.isEmpty else { return false }
            gone = known.node
            known.node = known.others.removeFirst()
            return gone != nil
        }
    }

    /// Whether the kernel has been told of the file of a qid's path.
    func knows(_ path: UInt64) -> Bool {
        let number = number(of: path)
        return part(number).nodes.withLock { $0[number] != nil }
    }

    /// Counts that the kernel is told once more of the file of a qid's path; nil when it is not
    /// one that it knows.
    func rememberAgain(_ path: UInt64) -> UInt64? {
        let number = number(of: path)
        if number == Self.rootNumber { return nil }
        let isKnown = part(number).nodes.withLock { nodes in
            guard let known = nodes[number] else { return false }
            known.lookups &+= 1
            return true
        }
        return isKnown ? number : nil
    }

    /// Takes back what `remember` counted, `lookups` times; at none the node goes.
    ///
    /// Returns whether it went.
    @discardableResult
    func forget(_ number: UInt64, _ lookups: UInt64) -> Bool {
        if number == Self.rootNumber { return false }
        var gone: Known?
        part(number).nodes.withLock { nodes in
            guard let known = nodes[number] else { return }
            if known.lookups <= lookups {
                gone = nodes.removeValue(forKey: number)
            } else {
                known.lookups -= lookups
            }
        }
        guard gone != nil else { return false }
        count.subtract(1, ordering: .relaxed)
        return true
    }

    /// All that the kernel knows, with their numbers, in no order.
    var all: [(number: UInt64, node: any Node)] {
        var found: [(number: UInt64, node: any Node)] = [(Self.rootNumber, root)]
        for part in parts {
            found += part.nodes.withLock { nodes in nodes.map { ($0.key, $0.value.node) } }
        }
        return found
    }

    /// Has a node stand for a file that the kernel knows, if it is of the same.
    func renew(_ node: any Node) {
        let number = number(of: node.qidPath)
        // Let go of outside of the lock.
        var old: (any Node)?
        part(number).nodes.withLock { nodes in
            guard let known = nodes[number] else { return }
            old = known.node
            known.node = node
        }
        withExtendedLifetime(old) {}
    }

    /// How many there are.
    var known: Int { count.load(ordering: .relaxed) }

    /// Lets go of all.
    func removeAll() {
        for part in parts {
            let gone = part.nodes.withLock { nodes in
                let all = nodes
                nodes = [:]
                return all
            }
            count.subtract(gone.count, ordering: .relaxed)
        }
    }
}
