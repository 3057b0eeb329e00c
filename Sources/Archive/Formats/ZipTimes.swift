import FileTree
import Glibc

/// The times of a zip's members that have no zone, taken as UTC.
///
/// A zip has its members' times as clock readings, and only some writers add the time itself.
/// libarchive takes a reading for one of the zone it runs in: then the same file would be another
/// package elsewhere. So the directory at the end is read once more for the readings alone.
struct ZipTimes {
    /// The last record, with a comment behind it, and the one in front of it for large archives.
    private static let endSize = 22 + 65535 + 20
    private static let directoryLimit: UInt64 = 256 << 20

    private var bytes: [UInt8] = []
    private let source: FileSource

    /// Shows the path and time of each member without a time of its own.
    ///
    /// A directory that is not where it should be has none: then libarchive has found another.
    static func forEach(
        of source: FileSource,
        _ body: ([UInt8], Timestamp) -> Void
    ) throws(FileError) {
        var times = ZipTimes(source)
        guard let (offset, size) = try times.place(), size <= directoryLimit,
            offset <= source.size, size <= source.size - offset
        else { return }
        try times.load(offset, Int(size))
        var at = 0
        while at + 46 <= times.bytes.count, times.number(at, 4) == 0x0201_4b50 {
            let name = at + 46
            let extra = name + times.number(at + 28, 2)
            let end = extra + times.number(at + 30, 2)
            guard end <= times.bytes.count else { return }
            if !times.hasTime(extra..<end) {
                body(Array(times.bytes[name..<extra]), times.time(at + 12))
            }
            at = end + times.number(at + 32, 2)
        }
    }

    private init(_ source: FileSource) { self.source = source }

    /// Where the directory is, and how long.
    private mutating func place() throws(FileError) -> (offset: UInt64, size: UInt64)? {
        let length = Int(min(UInt64(Self.endSize), source.size))
        try load(source.size - UInt64(length), length)
        var at = bytes.count - 22
        while at >= 0, number(at, 4) != 0x0605_4b50 { at -= 1 }
        guard at >= 0 else { return nil }
        let size = number(at + 12, 4)
        let offset = number(at + 16, 4)
        guard offset == 0xffff_ffff || size == 0xffff_ffff else {
            return (UInt64(offset), UInt64(size))
        }
        guard at >= 20, number(at - 20, 4) == 0x0706_4b50,
            let place = UInt64(exactly: number(at - 12, 8)), place <= source.size
        else { return nil }
        try load(place, 56)
        guard bytes.count == 56, number(0, 4) == 0x0606_4b50,
            let size = UInt64(exactly: number(40, 8)), let offset = UInt64(exactly: number(48, 8))
        else { return nil }
        return (offset, size)
    }

    /// Whether the extra fields have the time itself: as Unix has it, or Windows.
    private func hasTime(_ fields: Range<Int>) -> Bool {
        var at = fields.lowerBound
        while at + 4 <= fields.upperBound {
            if [0x5455, 0x5855, 0x000d, 0x000a].contains(number(at, 2)) { return true }
            at += 4 + number(at + 2, 2)
        }
        return false
    }

    /// A clock reading: two seconds, minutes, hours; then day, month, year since 1980.
    private func time(_ at: Int) -> Timestamp {
        let clock = number(at, 2)
        let date = number(at + 2, 2)
        var reading = tm()
        reading.tm_sec = Int32(clock & 31) * 2
        reading.tm_min = Int32(clock >> 5 & 63)
        reading.tm_hour = Int32(clock >> 11)
        reading.tm_mday = Int32(date & 31)
        reading.tm_mon = Int32(date >> 5 & 15) - 1
        reading.tm_year = Int32(date >> 9) + 80
        return Timestamp(seconds: Int64(timegm(&reading)))
    }

    private mutating func load(_ offset: UInt64, _ count: Int) throws(FileError) {
        var room = [UInt8](repeating: 0, count: count)
        var span = room.mutableSpan
        let read = try span.withUnsafeMutableBytes { buffer throws(FileError) in
            try source.read(into: buffer, at: offset)
        }
        bytes = Array(room[..<read])
    }

    /// A number of up to eight bytes; one of eight that is past `Int` reads as -1.
    private func number(_ at: Int, _ width: Int) -> Int {
        var value: UInt64 = 0
        for byte in bytes[at..<at + width].reversed() { value = value << 8 | UInt64(byte) }
        return Int(exactly: value) ?? -1
    }
}
