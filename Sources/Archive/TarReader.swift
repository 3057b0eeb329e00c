public import FileTree

/// Reads the members of a tar by its headers alone: v7, ustar, GNU tar's and pax, sparse files of
/// all four kinds.
///
/// Payloads are not read but for the map in front of a sparse one. Sizes and paths are checked
/// before they are believed. Errors name the archive, the member as far as it is known, and the
/// offset of its header.
public struct TarReader {
    private let window: TarWindow
    private var next: UInt64 = 0
    private var globals = PaxRecords()
    private var globalSize = 0
    /// Where the stored bytes of the member that was read last start.
    public private(set) var dataOffset: UInt64 = 0
    /// Where the headers of the member that was read last start.
    public private(set) var headerOffset: UInt64 = 0

    /// Makes a reader that stands before the first member.
    ///
    /// Members below `.pak` are refused, but for a manifest that comes first.
    public init(_ source: any TarSource) {
        window = TarWindow(source)
    }

    /// Reads the next member; nil at the end.
    ///
    /// Volume labels are passed over. Errors: `.malformed`; those of the reads.
    public mutating func read() throws(FileError) -> Member? {
        headerOffset = next
        do {
            return try readMember()
        } catch {
            let offset = "\(window.source.path): offset \(headerOffset)"
            throw error.context?.hasPrefix(window.source.path) == true ? error : error.at(offset)
        }
    }

    private mutating func readMember() throws(FileError) -> Member? {
        var pax: PaxRecords?
        var longName: [UInt8]?
        var longLink: [UInt8]?
        var paxCount = 0
        while true {
            let offset = next
            let bytes = try window.bytes(at: offset, TarEncoder.blockSize)
            if bytes.isEmpty, offset == 0 { throw .malformed("no tar: the file is empty") }
            guard bytes.count == TarEncoder.blockSize else {
                throw .malformed(
                    bytes.isEmpty
                        ? "the archive ends without its mark: cut short?"
                        : "the archive ends inside a header: cut short?"
                )
            }
            let block = TarBlock(bytes)
            if block.isZero {
                guard pax == nil, longName == nil, longLink == nil else {
                    throw .malformed("the archive ends behind a header that announces a member")
                }
                return nil
            }
            guard block.hasChecksum else { throw .malformed("no tar header: wrong checksum") }
            switch block.type {
            case UInt8(ascii: "x"), UInt8(ascii: "X"), UInt8(ascii: "g"):
                let isGlobal = block.type == UInt8(ascii: "g")
                let body = try body(block, offset, limit: PaxRecords.limit)
                paxCount += 1
                guard paxCount <= 16 else { throw .malformed("too many pax headers in a row") }
                if isGlobal {
                    globalSize += body.count
                    guard globalSize <= PaxRecords.limit else {
                        throw .malformed("global pax headers over 1 MiB")
                    }
                    try globals.add(body)
                    if next > 0, pax == nil { headerOffset = next }
                } else {
                    if pax == nil { pax = globals }
                    try pax?.add(body)
                }
            case UInt8(ascii: "L"):
                longName = try longText(block, offset)
            case UInt8(ascii: "K"):
                longLink = try longText(block, offset)
            case UInt8(ascii: "V"):
                _ = try payloadEnd(block, offset, size(block, nil))
                headerOffset = next
            default:
                var fields = pax ?? globals
                if let longName { fields.path = fields.path ?? longName }
                if let longLink { fields.linkTarget = fields.linkTarget ?? longLink }
                return try member(block, offset, fields)
            }
        }
    }

    /// The text of a GNU long name or link, without the NUL behind it.
    private mutating func longText(
        _ block: TarBlock,
        _ offset: UInt64
    ) throws(FileError) -> [UInt8] {
        var text = try body(block, offset, limit: 2 * MemberPath.limit)
        if let end = text.firstIndex(of: 0) { text.removeSubrange(end...) }
        return text
    }

