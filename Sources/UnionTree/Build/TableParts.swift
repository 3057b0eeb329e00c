import Archive
import FileTree

/// The sections of a table while it is made, directory by directory.
struct TableParts {
    let salt: UInt64
    /// What the paths of the packages' files start from, by the packages' numbers.
    let seeds: [UInt64]
    var records: [DirectoryRecord] = []
    var entries: [TableEntry] = []
    var slots: [UInt32] = []
    var owners: [TableEntry] = []
    var extras: [ExtraRecord] = []
    var links: [LinkCount] = []
    var stamps: [OwnerStamp] = []
    var rivals: [Rival] = []
    var nameEnds: [UInt32] = []
    var heap: [UInt8] = []
    var names: [UInt8] = []

    init(salt: UInt64, seeds: [UInt64]) {
        self.salt = salt
        self.seeds = seeds
    }

    /// Adds what a name of the directory that is made stands for.
    @inline(__always)
    mutating func append(_ entry: TableEntry, _ name: UnsafeRawBufferPointer) {
        entries.append(entry)
        names.append(contentsOf: name)
        nameEnds.append(UInt32(truncatingIfNeeded: names.count))
    }

    mutating func append(_ entry: TableEntry, _ name: [UInt8]) {
        name.withUnsafeBytes { append(entry, $0) }
    }

    /// Adds a shared directory and its name, as the next entry of `directory`.
    mutating func append(
        _ record: DirectoryRecord,
        _ name: UnsafeRawBufferPointer,
        in directory: Int
    ) {
        var record = record
        record.parent = UInt32(directory)
        record.position = UInt32(entries.count) - records[directory].firstEntry
        record.nameOffset = UInt32(heap.count)
        record.nameLength = UInt16(truncatingIfNeeded: name.count)
        heap.append(contentsOf: name)
        let hash = NameHash.name(name, salt: salt)
        record.pathHash = NameHash.path(records[directory].pathHash, hash)
        append(
            TableEntry(package: TableEntry.directory, number: UInt32(records.count)),
            name
        )
        records.append(record)
    }

    /// Adds a name that no package has, and returns its number.
    mutating func addExtra(
        _ name: UnsafeRawBufferPointer,
        _ target: UnsafeRawBufferPointer
    ) -> UInt32 {
        let number = UInt32(extras.count)
        extras.append(
            ExtraRecord(
                nameOffset: UInt32(heap.count),
                nameLength: UInt32(name.count),
                targetOffset: UInt32(heap.count + name.count),
                targetLength: UInt32(target.count)
            )
        )
        heap.append(contentsOf: name)
        heap.append(contentsOf: target)
        return number
    }

    /// Notes who has the name that comes next in `directory`.
    mutating func addRivals(_ group: [TableEntry], in directory: Int) {
        let position = UInt32(entries.count) - records[directory].firstEntry
        for entry in group {
            rivals.append(
                Rival(directory: UInt32(directory), position: position, entry: entry)
            )
        }
    }

    /// The range of owners of a shared directory.
    func owners(of record: DirectoryRecord) -> Range<Int> {
        Int(record.firstOwner)..<Int(record.firstOwner) + Int(record.ownerCount)
    }

