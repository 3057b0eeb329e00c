import Archive
import FileTree

/// Those of a table who have names together, in the order of one directory's names.
struct RivalCursor {
    private let table: Table
    private let directory: UInt32
    private var place: Int

    init(_ table: Table, _ directory: UInt32) {
        self.table = table
        self.directory = directory
        var low = 0
        var high = table.rivals.count
        while low < high {
            let middle = (low + high) / 2
            if table.rivals[middle].directory < directory {
                low = middle + 1
            } else {
                high = middle
            }
        }
        place = low
    }

    /// Whether the directory has any more.
    var isAtEnd: Bool {
        place >= table.rivals.count || table.rivals[place].directory != directory
    }

    /// All who have the name at a position, which is behind those asked for before.
    mutating func next(at position: UInt32) -> [TableEntry] {
        var group: [TableEntry] = []
        while !isAtEnd, table.rivals[place].position <= position {
            if table.rivals[place].position == position { group.append(table.rivals[place].entry) }
            place += 1
        }
        return group
    }
}

extension TableUpdate {
    /// Takes over names of a directory of the old table as they are; false where what they stand
    /// for is not plain.
    mutating func copy(
        _ positions: Range<UInt32>,
        of directory: UInt32,
        into number: Int,
        _ rivals: inout RivalCursor
    ) -> Bool {
        guard !positions.isEmpty else { return true }
        let first = Int(old.directory(directory).firstEntry)
        let places = first + Int(positions.lowerBound)..<first + Int(positions.upperBound)
        guard places.upperBound <= old.entries.count else { return false }
        let start = old.nameStart(places.lowerBound)
        let end = Int(old.nameEnds[places.upperBound - 1])
        guard start <= end, end <= old.names.count else { return false }
        let shift = parts.names.count - start
        parts.names.append(contentsOf: UnsafeBufferPointer(rebasing: old.names[start..<end]))
        var last = start
        for place in places {
            let nameEnd = Int(old.nameEnds[place])
            guard nameEnd >= last, nameEnd <= end else { return false }
            last = nameEnd
            if !rivals.isAtEnd {
                let group = rivals.next(at: UInt32(place - first))
                if !group.isEmpty {
                    let kept = group.compactMap { mapped($0) }
                    guard kept.count == group.count else { return false }
                    parts.addRivals(kept, in: number)
                }
            }
            var entry = old.entries[place]
            switch entry.package {
            case TableEntry.directory:
                guard entry.number > directory, takeOver(entry.number, number) else { return false }
                entry.number = UInt32(parts.records.count - 1)
            case TableEntry.link:
                let extra = old.extra(entry.number)
                guard parts.heap.count < 2 * old.storage.bytes.count else { return false }
                entry.number = parts.addExtra(
                    old.text(extra.nameOffset, Int(extra.nameLength)),
                    old.text(extra.targetOffset, Int(extra.targetLength))
                )
            default:
                guard let package = mapped(entry.package) else { return false }
                entry.package = package
            }
            parts.entries.append(entry)
            parts.nameEnds.append(UInt32(truncatingIfNeeded: nameEnd + shift))
        }
        return true
    }

    /// Adds a directory that no package that changed has.
    private mutating func takeOver(_ directory: UInt32, _ parent: Int) -> Bool {
        guard take(directory), pending[parent].depth < TableBuilder.depthLimit else { return false }
        var record = old.directory(directory)
        let name = old.text(record.nameOffset, Int(record.nameLength))
        record.parent = UInt32(parent)
        record.position = UInt32(parts.entries.count) - parts.records[parent].firstEntry
        record.nameOffset = UInt32(parts.heap.count)
        parts.heap.append(contentsOf: name)
        let range = parts.owners(of: record)
        guard range.upperBound <= old.allOwners.count else { return false }
        record.firstOwner = UInt32(parts.owners.count)
        for place in range {
            guard let owner = mapped(old.allOwners[place]) else { return false }
            parts.owners.append(owner)
        }
        parts.stamps.append(contentsOf: UnsafeBufferPointer(rebasing: old.stamps[range]))
        if record.attributes.isPackage {
            guard let owner = mapped(record.attributes) else { return false }
            record.attributes = owner
        }
        parts.records.append(record)
        pending.append(Pending(old: directory, depth: pending[parent].depth + 1))
        return true
    }

