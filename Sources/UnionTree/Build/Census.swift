import Archive
import FileTree

/// A count of all that a table shows, and a check that no two files have one qid.
struct Census {
    /// How many names of anything but directories there are.
    private(set) var files: UInt64 = 0
    /// The bytes of all regular files, once for each file of several names.
    private(set) var bytes: UInt64 = 0
    /// Whether two files have one qid.
    private(set) var hasCollision = false
    private var seen: QidSet
    private var linked: Set<TableEntry> = []

    /// Counts all that `builder`, which is done, shows.
    init(_ builder: TableBuilder) {
        // Names, not files: in an index that was made to, many directories are one inode.
        let all = builder.packages.reduce(builder.parts.records.count) { $0 + $1.index.entryCount }
        seen = QidSet(capacity: all)
        for record in builder.parts.records {
            add(record.pathHash)
            for position in 0..<record.entryCount {
                let entry = builder.parts.entries[Int(record.firstEntry + position)]
                if entry.isPackage { add(entry, record.pathHash, builder) }
            }
        }
    }

    private mutating func add(_ qidPath: UInt64) {
        if !seen.insert(qidPath) { hasCollision = true }
    }

    private mutating func add(_ entry: TableEntry, _ parent: UInt64, _ builder: TableBuilder) {
        let package = builder.packages[Int(entry.package)]
        let index = package.index
        let seed = builder.parts.seeds[Int(entry.package)]
        var pending = [(entry: entry.number, parent: parent)]
        while let next = pending.popLast() {
            let number = index.inodeNumber(next.entry)
            if index.isDirectory(next.entry) {
                let name = NameHash.name(index.name(next.entry), salt: builder.parts.salt)
                let path = NameHash.path(next.parent, name)
                add(path)
                for child in index.children(next.entry) where index.parent(child) == next.entry {
                    pending.append((child, path))
                }
                continue
            }
            files += 1
            let (links, size) = index.linksAndSize(number)
            if links > 1 {
                let key = TableEntry(package: entry.package, number: number)
                guard linked.insert(key).inserted else { continue }
            }
            bytes &+= size
            add(NameHash.member(seed, number))
        }
    }
}

/// The paths of qids seen so far.
struct QidSet {
    private var slots: [UInt64]
    private let shift: UInt64
    private var hasZero = false

    init(capacity: Int) {
        var bits: UInt64 = 4
        while 1 << bits < capacity + capacity / 2 { bits += 1 }
        shift = 64 - bits
        slots = Array(repeating: 0, count: 1 << bits)
    }

    /// Whether `path` is new.
    mutating func insert(_ path: UInt64) -> Bool {
        if path == 0 {
            defer { hasZero = true }
            return !hasZero
        }
        var slot = Int(path >> shift)
        while slots[slot] != 0 {
            if slots[slot] == path { return false }
            slot = (slot + 1) & (slots.count - 1)
        }
        slots[slot] = path
        return true
    }
}
