/// Where things are in a union table, on disk as in memory; all numbers little-endian.
///
///     header      208: magic[8] version[4] flags[4] size[8] sum[8] key[32] salt[8]
///                 files[8] bytes[8] packages[8] sections 7*(offset[8] count[8])
///     directory    72: see `DirectoryRecord`
///     entry         8: package[4] entry[4]; package 2^32-1 for a directory of this table,
///                      2^32-2 for a link of its own, 2^32-3 for a hole, entry then its number
///     slot          4: position+1 in the directory, above it bits of the name's hash; 0 is empty
///     owner         8: package[4] entry[4]
///     extra        16: see `ExtraRecord`
///     links        12: package[4] inode[4] names[4]: sorted; files with fewer names than in
///                      their package
///     heap             names and targets
///
/// A directory's entries, slots and owners are consecutive, its entries sorted by name. The sum
/// covers all that follows it.
enum TableLayout {
    static let magic: UInt64 = 0x6e6f_696e_756b_6170  // "pakunion"
    static let version: UInt32 = 1
    static let headerSize = 208
    static let sumOffset = 24
    static let summedFrom = 32
    static let keyOffset = 32
    static let saltOffset = 64
    static let filesOffset = 72
    static let bytesOffset = 80
    static let packagesOffset = 88
    static let sectionsOffset = 96

    /// More probes than this, and a directory is searched by halves instead.
    static let probeLimit = 128

    enum Section: Int, CaseIterable {
        case directories, entries, slots, owners, extras, links
        // The heap is last: its records are single bytes.

        var recordSize: Int {
            switch self {
            case .directories: MemoryLayout<DirectoryRecord>.size
            case .entries, .owners: MemoryLayout<TableEntry>.size
            case .slots: 4
            case .extras: MemoryLayout<ExtraRecord>.size
            case .links: MemoryLayout<LinkCount>.size
            }
        }
    }

    static let heapSection = Section.allCases.count
}

/// What a name in a shared directory stands for: a package's entry, or something of the table.
struct TableEntry: Hashable {
    var package: UInt32
    var number: UInt32

    /// `package` of a shared directory; `number` is the directory's.
    static let directory: UInt32 = 0xffff_ffff
    /// `package` of a link that no package has: an alias; `number` is an extra's.
    static let link: UInt32 = 0xffff_fffe
    /// `package` of a name that shall not be seen in the base; `number` is an extra's.
    static let hole: UInt32 = 0xffff_fffd
    /// The most packages.
    static let packageLimit = 1 << 24

    var isPackage: Bool { package < UInt32(Self.packageLimit) }
}

/// A shared directory.
struct DirectoryRecord {
    /// The directory that holds it, always a lower number; the root is its own.
    var parent: UInt32 = 0
    /// The place of its name among the parent's entries.
    var position: UInt32 = 0
    var nameOffset: UInt32 = 0
    var nameLength: UInt16 = 0
    var flags: UInt16 = 0
    var firstEntry: UInt32 = 0
    var entryCount: UInt32 = 0
    var firstSlot: UInt32 = 0
    var slotCount: UInt32 = 0
    var firstOwner: UInt32 = 0
    var ownerCount: UInt32 = 0
    /// Whose mode, owner and attributes it has; `TableEntry.directory` where nobody lists it.
    var attributes = TableEntry(package: TableEntry.directory, number: 0)
    var modifiedSeconds: Int64 = 0
    var modifiedNanoseconds: UInt32 = 0
    /// The qid's version.
    var version: UInt32 = 1
    /// The qid's path.
    var pathHash: UInt64 = 0

    /// Nothing of the base shows in it.
    static let hidesBase: UInt16 = 1
    /// It shows only where the base has it: no package does, but something below it is hidden.
    static let needsBase: UInt16 = 2
    /// Its slots are too crowded: names are found by halving.
    static let searched: UInt16 = 4

    func has(_ flag: UInt16) -> Bool { flags & flag != 0 }
}

/// A name that no package has: an alias's link, or a hole in the base.
struct ExtraRecord {
    var nameOffset: UInt32 = 0
    var nameLength: UInt32 = 0
    var targetOffset: UInt32 = 0
    var targetLength: UInt32 = 0
}

/// How many names a file of several names has in the view, where some are hidden.
struct LinkCount {
    var package: UInt32
    var inode: UInt32
    var names: UInt32
}
