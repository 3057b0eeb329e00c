import Archive
import FileTree

/// Where things are in a union table, on disk as in memory; all numbers little-endian.
///
///     header      272: magic[8] version[4] flags[4] size[8] sum[8] key[32] salt[8]
///                 files[8] bytes[8] packages[8] sections 11*(offset[8] count[8])
///     directory    72: see `DirectoryRecord`
///     entry         8: package[4] entry[4]; package 2^32-1 for a directory of this table,
///                      2^32-2 for a link of its own, 2^32-3 for a hole, entry then its number
///     slot          4: position+1 in the directory, above it bits of the name's hash; 0 is empty
///     owner         8: package[4] entry[4]
///     extra        16: see `ExtraRecord`
///     links        12: package[4] inode[4] names[4]: sorted; files with fewer names than in
///                      their package
///     stamp        16: see `OwnerStamp`; one an owner
///     rival        16: directory[4] position[4] package[4] entry[4]: sorted; all who have a name
///                      that more than one has, and not all of them a directory
///     name end      4: one an entry, in the names below
///     heap             names and targets
///     names            of all entries
///
/// A directory's entries, slots and owners are consecutive, its entries sorted by name. The sum
/// covers all that follows it. Nobody who looks names up reads stamps, rivals, name ends and names:
/// by them another table is made of this one without opening all packages.
enum TableLayout {
    static let magic: UInt64 = 0x6e6f_696e_756b_6170  // "pakunion"
    static let version: UInt32 = 2
    static let headerSize = 96 + 16 * (heapSection + 2)
    static let sumOffset = 24
    static let summedFrom = 32
    static let flagsOffset = 12
    static let keyOffset = 32
    static let saltOffset = 64
    static let filesOffset = 72
    static let bytesOffset = 80
    static let packagesOffset = 88
    static let sectionsOffset = 96

    /// More probes than this, and a directory is searched by halves instead.
    static let probeLimit = 128

    enum Section: Int, CaseIterable {
        case directories, entries, slots, owners, extras, links, stamps, rivals, nameEnds
        // The heap and the names are last: their records are single bytes.

        var recordSize: Int {
            switch self {
            case .directories: MemoryLayout<DirectoryRecord>.size
            case .entries, .owners: MemoryLayout<TableEntry>.size
            case .slots, .nameEnds: 4
            case .extras: MemoryLayout<ExtraRecord>.size
            case .links: MemoryLayout<LinkCount>.size
            case .stamps: MemoryLayout<OwnerStamp>.size
            case .rivals: MemoryLayout<Rival>.size
            }
        }
    }

    static let heapSection = Section.allCases.count
    static let namesSection = heapSection + 1
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
    /// A rule has said whose attributes it has.
    static let settled: UInt16 = 8

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

/// What counts of a package's directory for the attributes of the shared one that it is part of.
struct OwnerStamp {
    var seconds: Int64 = 0
    var nanoseconds: UInt32 = 0
    var flags: UInt32 = 0

    /// The package lists the directory.
    static let listed: UInt32 = 1
    /// Its attributes there are the package's own wish.
    static let deciding: UInt32 = 2

    func has(_ flag: UInt32) -> Bool { flags & flag != 0 }

    var modified: Timestamp { Timestamp(seconds: seconds, nanoseconds: nanoseconds) }
}

extension OwnerStamp {
    init(_ directory: UInt32, of package: Package) {
        let index = package.index
        guard index.isListed(directory) else { return }
        flags = Self.listed | (package.ownsDirectories ? Self.deciding : 0)
        let modified = index.inode(index.inodeNumber(directory)).modified
        seconds = modified.seconds
        nanoseconds = modified.nanoseconds
    }
}

/// One of several who have a name.
struct Rival {
    var directory: UInt32
    var position: UInt32
    var entry: TableEntry
}

/// What a table says of itself.
struct TableFlags: RawRepresentable {
    var rawValue: UInt32

    /// Whether another table can be made of it: it is of a set of packages that hide nothing, in
    /// no base, and no rule but preferences says anything.
    var isPlain: Bool { rawValue & 1 != 0 }
    /// How many of its packages expect a merged /usr.
    var debianCount: Int { Int(rawValue >> 1) }

    init(rawValue: UInt32) { self.rawValue = rawValue }

    init(isPlain: Bool, debianCount: Int) {
        rawValue = (isPlain ? 1 : 0) | UInt32(truncatingIfNeeded: debianCount) << 1
    }
}
