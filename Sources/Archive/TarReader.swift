public import FileTree

/// Reads the members of a tar by its headers alone: v7, ustar, GNU tar's and pax, sparse files of
/// all four kinds.
///
/// Payloads are not read but for the map in front of a sparse one. Sizes and paths are checked
/// before they are believed. Errors name the archive, the member as far as it is known, and the
/// offset of its header.
public struct TarReader {
    let window: TarWindow
    private var next: UInt64 = 0
    private var globals = PaxRecords()
    private var globalSize = 0
    /// Where the stored bytes of the member that was read last start.
    public internal(set) var dataOffset: UInt64 = 0
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
                    // What is said of every member must not be copied for every member.
                    globals.attributes = []
                    globals.sparse = nil
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

    func size(_ block: TarBlock, _ pax: PaxRecords?) throws(FileError) -> UInt64 {
        if let size = pax?.size { return size }
        guard let size = block.number(124, 12), size >= 0 else { throw .malformed("size field") }
        return UInt64(size)
    }

    /// Goes on behind a payload, which must lie within the archive.
    @discardableResult
    mutating func payloadEnd(
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
