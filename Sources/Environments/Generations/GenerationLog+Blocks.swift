import FileTree

// Where generations are in the log, and what it says of each.
extension GenerationLog {
    /// The generation that begins at `place`.
    ///
    /// Errors: `.malformed` where none does that is whole.
    func block(at place: Int) throws(FileError) -> GenerationBlock {
        let size = try calls.status(file).size
        guard place >= 0, UInt64(place) < size else { throw .malformed("log: no byte \(place)") }
        var count = UInt64(Self.part)
        while true {
            let end = min(size, UInt64(place) + count)
            let bytes = try read(UInt64(place)..<end)
            if let block = try Self.block(bytes, at: place) { return block }
            guard end < size else { throw .malformed("log: no end of what is at byte \(place)") }
            count *= 16
        }
    }

    /// The generation that these bytes of the log begin with; nil where it needs more.
    static func block(
        _ bytes: [UInt8],
        at place: Int
    ) throws(FileError) -> GenerationBlock? {
        guard let range = Self.line(in: bytes) else { return nil }
        let line = bytes.withUnsafeBytes { bytes -> GenerationLine? in
            let whole = UnsafeRawBufferPointer(rebasing: bytes[..<range.upperBound])
            guard LineSum.isRight(whole) else { return nil }
            return GenerationLine(UnsafeRawBufferPointer(rebasing: whole[range]))
        }
        guard let line, line.length == range.lowerBound, line.length > 0 else {
            throw .malformed("log: a wrong sum at byte \(place)")
        }
        return try GenerationBlock(bytes[..<range.lowerBound], line, at: place)
    }

    /// Where a generation is.
    ///
    /// Errors: `.notFound` without a word; `.malformed` where it may be in what is damaged.
    func place(of number: Int) throws(FileError) -> Int { try find(number).place }

    /// The generation of a number.
    ///
    /// Errors: as of `place(of:)` and `block(at:)`.
    func block(of number: Int) throws(FileError) -> GenerationBlock {
        let (place, block) = try find(number)
        if let block { return block }
        return try self.block(at: place)
    }

    /// Where a generation is, and what it is where that was seen on the way.
    private func find(_ number: Int) throws(FileError) -> (place: Int, block: GenerationBlock?) {
        let bytes = try read(0..<calls.status(file).size)
        // Far sooner found by its first line than by all lines of all generations; whether it is
        // whole says its sum.
        if let place = Self.places(in: bytes, of: number).places[number] {
            // Nearly all are short. What is damaged is told by who looks at all of it.
            let part = try? Self.block(Array(bytes[place...].prefix(Self.part)), at: place)
            let block = try? part ?? self.block(at: place)
            if let block, block.number == number { return (place, block) }
        }
        let scan = GenerationScan(bytes)
        if let entry = scan.entries.first(where: {
            $0.line.makesGeneration && $0.line.current == number
        }) {
            return (entry.at, nil)
        }
        _ = try scan.sound()
        throw FileError(.notFound)
    }

    /// Where the first lines of generations stand, or of that one, and the end of the last line: no
    /// other line begins so.
    static func places(
        in bytes: [UInt8],
        of wanted: Int? = nil
    ) -> (places: [Int: Int], end: Int) {
        var places: [Int: Int] = [:]
        return bytes.withUnsafeBytes { bytes in
            var start = 0
            while let end = LineEnd.next(in: bytes, from: start) {
                defer { start = end + 1 }
                guard bytes[start] == UInt8(ascii: "g") else { continue }
                var line = WordReader(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
                guard line.word()?.elementsEqual("generation".utf8) == true,
                    let number = line.number(), line.isAtEnd, wanted ?? number == number
                else { continue }
                places[number] = start
                if wanted != nil { break }
            }
            return (places, start)
        }
    }

    /// Where a generation is that was whole at `place`, and is elsewhere where others were
    /// forgotten since.
    ///
    /// - Complexity: that of one small read where it is there. Errors: as of `place(of:)`.
    func place(of number: Int, from place: Int) throws(FileError) -> Int {
        let line = Array("\ngeneration \(number)\n".utf8)
        // No other line begins so, and no number is given twice.
        let wanted = place == 0 ? line.dropFirst() : line[...]
        let start = UInt64(max(place, 1) - 1)
        let end = start + UInt64(wanted.count)
        if end <= Self.limit, try read(start..<end).elementsEqual(wanted) { return place }
        return try self.place(of: number)
    }

    /// A generation that was at `place`, and is elsewhere where others were forgotten since.
    ///
    /// Errors: as of `block` and `place`.
    func block(of number: Int, from place: Int) throws(FileError) -> GenerationBlock {
        do throws(FileError) {
            let block = try block(at: place)
            if block.number == number { return block }
        } catch {
            guard error.kind == .malformed else { throw error }
        }
        return try block(of: number)
    }

    /// The generation that is current in a state.
    ///
    /// Errors: as of `block` and `place`.
    func block(of state: GenerationLine) throws(FileError) -> GenerationBlock {
        try block(of: state.current, from: state.at)
    }

    /// The number of the generation that the current one was made of, which may be damaged itself;
    /// nil where that cannot be told.
    func parent(of state: GenerationLine) throws(FileError) -> Int? {
        do throws(FileError) { return try block(of: state).parent } catch {
            guard error.kind == .malformed else { throw error }
        }
        // What was current when it was made, if its line is there, or it alone is missing: none
        // but its own counts generations up.
        let entries = try scan().entries
        guard let next = entries.firstIndex(where: { $0.at >= state.at }), next > 0 else {
            return nil
        }
        let (before, after) = (entries[next - 1].line, entries[next].line)
        let isThere = after.makesGeneration && after.current == state.current
        let isOne = after.line == before.line + (isThere ? 1 : 2)
        return isOne && before.last == state.current - 1 ? before.current : nil
    }

    /// Where the first line begins that is none of a block, and ends.
    private static func line(in bytes: [UInt8]) -> Range<Int>? {
        bytes.withUnsafeBytes { bytes in
            var start = 0
            while let end = LineEnd.next(in: bytes, from: start) {
                if bytes[start] >= 0x30, bytes[start] <= 0x39 { return start..<end }
                start = end + 1
            }
            return nil
        }
    }
}
