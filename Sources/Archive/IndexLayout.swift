/// Where things are in an index on disk; all numbers little-endian.
///
///     header   128: magic[8] version[4] sections[4] entries[4] inodes[4] frames[4] hashes[4]
///              tarSize[8] indexSize[8] owners[4] slots[4] seed[8] cid[32] sha256[32]
///     sections sections*(kind[4] flags[4] offset[8] length[8])
///     inode    40: mode[2] sizeHigh[2] sizeLow[4] mtime[8] tarOffset[6] owner[2]
///              links[3] flags[1] firstFrame[4] hash[4] aux[4]
///              of a directory, links is the number of its entries, firstFrame the first of them
///     entry    16: name[4] length[2] flags[2] inode[4] parent[4]
///     slot      4: entry[3] tag[1], 0 where empty
///     frame    16: offset[5] size[3] tarOffset[8]
///     owner    16: uid[4] gid[4] userName[4] groupName[4], names as offset[3] length[1]
///     aux         kind[4] length[4] value[length], padded to 8; bit 31 of kind: another follows
///
/// The hash covers all of the index but itself. See pak.format(6).
@usableFromInline
enum IndexLayout {
    static let magic: UInt64 = 0x7865_646e_696b_6170  // "pakindex"
    static let version: UInt32 = 1
    static let headerSize = 128
    static let sectionSize = 24
    static let hashOffset = 96
    @usableFromInline static let inodeSize = 40
    @usableFromInline static let entrySize = 16
    @usableFromInline static let hashSize = 32
    @usableFromInline static let frameSize = 16
    @usableFromInline static let ownerSize = 16

    /// The most entries: the number of one fits three bytes.
    static let entryLimit = 1 << 24
    /// The most slots a lookup looks at; the builder takes a larger table rather than pass it.
    @usableFromInline static let probeLimit = 1024

    enum Section: UInt32, CaseIterable {
        case inodes = 1
        case entries, lookup, names, hashes, frames, aux, owners, whiteouts
    }

    enum Aux: UInt32 {
        case linkTarget = 1
        case attributes, sparse, device
    }

    static let moreAux: UInt32 = 0x8000_0000

    @usableFromInline
    enum EntryFlags {
        /// The archive has a member for it; else the directory is implied by a path below it.
        @usableFromInline static let listed: UInt16 = 1
    }

    @usableFromInline
    enum InodeFlags {
        @usableFromInline static let sparse: UInt8 = 1
        @usableFromInline static let attributes: UInt8 = 2
    }
}

/// A time in eight bytes: 34 bits of seconds, 30 of nanoseconds.
enum PackedTime {
    /// The seconds that fit: years 1697 to 2242.
    static let seconds: ClosedRange<Int64> = -(1 << 33)...(1 << 33) - 1

    static func pack(seconds: Int64, nanoseconds: UInt32) -> UInt64 {
        UInt64(bitPattern: seconds) << 30 | UInt64(nanoseconds & 0x3fff_ffff)
    }
}
