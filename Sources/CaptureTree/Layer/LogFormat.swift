import FileTree

// A log, on disk, the lowest byte of a number first:
//
//     magic[8] version[4] zero[4] id[8] sum[8], and then records:
//     size[4] check[4] type[1] payload[size - 1] sum[8]
//
// A sum goes over the sum before it and all that is between: a record is right behind its own
// predecessors alone, in the log of its own layer. `check` is the sum of the predecessor and the
// size, cut to 32 bits: so a size that was damaged is not taken for a record that was never
// finished, which would cut off all behind it.

/// The sizes and sums of a log's header and frames.
enum LogFormat {
    /// `paklayer`.
    static let magic: [UInt8] = Array("paklayer".utf8)
    /// Version 1 had no lengths of data files, so that bytes that were lost read as an empty file; no
    /// release wrote it.
    static let version: UInt32 = 2
    static let headerSize = 32
    /// Before a record's type.
    static let headSize = 8
    /// Behind its payload.
    static let sumSize = 8

    /// The header of the log of the layer `id`, and the sum that the first record follows.
    static func header(id: UInt64) -> (bytes: [UInt8], sum: UInt64) {
        var bytes = magic
        append(version, to: &bytes)
        append(UInt32(0), to: &bytes)
        append(id, to: &bytes)
        let sum = sum(after: 0, bytes.span.bytes)
        append(sum, to: &bytes)
        return (bytes, sum)
    }

    /// Appends a record with its frame to `bytes`, and says the sum that the next one follows.
    ///
    /// `scratch` is room that is used again. Errors: what the record holds is not allowed; nothing
    /// was appended.
    static func append(
        _ record: Record,
        after previous: UInt64,
        to bytes: inout [UInt8],
        using scratch: inout RecordWriter
    ) throws(FileError) -> UInt64 {
        scratch.removeAll()
        try scratch.put(record)
        let body = scratch.bytes
        let start = bytes.count
        append(UInt32(body.count), to: &bytes)
        append(check(after: previous, UInt32(body.count)), to: &bytes)
        bytes.append(contentsOf: body)
        let sum = sum(after: previous, bytes.span.bytes.extracting(start..<bytes.count))
        append(sum, to: &bytes)
        return sum
    }

    static func check(after previous: UInt64, _ size: UInt32) -> UInt32 {
        var hash = StableHash(domain: previous)
        hash.combine(UInt64(size))
        return UInt32(truncatingIfNeeded: hash.finish())
    }

    static func sum(after previous: UInt64, _ bytes: RawSpan) -> UInt64 {
        var hash = StableHash(domain: previous)
        bytes.withUnsafeBytes { hash.combine($0) }
        return hash.finish()
    }

    private static func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
}
