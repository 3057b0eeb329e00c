import FileTree

/// The maps of sparse files in tars, checked.
enum SparseMap {
    /// The most numbers of a map: two a run.
    static let limit = 1 << 21

    /// The runs of offsets and lengths in turn, which must ascend, lie within `size` and be as
    /// many bytes as are stored.
    static func segments(
        _ numbers: [UInt64],
        size: UInt64,
        stored: UInt64
    ) throws(FileError) -> [SegmentList.Segment] {
        guard numbers.count % 2 == 0 else { throw .malformed("sparse map: an odd number") }
        var segments: [SegmentList.Segment] = []
        var end: UInt64 = 0
        var sum: UInt64 = 0
        for at in stride(from: 0, to: numbers.count, by: 2) {
            let (offset, length) = (numbers[at], numbers[at + 1])
            let (next, overflow) = offset.addingReportingOverflow(length)
            guard !overflow, offset >= end, next <= size else {
                throw .malformed("sparse map: \(length) bytes at \(offset) of \(size)")
            }
            end = next
            sum += length  // at most `size`
            if length > 0 { segments.append(.init(offset: offset, length: length)) }
        }
        guard sum == stored else {
            throw .malformed("sparse map: \(sum) bytes, but \(stored) are stored")
        }
        return segments
    }

    /// Reads the map of a pax 1.0 sparse file: decimal lines, whole blocks.
    static func read(
        _ window: TarWindow,
        at offset: UInt64,
        limit stored: UInt64
    ) throws(FileError) -> (numbers: [UInt64], length: UInt64) {
        var numbers: [UInt64] = []
        var expected: UInt64?
        var digits: [UInt8] = []
        var length: UInt64 = 0
        while expected == nil || UInt64(numbers.count) < (expected ?? 0) {
            guard length + 512 <= stored else { throw .malformed("sparse map: no end") }
            let bytes = try window.bytes(at: offset + length, 512)
            guard bytes.count == 512 else { throw .malformed("sparse map: no end") }
            length += 512
            for byte in bytes {
                guard byte == UInt8(ascii: "\n") else {
                    digits.append(byte)
                    guard digits.count <= 20 else { throw .malformed("sparse map: no number") }
                    continue
                }
                guard let number = PaxRecords.decimal(digits) else {
                    throw .malformed("sparse map: no number")
                }
                digits = []
                if expected == nil {
                    guard number <= UInt64(limit / 2) else {
                        throw .malformed("sparse map: \(number) runs are too many")
                    }
                    expected = number * 2
                } else {
                    numbers.append(number)
                }
                if UInt64(numbers.count) == expected { break }
            }
        }
        return (numbers, length)
    }
}
