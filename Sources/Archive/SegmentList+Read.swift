import FileTree

extension SegmentList {
    /// Where the byte of the file at `offset` is stored, and how many of its run are left from
    /// there; nil in a hole.
    func run(at offset: UInt64) -> (stored: UInt64, left: UInt64)? {
        let number = first(endingAfter: offset)
        guard number < count else { return nil }
        let segment = self[number]
        guard segment.offset <= offset else { return nil }
        let skipped = offset - segment.offset
        guard skipped < segment.length else { return nil }
        return (stored(number) &+ skipped, segment.length - skipped)
    }

    /// Whether the file's byte at `offset` is stored, and up to where that holds.
    func stretch(at offset: UInt64) -> Stretch {
        let number = first(endingAfter: offset)
        guard number < count else { return Stretch(isHole: true, end: .max) }
        let segment = self[number]
        let isHole = segment.offset > offset
        return Stretch(isHole: isHole, end: segment.offset &+ (isHole ? 0 : segment.length))
    }

    /// Fills `buffer` with the file's bytes from `offset` on: zeros, and what `copy` gives of the
    /// stored bytes.
    func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: UInt64,
        _ copy: (
            _ stored: UInt64, _ part: UnsafeMutableRawBufferPointer
        ) throws(FileError) -> Void
    ) throws(FileError) {
        buffer.initializeMemory(as: UInt8.self, repeating: 0)
        let end = offset &+ UInt64(buffer.count)
        var number = first(endingAfter: offset)
        while number < count, self[number].offset < end {
            let segment = self[number]
            let from = max(segment.offset, offset)
            let to = min(segment.offset &+ segment.length, end)
            if from < to {
                let part = buffer[Int(from - offset)..<Int(to - offset)]
                try copy(
                    stored(number) &+ (from - segment.offset),
                    UnsafeMutableRawBufferPointer(rebasing: part)
                )
            }
            number += 1
        }
    }

    /// Shows the stored places of the bytes from `offset` to `end` until `body` returns false.
    func forEachRun(
        from offset: UInt64,
        to end: UInt64,
        _ body: (_ stored: UInt64, _ length: UInt64) -> Bool
    ) {
        var number = first(endingAfter: offset)
        while number < count, self[number].offset < end {
            let segment = self[number]
            let from = max(segment.offset, offset)
            let to = min(segment.offset &+ segment.length, end)
            if from < to {
                guard body(stored(number) &+ (from - segment.offset), to - from) else { return }
            }
            number += 1
        }
    }
}
