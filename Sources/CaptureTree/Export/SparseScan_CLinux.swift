import Archive
import CLinux
import FileTree
import Glibc

/// Finds the zeros of a file that an archive need not store.
///
/// By the bytes alone, in blocks of 64 KiB from the start: a hole and zeros that were written are
/// the same, so that equal files give equal archives whatever the disk below makes of them.
enum SparseScan {
    static let block = 64 << 10
    /// As many bytes at a block's start tell, most often, that it is no hole.
    private static let probe = 64

    /// The runs to be stored; nil when that is all of the file.
    static func segments(
        of file: any OpenFile,
        size: UInt64
    ) throws(FileError) -> [SegmentList.Segment]? {
        guard size >= UInt64(block) else { return nil }
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: block, alignment: 16)
        defer { room.deallocate() }
        var segments: [SegmentList.Segment] = []
        var start: UInt64 = 0
        var offset: UInt64 = 0
        var isWhole = true
        while offset < size {
            let hole = try zeros(of: file, at: offset, size: size, room)
            if hole == 0 {
                offset += min(UInt64(block), size - offset)
                continue
            }
            isWhole = false
            if offset > start { segments.append(.init(offset: start, length: offset - start)) }
            offset += hole
            start = offset
        }
        if isWhole { return nil }
        if offset > start { segments.append(.init(offset: start, length: offset - start)) }
        return segments
    }

    /// How many bytes from `offset` on are whole blocks of zeros, or the file's rest.
    private static func zeros(
        of file: any OpenFile,
        at offset: UInt64,
        size: UInt64,
        _ room: UnsafeMutableRawBufferPointer
    ) throws(FileError) -> UInt64 {
        let length = Int(min(UInt64(block), size - offset))
        let front = UnsafeMutableRawBufferPointer(rebasing: room[..<min(probe, length)])
        guard try file.read(into: front, at: offset) == front.count, isZero(front) else { return 0 }
        if let hole = try hole(of: file, at: offset, size: size) { return hole }
        let whole = UnsafeMutableRawBufferPointer(rebasing: room[..<length])
        guard try file.read(into: whole, at: offset) == length, isZero(whole) else { return 0 }
        return UInt64(length)
    }

    /// How many whole blocks the host knows to be a hole; nil when it knows of none.
    private static func hole(
        of file: any OpenFile,
        at offset: UInt64,
        size: UInt64
    ) throws(FileError) -> UInt64? {
        let left = Int(clamping: size - offset)
        guard let extent = try file.extent(at: offset, count: left),
            case .descriptor(let descriptor, let place) = extent.place,
            let start = Int64(exactly: place)
        else { return nil }
        let data = withExtendedLifetime(extent.owner) { pak_next_data(descriptor, start) }
        // Nothing but a hole is left, or the file system does not tell.
        let end = data < 0 && errno == ENXIO ? extent.count : Int(data - start)
        let known = min(end, extent.count)
        if known == left { return UInt64(known) }
        return known >= block ? UInt64(known / block * block) : nil
    }

    private static func isZero(_ bytes: UnsafeMutableRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress, bytes[0] == 0 else { return bytes.isEmpty }
        return memcmp(base, base + 1, bytes.count - 1) == 0
    }
}
