import FileTree

/// The canonical tar's headers: ustar, with pax records in a fixed order where ustar has no room.
///
/// See pak.format(6).
struct TarEncoder {
    static let blockSize = 512
    /// The most bytes of pax records of one member.
    static let paxLimit = 64 << 10

    /// Of those, what is left to attributes whatever the path is.
    static let attributeLimit = paxLimit - MemberPath.limit - 1024

    /// The headers of a member, whole blocks.
    private(set) var header: [UInt8] = []
    /// What comes before the stored bytes of a sparse file: its map, whole blocks.
    private(set) var map: [UInt8] = []
    private static let magic = Array("ustar\u{0}00".utf8)
    private var records: [UInt8] = []
    private var recordCount = 0

    /// Makes `header` and `map` those of a member.
    ///
    /// Errors: `.unsupported` for a socket, `.tooBig` for attributes that do not fit.
    mutating func encode(_ member: Member) throws(FileError) {
        guard member.type != .socket else {
            throw FileError(.unsupported, "\(member.displayPath): tar has no sockets")
        }
        header.removeAll(keepingCapacity: true)
        map.removeAll(keepingCapacity: true)
        records.removeAll(keepingCapacity: true)
        recordCount = 0
        if member.segments != nil, member.hardLink == nil { try encodeMap(member) }
        var block = [UInt8](repeating: 0, count: Self.blockSize)
        fill(&block, member)
        if recordCount > 0 {
            guard records.count <= Self.paxLimit else {
                throw FileError(.tooBig, "\(member.displayPath): attributes over 64 KiB")
            }
            var pax = Member(
                path: Array("././@PaxHeader".utf8),
                type: .regular,
                permissions: 0o644
            )
            pax.size = UInt64(records.count)
            let body = records
            var front = [UInt8](repeating: 0, count: Self.blockSize)
            fill(&front, pax, type: UInt8(ascii: "x"))
            header += front
            header += body
            Self.pad(&header)
        }
        header += block
    }

    static func pad(_ bytes: inout [UInt8]) {
        let rest = bytes.count % blockSize
        if rest > 0 { bytes += [UInt8](repeating: 0, count: blockSize - rest) }
    }

    private mutating func encodeMap(_ member: Member) throws(FileError) {
        let segments = Self.map(of: member)
        map += Array("\(segments.count)\n".utf8)
        for segment in segments { map += Array("\(segment.offset)\n\(segment.length)\n".utf8) }
        Self.pad(&map)
    }

    /// The runs as the map has them: one of no bytes at the end when the file ends with a hole.
    private static func map(of member: Member) -> [SegmentList.Segment] {
        var segments = member.segments ?? []
        let end = segments.last.map { $0.offset + $0.length } ?? 0
        if end < member.size { segments.append(.init(offset: member.size, length: 0)) }
        return segments
    }

    private mutating func fill(_ block: inout [UInt8], _ member: Member, type: UInt8? = nil) {
        let isLink = member.hardLink != nil
        let isSparse = !map.isEmpty && type == nil
        let stored = isLink ? 0 : member.storedSize + UInt64(isSparse ? map.count : 0)
        var pax: [(String, [UInt8])] = []

        var name = member.path
        if name.isEmpty { name = Array(".".utf8) }
        if member.type == .directory, !isLink { name.append(UInt8(ascii: "/")) }
        if isSparse {
            let base = member.path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
            put(Array("GNUSparseFile.0/".utf8) + member.path[base...], 0, 100, &block)
        } else if let (prefix, rest) = Self.split(name) {
            put(rest, 0, 100, &block)
            put(prefix, 345, 155, &block)
        } else {
            pax.append(("path", name))
            put(name, 0, 100, &block)
        }
        let target = member.hardLink ?? (member.type == .symlink ? member.linkTarget : [])
        if target.count > 100 { pax.append(("linkpath", target)) }
        put(target, 157, 100, &block)
        number(UInt64(member.permissions & 0o7777), 100, 8, "", &block, &pax)
        number(stored, 124, 12, "size", &block, &pax)
        number(UInt64(member.uid), 108, 8, "uid", &block, &pax)
        number(UInt64(member.gid), 116, 8, "gid", &block, &pax)
        owner(member.userName, "uname", 265, &block, &pax)
        owner(member.groupName, "gname", 297, &block, &pax)
        time(member.modified, &block, &pax)
        if isSparse {
            pax.append(("GNU.sparse.major", Array("1".utf8)))
            pax.append(("GNU.sparse.minor", Array("0".utf8)))
            pax.append(("GNU.sparse.name", member.path))
            pax.append(("GNU.sparse.realsize", Array("\(member.size)".utf8)))
        }
        if type == nil, !isLink {
            for attribute in member.attributes {
                pax.append((Self.attributeKey(attribute.name), attribute.value))
            }
        }
        block[156] = type ?? Self.typeFlag(member)
        put(Self.magic, 257, 8, &block)
        let device = member.type == .characterDevice || member.type == .blockDevice
        let (major, minor) = device ? DeviceNumber.split(member.device) : (0, 0)
        number(UInt64(major), 329, 8, "SCHILY.devmajor", &block, &pax)
        number(UInt64(minor), 337, 8, "SCHILY.devminor", &block, &pax)
        checksum(&block)

        if type != nil { return }
        if pax.isEmpty { return }
        let strings = [name, target, member.userName, member.groupName]
        if strings.contains(where: { !Self.isUTF8($0) }) {
            record("hdrcharset", Array("BINARY".utf8))
        }
        for (key, value) in pax { record(key, value) }
    }

