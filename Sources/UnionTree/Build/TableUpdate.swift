import Archive
import FileTree

/// Makes a table from one that other packages have, by those that have gone or come alone.
///
/// Of the shared directories only those are made anew that the changed packages have; of these
/// only the names that the changed packages have are looked at; all else is copied, with other
/// numbers. No other package is opened but those that have such a name, too.
///
/// What comes of it is the table that a merge of all makes, byte for byte. What is not plain is
/// left to that merge: packages that disagree, a rule that has something to say about a changed
/// name, files of several names where some are hidden.
///
/// One thing is not seen here: that a file which came has the qid of one in a directory that no
/// other package shares. To see that takes the qids of all files, which no table has: for a
/// million they are eight megabytes to read, or a thousand packages to open, at each add. A client
/// that keeps files by their qids would have the one for the other. By accident it happens to one
/// add in ten thousand million, of a thousand files to a million; the merge of all, which whoever
/// has no table of a state before makes, sees it and takes other qids. Who makes it happen has to
/// try some ten million packages as large as the environment to hit any file of it, and shows there
/// bytes of a package that the user has taken: what he does not get past is who may write, what is
/// executable as another user (set-id bits are masked), and what a package's hash says of it.
struct TableUpdate {
    let old: Table
    /// What packages are numbered now, by their old numbers; `gone` for those that went.
    let map: [UInt32]
    static let gone = UInt32.max
    /// The packages that went, and behind them those that came.
    let changed: [Changed]
    let changedPackages: [Package]
    /// Whether the aliases of a merged /usr are there.
    let usr: Bool
    private let open: (Int) throws(FileError) -> Package
    private var opened: [UInt32: Package] = [:]

    var parts: TableParts
    var pending: [Pending] = []
    var files: UInt64
    var bytes: UInt64
    /// The qids of all that came and is shown.
    var qids: [UInt64] = []
    var linked: Set<TableEntry> = []
    /// Which directories of the old table have been taken over.
    var taken: [Bool]
    /// What aliases move below usr of the packages that changed.
    var moved: [[UInt8]: [TableEntry]] = [:]

    /// A package that went or came.
    struct Changed {
        /// Its number, the old one or the new.
        var number: UInt32
        var isNew: Bool
    }

    /// How a directory of the new table is to be made.
    struct Pending {
        /// The directory of the old table that it was.
        var old: UInt32?
        /// The directories in it of packages that changed, numbered as `changed` is.
        var changes: [TableEntry] = []
        /// All directories that make it up, where it was none.
        var fresh: [TableEntry] = []
        var depth: UInt16
        /// Whether it is the one that aliases of a merged /usr lead to.
        var isUsr = false
    }

    /// Starts with a table; nil where a merge of all is needed.
    ///
    /// - Parameters:
    ///   - old: of a set of packages.
    ///   - before: those packages' ids, ascending.
    ///   - after: the ids of those that there are now, ascending.
    ///   - openOld: opens one of `before`.
    ///   - openNew: opens one of `after`.
    ///   - seeds: what the qids of their files are made of, where that is known.
    /// - Throws: Errors of opening those that there are now.
    init?(
        _ old: Table,
        from before: [ContentID],
        to after: [ContentID],
        openOld: (Int) throws(FileError) -> Package,
        openNew: @escaping (Int) throws(FileError) -> Package,
        seeds: [UInt64]? = nil
    ) throws(FileError) {
        guard old.flags.isPlain, old.salt == 0, !before.isEmpty, !after.isEmpty else { return nil }
        var map: [UInt32] = []
        map.reserveCapacity(before.count)
        var lost: [Int] = []
        var came: [Int] = []
        var next = 0
        for (number, id) in before.enumerated() {
            while next < after.count, after[next] < id {
                came.append(next)
                next += 1
            }
            if next < after.count, after[next] == id {
                map.append(UInt32(next))
                next += 1
            } else {
                map.append(Self.gone)
                lost.append(number)
            }
        }
        came += next..<after.count
        guard 1...Self.limit ~= lost.count + came.count else { return nil }
        var changed: [Changed] = []
        var packages: [Package] = []
        var debianCount = old.flags.debianCount
        usr = debianCount > 0
        for number in lost {
            // One that is gone, or damaged, can be taken out all the same.
            guard let package = try? openOld(number) else { return nil }
            if package.isDebian { debianCount -= 1 }
            changed.append(Changed(number: UInt32(number), isNew: false))
            packages.append(package)
        }
        for number in came {
            let package = try openNew(number)
            if package.isDebian { debianCount += 1 }
            changed.append(Changed(number: UInt32(number), isNew: true))
            packages.append(package)
        }
        guard (debianCount > 0) == usr, packages.allSatisfy({ !$0.hidesNames }) else { return nil }
        self.old = old
        self.map = map
        self.changed = changed
        changedPackages = packages
        open = openNew
        flags = TableFlags(isPlain: true, debianCount: debianCount)
        parts = TableParts(
            salt: 0,
            seeds: seeds ?? after.map { NameHash.package($0, salt: 0) }
        )
        files = old.files
        bytes = old.fileBytes
        taken = Array(repeating: false, count: old.count(.directories))
        parts.reserve(as: old)
    }

