import Archive
import FileTree

/// The lookup table of a union, as `TableLayout` has it: mapped, or held in memory.
///
/// All of it is checked once, against the packages it was made for; every access after that is
/// checked against its section again, so that a file that is changed while it is mapped gives
/// wrong answers at worst.
///
/// `@unchecked Sendable`: the bytes behind the pointers are never written by us, and stay until
/// `storage` goes.
final class Table: @unchecked Sendable {
    let storage: StoredBytes
    private let root: UnsafePointer<DirectoryRecord>
    private let directoryCount: Int
    let entries: UnsafeBufferPointer<TableEntry>
    let slots: UnsafeBufferPointer<UInt32>
    let allOwners: UnsafeBufferPointer<TableEntry>
    private let extras: UnsafeBufferPointer<ExtraRecord>
    let linkCounts: UnsafeBufferPointer<LinkCount>
    private let heap: UnsafeBufferPointer<UInt8>
    /// What only those read who make another table of this.
    let stamps: UnsafeBufferPointer<OwnerStamp>
    let rivals: UnsafeBufferPointer<Rival>
    let nameEnds: UnsafeBufferPointer<UInt32>
    let names: UnsafeBufferPointer<UInt8>
    let flags: TableFlags
    let salt: UInt64
    /// How many names of anything but directories packages show.
    let files: UInt64
    /// The bytes of all regular files.
    let fileBytes: UInt64

    /// Opens a table.
    ///
    /// - Parameters:
    ///   - storage: its bytes.
    ///   - key: what it was made of.
    ///   - packages: the packages that the key stands for, in their order.
    /// - Throws: `.malformed` with the field that is wrong.
    convenience init(
        _ storage: StoredBytes,
        key: ContentID,
        packages: PackageList
    ) throws(FileError) {
        try self.init(storage, key: key, count: packages.count)
        try check(packages)
    }

    /// Opens a table that was made just now and has no sum so far.
    convenience init(
        made storage: StoredBytes,
        key: ContentID,
        _ packages: PackageList
    ) throws(FileError) {
        try self.init(storage, key: key, count: packages.count, isSummed: false)
        try check(packages)
    }

    /// Opens a table whose packages are not at hand: numbers of entries are not checked until they
    /// are used.
    init(
        _ storage: StoredBytes,
        key: ContentID,
        count: Int,
        isSummed: Bool = true
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
        guard !isSummed || word(TableLayout.sumOffset) == TableSum.of(bytes) else {
            throw .malformed("table: the sum is wrong")
        }
        salt = word(TableLayout.saltOffset)
        files = word(TableLayout.filesOffset)
        fileBytes = word(TableLayout.bytesOffset)
        guard word(TableLayout.packagesOffset) == UInt64(count) else {
            throw .malformed("table: made of another number of packages")
        }
        let directories: UnsafeBufferPointer<DirectoryRecord> = try Self.section(0, bytes)
        guard let root = directories.baseAddress, directories.count > 0 else {
            throw .malformed("table: no root")
        }
        self.root = root
        directoryCount = directories.count
        entries = try Self.section(1, bytes)
        slots = try Self.section(2, bytes)
        allOwners = try Self.section(3, bytes)
        extras = try Self.section(4, bytes)
        linkCounts = try Self.section(5, bytes)
        heap = try Self.section(TableLayout.heapSection, bytes)
        stamps = try Self.section(6, bytes)
        rivals = try Self.section(7, bytes)
        nameEnds = try Self.section(8, bytes)
        names = try Self.section(TableLayout.namesSection, bytes)
        flags = TableFlags(
            rawValue: bytes.loadUnaligned(fromByteOffset: TableLayout.flagsOffset, as: UInt32.self)
        )
        guard nameEnds.count == entries.count, stamps.count == allOwners.count else {
            throw .malformed("table: not as many names as entries, or stamps as owners")
        }
    }

    /// The records of a section, which has to lie inside the table.
    private static func section<Record: BitwiseCopyable>(
        _ number: Int,
        _ bytes: UnsafeRawBufferPointer
    ) throws(FileError) -> UnsafeBufferPointer<Record> {
        let at = TableLayout.sectionsOffset + 16 * number
        let offset = bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)
        let count = bytes.loadUnaligned(fromByteOffset: at + 8, as: UInt64.self)
        // A record's size is its stride: all are multiples of their alignment.
        let size = UInt64(MemoryLayout<Record>.stride)
        guard offset <= UInt64(bytes.count), offset % 8 == 0,
            count <= (UInt64(bytes.count) - offset) / size, count < UInt64(UInt32.max)
        else { throw .malformed("table: section \(number) is out of place") }
        let part = bytes[Int(offset)..<Int(offset + count * size)]
        return UnsafeRawBufferPointer(rebasing: part).bindMemory(to: Record.self)
    }

    /// How many records a section has.
    func count(_ section: TableLayout.Section) -> Int {
        switch section {
        case .directories: directoryCount
        case .entries: entries.count
        case .slots: slots.count
        case .owners: allOwners.count
        case .extras: extras.count
        case .links: linkCounts.count
        case .stamps: stamps.count
        case .rivals: rivals.count
        case .nameEnds: nameEnds.count
        }
    }

    /// A shared directory, where it lies; the root for a number there is none of.
    ///
    /// Valid for as long as the table lives.
    @inline(__always)
    func record(_ number: UInt32) -> UnsafePointer<DirectoryRecord> {
        number < directoryCount ? root + Int(number) : root
    }

    /// A shared directory, as a copy.
    func directory(_ number: UInt32) -> DirectoryRecord { record(number).pointee }

    /// What the name at `position` of a shared directory stands for.
    @inline(__always)
    func entry(_ directory: UnsafePointer<DirectoryRecord>, _ position: UInt32) -> TableEntry {
        let place = Int(directory.pointee.firstEntry) + Int(position)
        guard position < directory.pointee.entryCount, place < entries.count else {
            return TableEntry(package: TableEntry.hole, number: UInt32.max)
        }
        return entries[place]
    }

    @inline(__always)
    func slot(_ directory: UnsafePointer<DirectoryRecord>, _ number: UInt32) -> UInt32 {
        let place = Int(directory.pointee.firstSlot) + Int(number)
        return place < slots.count ? slots[place] : 0
    }

    /// The directories of packages that make up a shared directory, by the packages' order.
    func owners(_ directory: DirectoryRecord) -> [TableEntry] {
        let first = Int(directory.firstOwner)
        guard first <= allOwners.count, Int(directory.ownerCount) <= allOwners.count - first else {
            return []
        }
        return Array(allOwners[first..<first + Int(directory.ownerCount)])
    }

    func extra(_ number: UInt32) -> ExtraRecord {
        number < extras.count ? extras[Int(number)] : ExtraRecord()
    }

    /// How many names a file has in the view that has `links` in its package.
    func links(_ package: UInt32, _ inode: UInt32, of links: UInt32) -> UInt32 {
        var low = 0
        var high = linkCounts.count
        while low < high {
            let middle = (low + high) / 2
            let found = linkCounts[middle]
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
        guard Int(offset) <= heap.count, length <= heap.count - Int(offset) else {
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        return UnsafeRawBufferPointer(
            start: heap.baseAddress.map { $0 + Int(offset) },
            count: length
        )
    }
}
