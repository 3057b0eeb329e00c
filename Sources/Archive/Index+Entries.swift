public import FileTree

extension Index {
    @inlinable
    func load32(_ base: UnsafeRawPointer, _ offset: Int) -> UInt32 {
        UInt32(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    @inlinable
    func load64(_ base: UnsafeRawPointer, _ offset: Int) -> UInt64 {
        UInt64(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// The name of an entry: one component of a path; empty for the root.
    @inlinable
    public func name(_ entry: UInt32) -> UnsafeRawBufferPointer {
        guard entry < entryCount else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        let at = Int(entry) * IndexLayout.entrySize
        let offset = Int(load32(entries, at))
        let length = Int(load32(entries, at + 4) & 0xffff)
        guard offset <= names.count, length <= names.count - offset else {
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        return UnsafeRawBufferPointer(rebasing: names[offset..<offset + length])
    }

    /// The number of the file that an entry names.
    @inlinable
    public func inodeNumber(_ entry: UInt32) -> UInt32 {
        guard entry < entryCount else { return 0 }
        return load32(entries, Int(entry) * IndexLayout.entrySize + 8)
    }

    /// The entry of the directory that an entry is in; the root is its own parent.
    @inlinable
    public func parent(_ entry: UInt32) -> UInt32 {
        guard entry < entryCount else { return 0 }
        let parent = load32(entries, Int(entry) * IndexLayout.entrySize + 12)
        // Lower than the entry, so that a walk up always ends.
        return parent < entry ? parent : 0
    }

    /// Whether the archive lists the entry itself; a directory may be implied by a path below it.
    @inlinable
    public func isListed(_ entry: UInt32) -> Bool {
        guard entry < entryCount else { return false }
        let flags = load32(entries, Int(entry) * IndexLayout.entrySize + 4) >> 16
        return flags & UInt32(IndexLayout.EntryFlags.listed) != 0
    }

    /// Whether an entry names a directory; cheaper than its inode.
    @inlinable
    public func isDirectory(_ entry: UInt32) -> Bool {
        let number = inodeNumber(entry)
        guard number < inodeCount else { return false }
        let mode = load32(inodes, Int(number) * IndexLayout.inodeSize)
        return mode & 0o170000 == FileType.directory.rawValue
    }

    /// What is known of a file; an empty regular file of mode 0 for a number there is none of.
    @inlinable
    public func inode(_ number: UInt32) -> Inode {
        guard number < inodeCount else {
            return Inode(number: number, mode: Mode(.regular, 0))
        }
        let record = inodes + Int(number) * IndexLayout.inodeSize
        let first = load32(record, 0)
        var inode = Inode(number: number, mode: Mode(rawValue: first & 0xffff))
        let time = load64(record, 8)
        inode.modified = Timestamp(
            seconds: Int64(bitPattern: time) >> 30,
            nanoseconds: min(UInt32(time & 0x3fff_ffff), 999_999_999)
        )
        let place = load64(record, 16)
        let links = load32(record, 24)
        inode.flags = UInt8(links >> 24)
        inode.aux = load32(record, 36)
        let owner = Int(place >> 48)
        if owner < ownerCount {
            inode.uid = load32(owners, owner * IndexLayout.ownerSize)
            inode.gid = load32(owners, owner * IndexLayout.ownerSize + 4)
        }
        switch inode.mode.type {
        case .directory:
            inode.firstEntry = load32(record, 28)
            inode.entryCount = links & 0xff_ffff
        case .regular:
            inode.links = links & 0xff_ffff
            inode.size = UInt64(first >> 16) << 32 | UInt64(load32(record, 4))
            inode.tarOffset = place & 0xffff_ffff_ffff
            inode.firstFrame = load32(record, 28)
            inode.hash = load32(record, 32)
        default:
            inode.links = links & 0xff_ffff
        }
        return inode
    }

    /// Of what is known of a file its number of names and its bytes, for those who count many.
    @inlinable
    public func linksAndSize(_ number: UInt32) -> (links: UInt32, size: UInt64) {
        guard number < inodeCount else { return (1, 0) }
        let record = inodes + Int(number) * IndexLayout.inodeSize
        let first = load32(record, 0)
        let isRegular = first & 0o170000 == FileType.regular.rawValue
        let size = isRegular ? UInt64(first >> 16) << 32 | UInt64(load32(record, 4)) : 0
        return (load32(record, 24) & 0xff_ffff, size)
    }

    /// The entries of the directory that `entry` names, sorted by name; none of anything else.
    @inlinable
    public func children(_ entry: UInt32) -> Range<UInt32> {
        let number = inodeNumber(entry)
        guard entry < entryCount, number < inodeCount else { return 0..<0 }
        let record = inodes + Int(number) * IndexLayout.inodeSize
        guard Mode(rawValue: load32(record, 0) & 0xffff).type == .directory else { return 0..<0 }
        let first = load32(record, 28)
        let count = load32(record, 24) & 0xff_ffff
        // Behind the entry itself, so that a walk down always ends.
        guard first > entry, first <= entryCount, count <= UInt32(entryCount) - first else {
            return 0..<0
        }
        return first..<first + count
    }
}