    private let flags: TableFlags
    /// More packages than these at once, and a merge is not more.
    private static let limit = 256

    /// Makes the table of `key`; nil where a merge of all is needed.
    ///
    /// Errors: those of reading packages.
    mutating func make(_ key: ContentID) throws(FileError) -> StoredBytes? {
        let roots = changed.indices.map { TableEntry(package: UInt32($0), number: 0) }
        var root = DirectoryRecord()
        root.pathHash = old.directory(0).pathHash
        parts.records.append(root)
        pending.append(Pending(old: 0, changes: roots, depth: 0))
        taken[0] = true
        guard try setOwners(0) else { return nil }
        var number = 0
        while number < parts.records.count {
            guard try merge(number) else { return nil }
            guard parts.entries.count < UInt32.max, parts.names.count < UInt32.max else {
                return nil
            }
            number += 1
        }
        var seen = QidSet(capacity: qids.count + parts.records.count)
        for qid in qids where !seen.insert(qid) { return nil }
        for record in parts.records where !seen.insert(record.pathHash) { return nil }
        for link in old.linkCounts {
            guard let package = mapped(link.package) else { continue }
            parts.links.append(
                LinkCount(package: package, inode: link.inode, names: link.names)
            )
        }
        return parts.storage(key: key, files: files, bytes: bytes, flags)
    }

    private mutating func merge(_ number: Int) throws(FileError) -> Bool {
        let next = pending[number]
        let first = parts.entries.count
        parts.records[number].firstEntry = UInt32(first)
        if let directory = next.old {
            guard next.changes.isEmpty, !next.isUsr else {
                guard try mergeChanges(number, directory) else { return false }
                finish(number, first)
                return true
            }
            var rivals = RivalCursor(old, directory)
            let record = old.directory(directory)
            guard copy(0..<record.entryCount, of: directory, into: number, &rivals) else {
                return false
            }
            parts.records[number].entryCount = UInt32(parts.entries.count - first)
            return copySlots(of: record, to: number)
        }
        guard try mergeFresh(number, next.fresh) else { return false }
        finish(number, first)
        return true
    }

    private mutating func finish(_ number: Int, _ first: Int) {
        parts.records[number].entryCount = UInt32(parts.entries.count - first)
        parts.fillSlots(number)
    }

    /// A package that there is now.
    mutating func package(_ number: UInt32) throws(FileError) -> Package {
        for (place, change) in changed.enumerated() where change.isNew && change.number == number {
            return changedPackages[place]
        }
        if let known = opened[number] { return known }
        guard Int(number) < parts.seeds.count else { throw .malformed("table: package \(number)") }
        let package = try open(Int(number))
        opened[number] = package
        return package
    }

    /// The number that a package has now; nil for one that went.
    @inline(__always)
    func mapped(_ package: UInt32) -> UInt32? {
        guard Int(package) < map.count else { return nil }
        let number = map[Int(package)]
        return number == Self.gone ? nil : number
    }

    func mapped(_ entry: TableEntry) -> TableEntry? {
        mapped(entry.package).map { TableEntry(package: $0, number: entry.number) }
    }
}
