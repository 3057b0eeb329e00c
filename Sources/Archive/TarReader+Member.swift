import FileTree

extension TarReader {
    /// The member of a header and of what the headers before it say.
    mutating func member(
        _ block: TarBlock,
        _ offset: UInt64,
        _ pax: PaxRecords
    ) throws(FileError) -> Member {
        let raw = pax.sparse?.name ?? pax.path ?? block.name()
        do {
            return try member(block, offset, pax, raw)
        } catch {
            throw error.context?.hasPrefix(PathText.display(raw)) == true
                ? error : error.at(PathText.display(raw))
        }
    }

    private mutating func member(
        _ block: TarBlock,
        _ offset: UInt64,
        _ pax: PaxRecords,
        _ raw: [UInt8]
    ) throws(FileError) -> Member {
        var member = Member()
        try MemberPath.normalize(raw, into: &member.path)
        guard !MemberPath.isPrivate(member.path) || offset == 0 && member.path == Manifest.path
        else { throw .malformed("\(member.displayPath): .pak is for packages themselves") }
        try readAttributes(&member, block, pax)
        let stored = try size(block, pax)
        var data = stored
        switch block.type {
        case 0, UInt8(ascii: "0"), UInt8(ascii: "7"):
            member.type = raw.last == UInt8(ascii: "/") ? .directory : .regular
            if member.type == .directory { data = 0 }
        case UInt8(ascii: "1"):
            let target = pax.linkTarget ?? Array(block.string(157, 100))
            member.hardLink = try MemberPath.normalize(target)
            data = try linkDataSize(offset, stored)
        case UInt8(ascii: "2"):
            member.type = .symlink
            member.linkTarget = pax.linkTarget ?? Array(block.string(157, 100))
            guard (1...4095).contains(member.linkTarget.count), !member.linkTarget.contains(0)
            else { throw .malformed("a symbolic link to \(member.linkTarget.count) bytes") }
            data = 0
        case UInt8(ascii: "3"), UInt8(ascii: "4"):
            member.type = block.type == UInt8(ascii: "3") ? .characterDevice : .blockDevice
            member.device = try device(block, pax)
            data = 0
        case UInt8(ascii: "5"):
            member.type = .directory
            data = 0
        case UInt8(ascii: "D"): member.type = .directory
        case UInt8(ascii: "6"):
            member.type = .fifo
            data = 0
        case UInt8(ascii: "S"):
            return try oldSparse(member, block, offset, stored)
        case UInt8(ascii: "M"), UInt8(ascii: "N"):
            throw FileError(.unsupported, "a piece of another volume, or a list of long names")
        default: member.type = .regular  // as POSIX asks of readers
        }
        try payloadEnd(block, offset, data)
        dataOffset = offset + UInt64(TarEncoder.blockSize)
        guard member.type == .regular, member.hardLink == nil else { return member }
        member.size = stored
        if let sparse = pax.sparse { try readSparse(sparse, &member, stored) }
        return member
    }

    private func readAttributes(
        _ member: inout Member,
        _ block: TarBlock,
        _ pax: PaxRecords
    ) throws(FileError) {
        let isOld = block.format == .v7
        guard let mode = block.number(100, 8) else { throw .malformed("mode field") }
        member.permissions = UInt32(truncatingIfNeeded: mode) & 0o7777
        if let uid = pax.uid { member.uid = uid } else { member.uid = try owner(block, 108) }
        if let gid = pax.gid { member.gid = gid } else { member.gid = try owner(block, 116) }
        member.userName = pax.userName ?? (isOld ? [] : Array(block.string(265, 32)))
        member.groupName = pax.groupName ?? (isOld ? [] : Array(block.string(297, 32)))
        if let modified = pax.modified {
            member.modified = modified
        } else {
            guard let time = block.number(136, 12) else { throw .malformed("mtime field") }
            member.modified = Timestamp(seconds: time)
        }
        guard PackedTime.seconds.contains(member.modified.seconds) else {
            throw .malformed("time \(member.modified.seconds) is out of range")
        }
        member.attributes = pax.attributes.sorted { $0.name.lexicographicallyPrecedes($1.name) }
        guard member.attributes.allSatisfy({ (1...255).contains($0.name.count) }) else {
            throw .malformed("the name of an attribute")
        }
    }

    private func owner(_ block: TarBlock, _ offset: Int) throws(FileError) -> UInt32 {
        guard let id = block.number(offset, 8) else { throw .malformed("owner field") }
        // Some writers keep -2 and -1, nobody and unknown, as signed numbers.
        guard id >= -2, id <= Int64(UInt32.max) else { throw .malformed("owner \(id)") }
        return UInt32(truncatingIfNeeded: id)
    }

    private func device(_ block: TarBlock, _ pax: PaxRecords) throws(FileError) -> UInt64 {
        func part(_ known: UInt32?, _ offset: Int) throws(FileError) -> UInt32 {
            if let known { return known }
            guard let number = block.number(offset, 8), let part = UInt32(exactly: number) else {
                throw .malformed("device field")
            }
            return part
        }
        return DeviceNumber.join(
            major: try part(pax.major, 329),
            minor: try part(pax.minor, 337)
        )
    }

    /// A hard link has no payload, whatever its size says, unless what follows is no header.
    private func linkDataSize(_ offset: UInt64, _ size: UInt64) throws(FileError) -> UInt64 {
        if size == 0 { return 0 }
        let bytes = try window.bytes(
            at: offset + UInt64(TarEncoder.blockSize),
            TarEncoder.blockSize
        )
        guard bytes.count == TarEncoder.blockSize else { return size }
        let block = TarBlock(bytes)
        return block.isZero || block.hasChecksum ? 0 : size
    }
}
