import FileTree

/// Copies bytes of a lower file into a data file, for data files that know no shorter way.
enum DataCopy {
    static func copy(
        from lower: any OpenFile,
        to file: any DataFile,
        at offset: UInt64,
        count: UInt64
    ) throws(FileError) {
        let piece = Int(min(count, 1 << 16))
        guard piece > 0 else { return }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: piece, alignment: 16)
        defer { buffer.deallocate() }
        var done: UInt64 = 0
        while done < count {
            let wanted = UnsafeMutableRawBufferPointer(
                rebasing: buffer[..<Int(min(count - done, UInt64(piece)))]
            )
            try lower.prepare(at: offset + done, count: wanted.count, until: Cancellation())
            let got = try lower.read(into: wanted, at: offset + done)
            if got == 0 { return }
            try file.write(UnsafeRawBufferPointer(rebasing: wanted[..<got]), at: offset + done)
            done += UInt64(got)
        }
    }
}
