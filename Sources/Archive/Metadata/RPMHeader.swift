import FileTree

/// One header of an rpm: an index of tags over a store of values, all in network order.
///
/// Layout: `magic[3] version[1] reserved[4] entries[4] bytes[4]`, then for each entry
/// `tag[4] type[4] offset[4] count[4]`, then the store.
struct RPMHeader {
    private struct Place {
        var type: UInt32
        var offset: Int
        var count: Int
    }

    /// Entries, bytes and strings of a tag that no honest package comes near.
    private static let entryLimit = 1 << 16
    private static let storeLimit = 64 << 20
    private static let stringLimit = 1 << 20
    /// Bytes of the lead before the signature header.
    private static let leadSize = 96

    private var places: [UInt32: Place] = [:]
    private var store: [UInt8] = []

    /// Reads the main header of the package behind `source`: it follows the lead and a header of
    /// signatures, which is padded to 8 bytes.
    ///
    /// Errors: `.malformed` with the offset.
    static func read(from source: FileSource) throws(FileError) -> RPMHeader {
        let signature = try RPMHeader(source, at: UInt64(leadSize))
        return try RPMHeader(source, at: (signature.end + 7) & ~7)
    }

    private var end: UInt64

    private init(_ source: FileSource, at offset: UInt64) throws(FileError) {
        let place = "rpm header at offset \(offset)"
        let head = try Self.bytes(16, of: source, at: offset, place)
        guard head[0..<3].elementsEqual([0x8e, 0xad, 0xe8]) else {
            throw FileError.malformed("\(place): no magic number")
        }
        let entries = Int(Self.word(head, 8))
        let size = Int(Self.word(head, 12))
        guard entries <= Self.entryLimit, size <= Self.storeLimit else {
            throw FileError.malformed("\(place): \(entries) entries, \(size) bytes")
        }
        let index = try Self.bytes(16 * entries, of: source, at: offset + 16, place)
        store = try Self.bytes(size, of: source, at: offset + 16 + UInt64(16 * entries), place)
        for entry in 0..<entries {
            let at = 16 * entry
            let place = Place(
                type: Self.word(index, at + 4),
                offset: Int(Self.word(index, at + 8)),
                count: Int(Self.word(index, at + 12))
            )
            guard place.offset < size else { continue }
            // A store of NULs would be as many strings, each an array of its own.
            guard !Self.isStrings(place.type) || place.count <= Self.stringLimit else {
                throw FileError.malformed(
                    "rpm header at offset \(offset): \(place.count) strings of a tag"
                )
            }
            places[Self.word(index, at)] = place
        }
        end = offset + 16 + UInt64(16 * entries) + UInt64(size)
    }

    /// A tag's first string; nil where there is none.
    func string(_ tag: Tag) -> String? {
        strings(tag).first.map { String(decoding: $0, as: UTF8.self) }
    }

    /// A tag's strings, as bytes; those that leave the store are not there.
    func strings(_ tag: Tag) -> [[UInt8]] {
        guard let place = places[tag.rawValue], Self.isStrings(place.type) else { return [] }
        var result: [[UInt8]] = []
        var start = place.offset
        let count = place.type == 6 ? 1 : place.count
        while result.count < count, start < store.count,
            let end = store[start...].firstIndex(of: 0)
        {
            result.append(Array(store[start..<end]))
            start = end + 1
        }
        return result
    }

    /// Whether a type is string, array of strings, or strings in several languages.
    private static func isStrings(_ type: UInt32) -> Bool { [6, 8, 9].contains(type) }

    /// A tag's numbers of 16 or 32 bits; those that leave the store are not there.
    func numbers(_ tag: Tag) -> [UInt32] {
        guard let place = places[tag.rawValue], [3, 4].contains(place.type) else { return [] }
        let width = place.type == 3 ? 2 : 4
        let count = min(place.count, (store.count - place.offset) / width)
        return (0..<count).map { number in
            let at = place.offset + width * number
            return width == 4
                ? Self.word(store, at) : UInt32(store[at]) << 8 | UInt32(store[at + 1])
        }
    }

    /// The tags that are read.
    ///
    /// The corresponding constants are `RPMTAG_NAME` and so on.
    enum Tag: UInt32 {
        case name = 1000, version, release, epoch, summary
        case license = 1014
        case arch = 1022
        case preInstall = 1023, postInstall, preUninstall, postUninstall
        case fileUser = 1039, fileGroup
        case sourcePackage = 1044
        case provideName = 1047, requireFlags, requireName, requireVersion
        case conflictFlags = 1053, conflictName, conflictVersion
        case triggerScripts = 1065
        case obsoleteName = 1090
        case provideFlags = 1112, provideVersion, obsoleteFlags, obsoleteVersion
        case directoryIndexes = 1116, baseNames, directoryNames
        case preTransaction = 1151, postTransaction
        case fileCapabilities = 5010
    }

    private static func bytes(
        _ count: Int,
        of source: FileSource,
        at offset: UInt64,
        _ place: String
    ) throws(FileError) -> [UInt8] {
        guard offset <= source.size, UInt64(count) <= source.size - offset else {
            throw FileError.malformed("\(place): truncated")
        }
        var bytes = [UInt8](repeating: 0, count: count)
        var failure: FileError?
        let got = bytes.withUnsafeMutableBytes { buffer in
            do throws(FileError) {
                return try source.read(into: buffer, at: offset)
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        guard got == count else { throw FileError.malformed("\(place): truncated") }
        return bytes
    }

    private static func word(_ bytes: [UInt8], _ at: Int) -> UInt32 {
        UInt32(bytes[at]) << 24 | UInt32(bytes[at + 1]) << 16 | UInt32(bytes[at + 2]) << 8
            | UInt32(bytes[at + 3])
    }
}
