import FileTree

/// The whole lines of a log, in their order, and what else there is.
struct GenerationScan {
    /// A line, and the place of the block in front of it.
    struct Entry {
        var line: GenerationLine
        var at: Int
    }

    /// The whole lines.
    private(set) var entries: [Entry] = []
    /// What is not one, and was once.
    ///
    /// Whoever writes cuts off first what is torn, so that what has others behind it was whole; as
    /// was what ends with a line of the right form whose sum is wrong, and a log that has no whole
    /// line at all. Whatever else is behind the last line is torn, and as if it were not there.
    private(set) var damage: [Range<Int>] = []

    init(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { bytes in
            var start = 0
            // Where the last whole one ends.
            var sound = 0
            // Where the last ends that has the form of one.
            var formed = 0
            while let end = LineEnd.next(in: bytes, from: start) {
                defer { start = end + 1 }
                // No line of a block begins so.
                guard bytes[start] >= 0x30, bytes[start] <= 0x39,
                    let line = GenerationLine(
                        UnsafeRawBufferPointer(rebasing: bytes[start..<end])
                    )
                else { continue }
                formed = end + 1
                guard line.length <= start - sound,
                    LineSum.isRight(
                        UnsafeRawBufferPointer(rebasing: bytes[(start - line.length)..<end])
                    )
                else { continue }
                let place = start - line.length
                if place > sound { damage.append(sound..<place) }
                entries.append(Entry(line: line, at: place))
                sound = end + 1
            }
            if entries.isEmpty { formed = bytes.count }
            if formed > sound { damage.append(sound..<formed) }
        }
    }

    /// The lines where they are all that there is.
    ///
    /// Errors: `.malformed` with the byte where something else begins.
    func sound() throws(FileError) -> [Entry] {
        for part in damage { throw Self.error(part) }
        return entries
    }

    /// What is said of damage.
    static func error(_ part: Range<Int>) -> FileError {
        .malformed("log: byte \(part.lowerBound): no whole line up to byte \(part.upperBound)")
    }
}
