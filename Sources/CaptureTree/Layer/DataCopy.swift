import FileTree

/// The bytes of a lower file on their way into a data file.
///
/// They are read and written, whatever the lower file is: a piece is 64 KiB at most, its zeros
/// have to be looked for in any case so that holes stay holes, and copy_file_range(2) fills them.
enum DataCopy {
    /// What is looked at for zeros: less is no hole on any file system.
    static let page = 4096

    /// Reads `count` bytes from `offset` on, shows them to `store`, and says where they ended:
    /// before `offset + count` where the file does.
    ///
    /// Pages of zeros are left out when they go where there is a hole already.
    static func copy(
        from lower: any OpenFile,
        at offset: UInt64,
        count: UInt64,
        intoHole: Bool,
        store: (UnsafeRawBufferPointer, _ offset: UInt64) throws(FileError) -> Void
    ) throws(FileError) -> UInt64 {
        let (limit, overflow) = offset.addingReportingOverflow(count)
        guard !overflow else { throw FileError(.tooBig) }
        let piece = Int(min(count, 1 << 16))
        guard piece > 0 else { return offset }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: piece, alignment: 16)
        defer { buffer.deallocate() }
        var position = offset
        while position < limit {
            let room = UnsafeMutableRawBufferPointer(
                rebasing: buffer[..<Int(min(limit - position, UInt64(piece)))]
            )
            try lower.prepare(at: position, count: room.count, until: Cancellation())
            let got = try lower.read(into: room, at: position)
            if got == 0 { break }
            let bytes = UnsafeRawBufferPointer(rebasing: room[..<min(got, room.count)])
            try forEachRun(in: bytes, all: !intoHole) { (run) throws(FileError) in
                try store(
                    UnsafeRawBufferPointer(rebasing: bytes[run]),
                    position + UInt64(run.lowerBound)
                )
            }
            position += UInt64(bytes.count)
        }
        return position
    }

    /// Shows the parts that are left when all pages of nothing but zeros are taken out.
    private static func forEachRun(
        in bytes: UnsafeRawBufferPointer,
        all: Bool,
        _ body: (Range<Int>) throws(FileError) -> Void
    ) throws(FileError) {
        if all { return try body(0..<bytes.count) }
        var start: Int?
        for position in stride(from: 0, to: bytes.count, by: page) {
            let end = min(position + page, bytes.count)
            if !isZero(UnsafeRawBufferPointer(rebasing: bytes[position..<end])) {
                start = start ?? position
            } else if let from = start {
                try body(from..<position)
                start = nil
            }
        }
        if let start { try body(start..<bytes.count) }
    }

    private static func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var position = 0
        while bytes.count - position >= 8 {
            let word = bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
            if word != 0 { return false }
            position += 8
        }
        return bytes[position...].allSatisfy { $0 == 0 }
    }
}