    /// Takes over the slots of a directory whose names are all as they were.
    mutating func copySlots(of record: DirectoryRecord, to number: Int) -> Bool {
        let first = Int(record.firstSlot)
        let last = first + Int(record.slotCount)
        guard last <= old.slots.count else { return false }
        let isSearched = record.has(DirectoryRecord.searched)
        parts.records[number].firstSlot = isSearched ? 0 : UInt32(parts.slots.count)
        parts.slots.append(contentsOf: UnsafeBufferPointer(rebasing: old.slots[first..<last]))
        return true
    }

    /// Takes a directory of the old table; false for one that has been taken: each is in one.
    mutating func take(_ directory: UInt32) -> Bool {
        guard Int(directory) < taken.count, !taken[Int(directory)] else { return false }
        taken[Int(directory)] = true
        return true
    }

    /// Counts out what a directory of the old table showed of packages that went; false where it
    /// is not plain what one that is still there shows instead.
    mutating func forget(_ directory: UInt32) throws(FileError) -> Bool {
        var directories = [directory]
        while let next = directories.popLast() {
            guard take(next) else { return false }
            let record = old.record(next)
            var rivals = RivalCursor(old, next)
            for position in 0..<record.pointee.entryCount {
                if !rivals.isAtEnd {
                    let group = rivals.next(at: position)
                    let kept = group.compactMap { mapped($0) }
                    if !kept.isEmpty {
                        guard try areAlike(kept, group.filter { mapped($0) == nil }) else {
                            return false
                        }
                        continue
                    }
                }
                let entry = old.entry(record, position)
                switch entry.package {
                case TableEntry.directory: directories.append(entry.number)
                case TableEntry.link, TableEntry.hole: return false
                default:
                    guard entry.isPackage else { return false }
                    if mapped(entry) == nil { countOut(entry) }
                }
            }
        }
        return true
    }
}

extension TableParts {
    /// Makes room for about what a table has.
    mutating func reserve(as table: Table) {
        let more = 64
        records.reserveCapacity(table.count(.directories) + more)
        entries.reserveCapacity(table.entries.count + more)
        slots.reserveCapacity(table.slots.count + 2 * more)
        owners.reserveCapacity(table.allOwners.count + more)
        stamps.reserveCapacity(table.allOwners.count + more)
        nameEnds.reserveCapacity(table.entries.count + more)
        names.reserveCapacity(table.names.count + 32 * more)
    }
}

extension Table {
    /// Where the name of an entry begins among all names.
    @inline(__always)
    func nameStart(_ place: Int) -> Int { place == 0 ? 0 : Int(nameEnds[place - 1]) }

    /// The name of an entry; none for a table that is not whole.
    @inline(__always)
    func name(_ place: Int) -> UnsafeRawBufferPointer {
        guard place < nameEnds.count else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        let start = nameStart(place)
        let end = Int(nameEnds[place])
        guard start <= end, end <= names.count else {
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        return UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: names[start..<end]))
    }

    /// The position of a name in a directory, from `start` on, and whether it is there.
    func position(
        _ name: UnsafeRawBufferPointer,
        in directory: UInt32,
        from start: UInt32 = 0
    ) -> (position: UInt32, isThere: Bool) {
        let record = self.directory(directory)
        var low = start
        var high = record.entryCount
        while low < high {
            let middle = low + (high - low) / 2
            let order = NameOrder.compare(self.name(Int(record.firstEntry) + Int(middle)), name)
            if order == 0 { return (middle, true) }
            if order < 0 { low = middle + 1 } else { high = middle }
        }
        return (low, false)
    }
}