    /// The whole payload of a header that is about another.
    private mutating func body(
        _ block: TarBlock,
        _ offset: UInt64,
        limit: Int
    ) throws(FileError) -> [UInt8] {
        let size = try size(block, nil)
        guard size <= UInt64(limit) else {
            throw .malformed("a header of \(size) bytes, more than \(limit)")
        }
        try payloadEnd(block, offset, size)
        return try Self.bytes(of: window.source, at: offset + 512, Int(size))
    }

    static func bytes(
        of source: any TarSource,
        at offset: UInt64,
        _ count: Int
    ) throws(FileError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var span = bytes.mutableSpan
        let read = try span.withUnsafeMutableBytes { buffer throws(FileError) in
            try source.read(into: buffer, at: offset)
        }
        guard read == count else { throw .malformed("the archive ends at byte \(source.size)") }
        return bytes
    }

    private func size(_ block: TarBlock, _ pax: PaxRecords?) throws(FileError) -> UInt64 {
        if let size = pax?.size { return size }
        guard let size = block.number(124, 12), size >= 0 else { throw .malformed("size field") }
        return UInt64(size)
    }

    /// Goes on behind a payload, which must lie within the archive.
    @discardableResult
    private mutating func payloadEnd(
        _ block: TarBlock,
        _ offset: UInt64,
        _ size: UInt64
    ) throws(FileError) -> UInt64 {
        let start = offset + UInt64(TarEncoder.blockSize)
        let left = window.source.size >= start ? window.source.size - start : 0
        guard size <= left else {
            throw .malformed("\(size) bytes announced, \(left) left: cut short?")
        }
        next = start + (size + 511) & ~511
        return start + size
    }
}

extension TarReader {
    private mutating func member(
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

extension TarReader {
    /// The sparse file of a GNU header: four runs in it, 21 in each block that follows.
    private mutating func oldSparse(
        _ member: Member,
        _ block: TarBlock,
        _ offset: UInt64,
        _ stored: UInt64
    ) throws(FileError) -> Member {
        var member = member
        guard let size = block.number(483, 12), size >= 0 else { throw .malformed("real size") }
        member.size = UInt64(size)
        var numbers: [UInt64] = []
        func add(_ block: TarBlock, _ offset: Int, _ count: Int) throws(FileError) {
            for at in 0..<count {
                guard let start = block.number(offset + at * 24, 12),
                    let length = block.number(offset + at * 24 + 12, 12), start >= 0, length >= 0
                else { throw .malformed("sparse map") }
                if length > 0 { numbers += [UInt64(start), UInt64(length)] }
            }
        }
        try add(block, 386, 4)
        var isExtended = block.string(482, 1).count == 1
        var start = offset + UInt64(TarEncoder.blockSize)
        while isExtended {
            let bytes = try window.bytes(at: start, TarEncoder.blockSize)
            guard bytes.count == TarEncoder.blockSize, numbers.count < SparseMap.limit else {
                throw .malformed("sparse map")
            }
            try add(TarBlock(bytes), 0, 21)
            isExtended = bytes[504] != 0
            start += UInt64(TarEncoder.blockSize)
        }
        try payloadEnd(block, start - UInt64(TarEncoder.blockSize), stored)
        dataOffset = start
        member.segments = try SparseMap.segments(numbers, size: member.size, stored: stored)
        return member
    }

    /// The sparse file of a pax header; in version 1.0 the map is in front of the stored bytes.
    private mutating func readSparse(
        _ sparse: PaxRecords.Sparse,
        _ member: inout Member,
        _ stored: UInt64
    ) throws(FileError) {
        guard let size = sparse.size else { return }
        member.size = size
        var map = sparse.map
        var stored = stored
        if sparse.major == 1 {
            let (numbers, length) = try SparseMap.read(window, at: dataOffset, limit: stored)
            map = numbers
            dataOffset += length
            stored -= length
        } else if map.isEmpty {
            member.size = stored
            return
        }
        member.segments = try SparseMap.segments(map, size: size, stored: stored)
    }
}