    /// Makes the hash table of a directory whose entries are all there, and its version.
    mutating func fillSlots(_ number: Int) {
        var record = records[number]
        let count = SlotFormat.slots(record.entryCount)
        let bits = SlotFormat.positionBits(record.entryCount)
        let first = slots.count
        slots.append(contentsOf: repeatElement(0, count: Int(count)))
        var version = StableHash(domain: record.pathHash)
        var isCrowded = false
        names.withUnsafeBytes { names in
            var start = record.firstEntry == 0 ? 0 : Int(nameEnds[Int(record.firstEntry) - 1])
            for position in 0..<record.entryCount {
                let place = Int(record.firstEntry + position)
                let end = Int(nameEnds[place])
                let name = UnsafeRawBufferPointer(rebasing: names[start..<end])
                start = end
                let hash = NameHash.name(name, salt: salt)
                version.combine(identity(entries[place]) ^ hash)
                if isCrowded { continue }
                var slot = SlotFormat.first(hash, count)
                var probes = 0
                while slots[first + Int(slot)] != 0 {
                    slot = slot + 1 == count ? 0 : slot + 1
                    probes += 1
                }
                slots[first + Int(slot)] = SlotFormat.tag(hash, bits) | (position + 1)
                isCrowded = probes >= TableLayout.probeLimit
            }
        }
        record.flags &= ~DirectoryRecord.searched
        record.firstSlot = 0
        record.slotCount = 0
        if isCrowded {
            slots.removeLast(Int(count))
            record.flags |= DirectoryRecord.searched
        } else {
            record.firstSlot = UInt32(first)
            record.slotCount = count
        }
        record.version = version.qidVersion()
        records[number] = record
    }

    /// A number that changes when something else has the name.
    private func identity(_ entry: TableEntry) -> UInt64 {
        switch entry.package {
        case TableEntry.directory: records[Int(entry.number)].pathHash
        case TableEntry.link, TableEntry.hole: UInt64(entry.package)
        default: NameHash.member(seeds[Int(entry.package)], entry.number)
        }
    }
}

extension TableParts {
    /// The table as it is on disk and in memory, but for the sum, which only what is kept has.
    func storage(
        key: ContentID,
        files: UInt64,
        bytes fileBytes: UInt64,
        _ flags: TableFlags
    ) -> StoredBytes {
        let counts = [
            records.count, entries.count, slots.count, owners.count, extras.count, links.count,
            stamps.count, rivals.count, nameEnds.count, heap.count, names.count,
        ]
        var offsets: [Int] = []
        var size = TableLayout.headerSize
        for (number, count) in counts.enumerated() {
            offsets.append(size)
            let record = TableLayout.Section(rawValue: number)?.recordSize ?? 1
            size += (count * record + 7) & ~7
        }
        return StoredBytes(count: size) { bytes in
            bytes.storeBytes(of: TableLayout.magic, as: UInt64.self)
            bytes.storeBytes(of: TableLayout.version, toByteOffset: 8, as: UInt32.self)
            bytes.storeBytes(
                of: flags.rawValue,
                toByteOffset: TableLayout.flagsOffset,
                as: UInt32.self
            )
            bytes.storeBytes(of: UInt64(size), toByteOffset: 16, as: UInt64.self)
            for (number, byte) in key.bytes.enumerated() {
                bytes[TableLayout.keyOffset + number] = byte
            }
            func store(_ value: UInt64, _ offset: Int) {
                bytes.storeBytes(of: value, toByteOffset: offset, as: UInt64.self)
            }
            store(salt, TableLayout.saltOffset)
            store(files, TableLayout.filesOffset)
            store(fileBytes, TableLayout.bytesOffset)
            store(UInt64(seeds.count), TableLayout.packagesOffset)
            for number in counts.indices {
                store(UInt64(offsets[number]), TableLayout.sectionsOffset + 16 * number)
                store(UInt64(counts[number]), TableLayout.sectionsOffset + 16 * number + 8)
            }
            func copy<Record: BitwiseCopyable>(_ records: [Record], _ section: Int) {
                records.withUnsafeBytes { source in
                    UnsafeMutableRawBufferPointer(rebasing: bytes[offsets[section]...])
                        .copyMemory(from: source)
                }
            }
            copy(records, 0)
            copy(entries, 1)
            copy(slots, 2)
            copy(owners, 3)
            copy(extras, 4)
            copy(links, 5)
            copy(stamps, 6)
            copy(rivals, 7)
            copy(nameEnds, 8)
            copy(heap, TableLayout.heapSection)
            copy(names, TableLayout.namesSection)
        }
    }
}