    private func owner(
        _ name: [UInt8],
        _ key: String,
        _ offset: Int,
        _ block: inout [UInt8],
        _ pax: inout [(String, [UInt8])]
    ) {
        if name.count > 31 { pax.append((key, name)) }
        put(name, offset, 31, &block)
    }

    private func time(
        _ time: Timestamp,
        _ block: inout [UInt8],
        _ pax: inout [(String, [UInt8])]
    ) {
        let whole = max(0, time.seconds)
        let fits = TarNumber.put(UInt64(whole), in: &block, at: 136, 12)
        if !fits { _ = TarNumber.put(0, in: &block, at: 136, 12) }
        if !fits || time.seconds < 0 || time.nanoseconds != 0 {
            pax.append(("mtime", PaxTime.format(time)))
        }
    }

    private func number(
        _ value: UInt64,
        _ offset: Int,
        _ length: Int,
        _ key: String,
        _ block: inout [UInt8],
        _ pax: inout [(String, [UInt8])]
    ) {
        if !TarNumber.put(value, in: &block, at: offset, length) {
            pax.append((key, Array("\(value)".utf8)))
            _ = TarNumber.put(0, in: &block, at: offset, length)
        }
    }

    private func put(_ bytes: [UInt8], _ offset: Int, _ limit: Int, _ block: inout [UInt8]) {
        for at in 0..<min(bytes.count, limit) { block[offset + at] = bytes[at] }
    }

    private func checksum(_ block: inout [UInt8]) {
        for at in 148..<156 { block[at] = UInt8(ascii: " ") }
        var sum: UInt64 = 0
        for byte in block { sum += UInt64(byte) }
        _ = TarNumber.put(sum, in: &block, at: 148, 7)
    }

    /// `length SP key=value LF`, where length counts all of it.
    private mutating func record(_ key: String, _ value: [UInt8]) {
        records += Array("\(Self.size(key, value)) \(key)=".utf8)
        records += value
        records.append(UInt8(ascii: "\n"))
        recordCount += 1
    }

    private static func size(_ key: String, _ value: [UInt8]) -> Int {
        let rest = key.utf8.count + value.count + 3
        var digits = 1
        while "\(rest + digits)".utf8.count > digits { digits += 1 }
        return rest + digits
    }

    /// The bytes of the record of an attribute.
    static func size(of attribute: ExtendedAttribute) -> Int {
        size(attributeKey(attribute.name), attribute.value)
    }

    /// The name in ustar's two fields, cut at the first slash that makes both fit.
    private static func split(_ name: [UInt8]) -> (prefix: [UInt8], rest: [UInt8])? {
        if name.count <= 100 { return ([], name) }
        guard name.count <= 256 else { return nil }
        for (at, byte) in name.enumerated() where byte == UInt8(ascii: "/") {
            let rest = name.count - at - 1
            if at > 155 { return nil }
            if at > 0, rest > 0, rest <= 100 {
                return (Array(name[..<at]), Array(name[(at + 1)...]))
            }
        }
        return nil
    }

    private static func attributeKey(_ name: [UInt8]) -> String {
        // As GNU tar does: a key ends at the first `=`.
        let escaped = PathText.escape(name) {
            $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: "%") || $0 >= 0x80
        }
        return "SCHILY.xattr." + String(decoding: escaped, as: UTF8.self)
    }

    private static func typeFlag(_ member: Member) -> UInt8 {
        if member.hardLink != nil { return UInt8(ascii: "1") }
        switch member.type {
        case .regular, .socket: return UInt8(ascii: "0")
        case .symlink: return UInt8(ascii: "2")
        case .characterDevice: return UInt8(ascii: "3")
        case .blockDevice: return UInt8(ascii: "4")
        case .directory: return UInt8(ascii: "5")
        case .fifo: return UInt8(ascii: "6")
        }
    }

    private static func isUTF8(_ bytes: [UInt8]) -> Bool {
        if bytes.allSatisfy({ $0 < 0x80 }) { return true }
        return String(validating: bytes, as: UTF8.self) != nil
    }
}
