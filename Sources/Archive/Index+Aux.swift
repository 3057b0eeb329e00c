import FileTree

extension Index {
    /// The path that a symbolic link holds; empty for anything else.
    public func linkTarget(_ inode: Inode) -> UnsafeRawBufferPointer {
        guard inode.mode.type == .symlink else {
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        return auxiliary(.linkTarget, of: inode)
    }

    /// What a device node stands for, as Linux's `makedev` packs it; 0 for anything else.
    public func device(_ inode: Inode) -> UInt64 {
        guard inode.mode.type == .characterDevice || inode.mode.type == .blockDevice else {
            return 0
        }
        let value = auxiliary(.device, of: inode)
        guard value.count >= 8 else { return 0 }
        return UInt64(littleEndian: value.loadUnaligned(as: UInt64.self))
    }

    /// The runs of a file's bytes that its payload holds; nil for a file that is not sparse.
    public func segments(_ inode: Inode) -> SegmentList? {
        inode.isSparse ? SegmentList(auxiliary(.sparse, of: inode)) : nil
    }

    /// The bytes a regular file occupies: less than its size when it has holes.
    public func allocated(_ inode: Inode) -> UInt64 {
        guard let segments = segments(inode) else { return inode.size }
        return min(inode.size, segments.storedSize)
    }

    /// Shows each extended attribute, sorted by name, until `body` returns false.
    public func forEachAttribute(
        _ inode: Inode,
        _ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool
    ) {
        guard inode.hasAttributes else { return }
        var rest = auxiliary(.attributes, of: inode)
        while rest.count >= 8 {
            let name = Int(load32(rest))
            let value = Int(
                UInt32(littleEndian: rest.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
            )
            guard name <= rest.count - 8, value <= rest.count - 8 - name else { return }
            let start = 8 + name
            let goesOn = body(
                UnsafeRawBufferPointer(rebasing: rest[8..<start]),
                UnsafeRawBufferPointer(rebasing: rest[start..<start + value])
            )
            guard goesOn else { return }
            rest = UnsafeRawBufferPointer(rebasing: rest[(start + value)...])
        }
    }

    /// The SHA-256 of a regular file's bytes; nil where the index has none.
    public func hash(_ inode: Inode) -> ContentID? {
        guard inode.hash > 0, inode.hash <= hashCount else { return nil }
        let start = hashes + (Int(inode.hash) - 1) * IndexLayout.hashSize
        return ContentID(UnsafeRawBufferPointer(start: start, count: IndexLayout.hashSize))
    }

    /// Where a frame lies: its place and length in the archive, its place and length in the tar.
    func frame(_ number: UInt32) -> FramePlace? {
        guard number < frameCount else { return nil }
        let record = frames + Int(number) * IndexLayout.frameSize
        let place = load64(record, 0)
        let start = load64(record, 8)
        let end = number + 1 < frameCount ? load64(record, 8 + IndexLayout.frameSize) : tarSize
        guard end >= start, end - start <= UInt64(FramePlace.sizeLimit) else { return nil }
        return FramePlace(
            offset: place & 0xff_ffff_ffff,
            size: Int(place >> 40),
            tarOffset: start,
            tarSize: Int(end - start)
        )
    }

    /// The name that the archive gives an owner; nil where it gives the number alone.
    public func userName(_ uid: UInt32) -> [UInt8]? { ownerName(uid, idAt: 0, nameAt: 8) }

    /// The name that the archive gives a group; nil where it gives the number alone.
    public func groupName(_ gid: UInt32) -> [UInt8]? { ownerName(gid, idAt: 4, nameAt: 12) }

    private func ownerName(_ id: UInt32, idAt: Int, nameAt: Int) -> [UInt8]? {
        for number in 0..<ownerCount {
            let record = owners + number * IndexLayout.ownerSize
            guard load32(record, idAt) == id else { continue }
            let name = load32(record, nameAt)
            let offset = Int(name & 0xff_ffff)
            let length = Int(name >> 24)
            guard length > 0, offset <= aux.count, length <= aux.count - offset else { continue }
            return Array(aux[offset..<offset + length])
        }
        return nil
    }

    /// The paths that the package hides in layers below it, sorted.
    public var holes: [[UInt8]] { whiteoutPaths(0) }

    /// The directories whose entries in layers below the package hides, sorted.
    public var opaques: [[UInt8]] { whiteoutPaths(1) }

    // whiteouts: n*(kind[2] length[2] path[length])
    private func whiteoutPaths(_ kind: UInt16) -> [[UInt8]] {
        var paths: [[UInt8]] = []
        var rest = whiteouts
        while rest.count >= 4 {
            let head = load32(rest)
            let length = Int(head >> 16)
            guard length <= rest.count - 4 else { return paths }
            if UInt16(head & 0xffff) == kind { paths.append(Array(rest[4..<4 + length])) }
            rest = UnsafeRawBufferPointer(rebasing: rest[(4 + length)...])
        }
        return paths
    }

    private func load32(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self))
    }

    private func auxiliary(
        _ kind: IndexLayout.Aux,
        of inode: Inode
    ) -> UnsafeRawBufferPointer {
        // Offset 0 stands for none; records start at multiples of 8.
        var at = Int(inode.aux) * 8
        while at > 0, at <= aux.count - 8 {
            let head = UInt32(littleEndian: aux.loadUnaligned(fromByteOffset: at, as: UInt32.self))
            let length = Int(
                UInt32(littleEndian: aux.loadUnaligned(fromByteOffset: at + 4, as: UInt32.self))
            )
            guard length <= aux.count - at - 8 else { break }
            if head & ~IndexLayout.moreAux == kind.rawValue {
                return UnsafeRawBufferPointer(rebasing: aux[at + 8..<at + 8 + length])
            }
            guard head & IndexLayout.moreAux != 0 else { break }
            at += 8 + (length + 7) & ~7
        }
        return UnsafeRawBufferPointer(start: nil, count: 0)
    }
}
