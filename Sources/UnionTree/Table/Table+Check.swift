import Archive
import FileTree

extension Table {
    /// Checks every number in the table against what it counts.
    func check(_ packages: PackageList) throws(FileError) {
        let directories = count(.directories)
        // Asked of each entry: a package is not touched for that.
        let members = packages.members
        func isThere(_ entry: TableEntry) -> Bool {
            entry.package < members.count
                && entry.number < members[Int(entry.package)].entryCount
        }
        for number in 0..<UInt32(directories) {
            let place = record(number)
            let record = place.pointee
            func wrong(_ what: String) -> FileError {
                .malformed("table: directory \(number): \(what)")
            }
            guard record.parent < max(1, number) else { throw wrong("its parent") }
            guard text(record.nameOffset, Int(record.nameLength)).count == record.nameLength else {
                throw wrong("its name")
            }
            guard holds(.entries, record.firstEntry, record.entryCount),
                holds(.slots, record.firstSlot, record.slotCount),
                holds(.owners, record.firstOwner, record.ownerCount)
            else { throw wrong("a section") }
            guard record.has(DirectoryRecord.searched) || record.slotCount > record.entryCount
            else {
                throw wrong("too few slots")
            }
            guard
                record.attributes.package == TableEntry.directory
                    || isThere(record.attributes)
            else { throw wrong("its attributes") }
            guard record.modifiedNanoseconds < 1_000_000_000, record.version != 0 else {
                throw wrong("its time or version")
            }
            for position in 0..<record.entryCount {
                let entry = entry(place, position)
                switch entry.package {
                case TableEntry.directory:
                    guard entry.number > number, entry.number < directories else {
                        throw wrong("entry \(position)")
                    }
                case TableEntry.link, TableEntry.hole:
                    guard entry.number < count(.extras) else { throw wrong("entry \(position)") }
                default:
                    guard isThere(entry) else { throw wrong("entry \(position)") }
                }
            }
            let range = Int(record.firstOwner)..<Int(record.firstOwner) + Int(record.ownerCount)
            for place in range {
                guard isThere(allOwners[place]) else { throw wrong("an owner") }
                guard stamps[place].nanoseconds < 1_000_000_000 else { throw wrong("a stamp") }
            }
            let bits = SlotFormat.positionBits(record.entryCount)
            for slot in 0..<record.slotCount
            where self.slot(place, slot) & SlotFormat.mask(bits) > record.entryCount {
                throw wrong("slot \(slot)")
            }
        }
        for number in 0..<UInt32(count(.extras)) {
            let extra = extra(number)
            guard text(extra.nameOffset, Int(extra.nameLength)).count == extra.nameLength,
                text(extra.targetOffset, Int(extra.targetLength)).count == extra.targetLength
            else { throw .malformed("table: extra \(number)") }
        }
        var end: UInt32 = 0
        for next in nameEnds {
            guard next >= end, next <= names.count else { throw .malformed("table: a name") }
            end = next
        }
    }

    private func holds(_ section: TableLayout.Section, _ first: UInt32, _ count: UInt32) -> Bool {
        Int(first) + Int(count) <= self.count(section)
    }
}

/// How a slot holds a position and bits of a hash.
enum SlotFormat {
    /// How many bits the positions of a directory of `count` entries take; 0 stands for none.
    @inline(__always)
    static func positionBits(_ count: UInt32) -> UInt32 {
        UInt32(32 - count.leadingZeroBitCount)
    }

    /// The bits of a slot that hold the position.
    @inline(__always)
    static func mask(_ bits: UInt32) -> UInt32 { (1 << bits) &- 1 }

    /// How many slots `count` entries get: three of seven stay empty, so that a search looks at
    /// two on the average, and at three when it finds nothing.
    @inline(__always)
    static func slots(_ count: UInt32) -> UInt32 {
        UInt32(truncatingIfNeeded: min(UInt64(count) * 7 / 4 + 1, UInt64(UInt32.max)))
    }

    /// The slot at which a search starts.
    @inline(__always)
    static func first(_ hash: UInt64, _ slots: UInt32) -> UInt32 {
        UInt32(truncatingIfNeeded: ((hash >> 32) &* UInt64(slots)) >> 32)
    }

    /// The bits of a hash that a slot keeps above the position.
    @inline(__always)
    static func tag(_ hash: UInt64, _ bits: UInt32) -> UInt32 {
        bits >= 32 ? 0 : UInt32(truncatingIfNeeded: hash) << bits
    }
}
