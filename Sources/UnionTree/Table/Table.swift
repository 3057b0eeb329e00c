import Archive
import FileTree

/// The lookup table of a union, as `TableLayout` has it: mapped, or held in memory.
///
/// All of it is checked once, against the packages it was made for; every access after that is
/// checked against its section again, so that a file that is changed while it is mapped gives
/// wrong answers at worst.
final class Table: Sendable {
    let storage: TableStorage
    private let sections: InlineArray<7, Extent>
    let salt: UInt64
    /// How many names of anything but directories packages show.
    let files: UInt64
    /// The bytes of all regular files.
    let fileBytes: UInt64

    private struct Extent {
        var offset = 0
        var count = 0
    }

    /// Opens a table.
    ///
    /// - Parameters:
    ///   - storage: its bytes.
    ///   - key: what it was made of.
    ///   - packages: the packages that the key stands for, in their order.
    /// - Throws: `.malformed` with the field that is wrong.
    init(
        _ storage: TableStorage,
        key: ContentID,
        packages: [Package]
    ) throws(FileError) {
        self.storage = storage
        let bytes = storage.bytes
        guard bytes.count >= TableLayout.headerSize else { throw .malformed("table: too short") }
        guard bytes.loadUnaligned(as: UInt64.self) == TableLayout.magic else {
            throw .malformed("table: not one")
        }
        guard bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self) == TableLayout.version else {
            throw .malformed("table: of another version")
        }
        guard bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self) == UInt64(bytes.count) else {
            throw .malformed("table: \(bytes.count) bytes, not the size it says")
        }
        let stored = ContentID(
            UnsafeRawBufferPointer(
                rebasing: bytes[TableLayout.keyOffset..<TableLayout.keyOffset + 32]
            )
        )
        guard stored == key else { throw .malformed("table: made of other packages or rules") }
        func word(_ offset: Int) -> UInt64 {
            bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        }
        guard word(TableLayout.sumOffset) == TableSum.of(bytes) else {
            throw .malformed("table: the sum is wrong")
        }
        salt = word(TableLayout.saltOffset)
        files = word(TableLayout.filesOffset)
        fileBytes = word(TableLayout.bytesOffset)
        guard word(TableLayout.packagesOffset) == UInt64(packages.count) else {
            throw .malformed("table: made of another number of packages")
        }
        var sections = InlineArray<7, Extent>(repeating: Extent())
        for number in 0...TableLayout.heapSection {
            let size = TableLayout.Section(rawValue: number)?.recordSize ?? 1
            let offset = word(TableLayout.sectionsOffset + 16 * number)
            let count = word(TableLayout.sectionsOffset + 16 * number + 8)
            guard offset <= UInt64(bytes.count), offset % 8 == 0,
                count <= (UInt64(bytes.count) - offset) / UInt64(size),
                count < UInt64(UInt32.max)
            else { throw .malformed("table: section \(number) is out of place") }
            sections[number] = Extent(offset: Int(offset), count: Int(count))
        }
        self.sections = sections
        try check(packages)
    }

    /// How many records a section has.
    func count(_ section: TableLayout.Section) -> Int { sections[section.rawValue].count }

    /// The records `first..<first+count` of a section, as far as there are that many.
    @inline(__always)
    private func record<Record: BitwiseCopyable>(
        _ section: TableLayout.Section,
        _ number: Int,
        _: Record.Type
    ) -> Record? {
        let extent = sections[section.rawValue]
        guard number >= 0, number < extent.count else { return nil }
        return storage.bytes.loadUnaligned(
            fromByteOffset: extent.offset + number * MemoryLayout<Record>.size,
            as: Record.self
        )
    }

    /// A shared directory; an empty one for a number there is none of.
    @inline(__always)
    func directory(_ number: UInt32) -> DirectoryRecord {
        record(.directories, Int(number), DirectoryRecord.self) ?? DirectoryRecord()
    }

    /// What the name at `position` of a shared directory stands for.
    @inline(__always)
    func entry(_ directory: DirectoryRecord, _ position: UInt32) -> TableEntry {
        guard position < directory.entryCount,
            let entry = record(
                .entries,
                Int(directory.firstEntry) + Int(position),
                TableEntry.self
            )
        else { return TableEntry(package: TableEntry.hole, number: UInt32.max) }
        return entry
    }

    @inline(__always)
    func slot(_ directory: DirectoryRecord, _ number: UInt32) -> UInt32 {
        record(.slots, Int(directory.firstSlot) + Int(number), UInt32.self) ?? 0
    }

    /// The directories of packages that make up a shared directory, by the packages' order.
    func owners(_ directory: DirectoryRecord) -> [TableEntry] {
        (0..<Int(directory.ownerCount)).compactMap {
            record(.owners, Int(directory.firstOwner) + $0, TableEntry.self)
        }
    }

    func extra(_ number: UInt32) -> ExtraRecord {
        record(.extras, Int(number), ExtraRecord.self) ?? ExtraRecord()
    }

    /// How many names a file has in the view that has `links` in its package.
    func links(_ package: UInt32, _ inode: UInt32, of links: UInt32) -> UInt32 {
        var low = 0
        var high = sections[TableLayout.Section.links.rawValue].count
        while low < high {
            let middle = (low + high) / 2
            guard let found = record(.links, middle, LinkCount.self) else { return links }
            if (found.package, found.inode) == (package, inode) { return found.names }
            if (found.package, found.inode) < (package, inode) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return links
    }

    /// Bytes of the heap; none where that is not in it.
    @inline(__always)
    func text(_ offset: UInt32, _ length: Int) -> UnsafeRawBufferPointer {
        let heap = sections[TableLayout.heapSection]
        guard Int(offset) <= heap.count, length <= heap.count - Int(offset) else {
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        let start = heap.offset + Int(offset)
        return UnsafeRawBufferPointer(rebasing: storage.bytes[start..<start + length])
    }
}
