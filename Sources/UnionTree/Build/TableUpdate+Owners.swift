import Archive
import FileTree

extension TableUpdate {
    /// Says what makes up the directory that was added last, and sets its mode, owner and time, as
    /// `TableBuilder.setAttributes` does; false where those who list it disagree.
    mutating func setOwners(_ number: Int) throws(FileError) -> Bool {
        let next = pending[number]
        var record = parts.records[number]
        record.firstOwner = UInt32(parts.owners.count)
        var added: [TableEntry] = []
        if let directory = next.old {
            let before = old.directory(directory)
            let range = parts.owners(of: before)
            guard range.upperBound <= old.allOwners.count else { return false }
            guard !before.has(DirectoryRecord.settled) else { return false }
            added = next.changes.compactMap { changedEntry($0) }.sorted(by: TableEntry.precedes)
            var rest = added[...]
            for place in range {
                guard let owner = mapped(old.allOwners[place]) else { continue }
                while let first = rest.first, TableEntry.precedes(first, owner) {
                    try addOwner(rest.removeFirst())
                }
                parts.owners.append(owner)
                parts.stamps.append(old.stamps[place])
            }
            for owner in rest { try addOwner(owner) }
        } else {
            added = next.fresh
            for owner in next.fresh { try addOwner(owner) }
        }
        record.ownerCount = UInt32(parts.owners.count) - record.firstOwner
        setTimeAndAttributes(&record, isRoot: number == 0)
        parts.records[number] = record
        if number == 0 { return true }
        return try agree(record, added)
    }

    /// What came of a directory of a package that changed; nil for one that went.
    func changedEntry(_ entry: TableEntry) -> TableEntry? {
        let change = changed[Int(entry.package)]
        return change.isNew ? TableEntry(package: change.number, number: entry.number) : nil
    }

    private mutating func addOwner(_ owner: TableEntry) throws(FileError) {
        parts.owners.append(owner)
        parts.stamps.append(OwnerStamp(owner.number, of: try package(owner.package)))
    }

    private func setTimeAndAttributes(_ record: inout DirectoryRecord, isRoot: Bool) {
        var listed: TableEntry?
        var deciding: TableEntry?
        var latest: Timestamp?
        for place in parts.owners(of: record) {
            let stamp = parts.stamps[place]
            guard stamp.has(OwnerStamp.listed) else { continue }
            latest = max(latest ?? stamp.modified, stamp.modified)
            if listed == nil { listed = parts.owners[place] }
            if deciding == nil, stamp.has(OwnerStamp.deciding) { deciding = parts.owners[place] }
        }
        let nobody = DirectoryRecord()
        record.modifiedSeconds = latest?.seconds ?? nobody.modifiedSeconds
        record.modifiedNanoseconds = latest?.nanoseconds ?? nobody.modifiedNanoseconds
        // The numbers of packages are in the order of their ids.
        record.attributes = isRoot ? nobody.attributes : deciding ?? listed ?? nobody.attributes
    }

    /// Whether those that came have the attributes of the others who decide.
    private mutating func agree(
        _ record: DirectoryRecord,
        _ added: [TableEntry]
    ) throws(FileError) -> Bool {
        guard record.attributes.isPackage else { return true }
        let first = try package(record.attributes.package)
        guard first.ownsDirectories else { return true }
        let mine = first.index.inode(first.index.inodeNumber(record.attributes.number))
        // It may be one that came itself: then it is held against one that was there.
        var others = added
        for place in parts.owners(of: record)
        where parts.stamps[place].has(OwnerStamp.deciding) && !added.contains(parts.owners[place]) {
            if added.isEmpty { break }
            others.append(parts.owners[place])
            break
        }
        for other in others where other != record.attributes {
            let package = try package(other.package)
            guard package.ownsDirectories, package.index.isListed(other.number) else { continue }
            let inode = package.index.inode(package.index.inodeNumber(other.number))
            guard first.index.hasDirectory(mine, like: inode, of: package.index) else {
                return false
            }
        }
        return true
    }
}

extension TableEntry {
    /// The order of who has a name: that of the packages' numbers.
    static func precedes(_ a: TableEntry, _ b: TableEntry) -> Bool {
        (a.package, a.number) < (b.package, b.number)
    }
}
