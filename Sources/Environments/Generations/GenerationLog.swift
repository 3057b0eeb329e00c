import FileTree
import Store

/// An environment's log: what is current, and every generation that there is; lines are only ever
/// added to it, until generations are forgotten.
struct GenerationLog {
    let file: HostDescriptor
    /// Where its lists are.
    let store: Store
    var calls: HostCalls { store.calls }
    /// How much is looked at for a line or a generation at first: most are far shorter.
    private static let part = 4096
    /// The most that is read.
    static let limit: UInt64 = 256 << 20

    init(_ file: HostDescriptor, in store: Store) {
        self.file = file
        self.store = store
    }

    /// The last whole line, and where it ends; nil of an empty log.
    ///
    /// - Complexity: that of one read of a few kilobytes, however long the log is. Errors:
    /// `.malformed` where there are bytes and no whole line: none is written so.
    func last() throws(FileError) -> (line: GenerationLine, end: UInt64)? {
        try lastPart().map { ($0.line, $0.start + UInt64($0.end)) }
    }

    /// The last whole line and the generation that is current; nil of an empty log.
    ///
    /// - Complexity: that of one read where the log is short. Errors: as of `last`, `block` and
    /// `place`.
    func current() throws(FileError) -> (line: GenerationLine, block: GenerationBlock)? {
        guard let (line, _, bytes, start) = try lastPart() else { return nil }
        if line.at >= start, line.at - Int(start) < bytes.count {
            do throws(FileError) {
                let block = try Self.block(Array(bytes[(line.at - Int(start))...]), at: line.at)
                if let block, block.number == line.current { return (line, block) }
            } catch {
                // It may be elsewhere by now.
                guard error.kind == .malformed else { throw error }
            }
        }
        return (line, try block(of: line))
    }

    /// The last whole line, and where it ends in as much of the log as was read for it.
    private func lastPart() throws(FileError) -> (
        line: GenerationLine, end: Int, bytes: [UInt8], start: UInt64
    )? {
        let size = try calls.status(file).size
        var start = size > UInt64(Self.part) ? size - UInt64(Self.part) : 0
        while true {
            let bytes = try read(start..<size)
            if let found = bytes.withUnsafeBytes({ Self.last(in: $0, isAll: start == 0) }) {
                return (found.line, found.end, bytes, start)
            }
            guard start > 0 else {
                if size == 0 { return nil }
                throw .malformed("log: no whole line in \(size) bytes")
            }
            start = start > 16 * (size - start) ? start - 16 * (size - start) : 0
        }
    }

    /// The last whole line of the log's end; nil where more of it is needed to tell.
    private static func last(
        in bytes: UnsafeRawBufferPointer,
        isAll: Bool
    ) -> (line: GenerationLine, end: Int)? {
        let newline = UInt8(ascii: "\n")
        var end = bytes.count
        // From the end: what stands behind the last line's end is torn.
        while let found = bytes[..<end].lastIndex(of: newline) {
            let before = bytes[..<found].lastIndex(of: newline)
            // The first of this part may have begun before it.
            if before == nil, !isAll { return nil }
            let start = before.map { $0 + 1 } ?? 0
            if let line = GenerationLine(UnsafeRawBufferPointer(rebasing: bytes[start..<found])) {
                if line.length > start, !isAll { return nil }
                if line.length <= start {
                    let whole = bytes[(start - line.length)..<found]
                    if GenerationLine.isWhole(UnsafeRawBufferPointer(rebasing: whole)) {
                        return (line, found + 1)
                    }
                }
            }
            end = found
        }
        return nil
    }

    /// All whole lines, in their order, and what is no such line.
    func scan() throws(FileError) -> GenerationScan {
        GenerationScan(try read(0..<calls.status(file).size))
    }

    /// All whole lines, in their order.
    ///
    /// Errors: `.malformed` where there is something else between them.
    func entries() throws(FileError) -> [GenerationScan.Entry] { try scan().sound() }

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
    private static func block(
        _ bytes: [UInt8],
        at place: Int
    ) throws(FileError) -> GenerationBlock? {
        guard let range = Self.line(in: bytes) else { return nil }
        let line = bytes.withUnsafeBytes { bytes -> GenerationLine? in
            let whole = UnsafeRawBufferPointer(rebasing: bytes[..<range.upperBound])
            guard GenerationLine.isWhole(whole) else { return nil }
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
    func place(of number: Int) throws(FileError) -> Int {
        let scan = try scan()
        if let entry = scan.entries.first(where: {
            $0.line.makesGeneration && $0.line.current == number
        }) {
            return entry.at
        }
        _ = try scan.sound()
        throw FileError(.notFound)
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
        return try block(at: self.place(of: number))
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
        // What was current when it was made, if one line alone is missing there: none but its own
        // counts generations up.
        let entries = try scan().entries
        guard let next = entries.firstIndex(where: { $0.at > state.at }), next > 0 else {
            return nil
        }
        let (before, after) = (entries[next - 1].line, entries[next].line)
        let isOne = after.line == before.line + 2 && before.last == state.current - 1
        return isOne ? before.current : nil
    }

    /// The generation that begins at `place`, put together.
    ///
    /// Errors: as of `block`.
    func record(at place: Int) throws(FileError) -> GenerationRecord {
        try record(of: block(at: place))
    }

    /// A generation, put together; of `known` ones nothing is read.
    ///
    /// Errors: as of `block`.
    func record(
        of block: GenerationBlock,
        _ known: [GenerationRecord] = []
    ) throws(FileError) -> GenerationRecord {
        var blocks = [block]
        while let base = blocks[blocks.count - 1].base {
            if let known = known.first(where: { $0.place?.at == base.at }) {
                return try GenerationRecord(blocks, over: known)
            }
            // Each is before the one that needs it.
            guard blocks.count <= GenerationBlock.depthLimit else {
                throw .malformed("log: too many to make generation \(block.number) of")
            }
            blocks.append(try self.block(at: base.at))
        }
        blocks[blocks.count - 1] = try blocks[blocks.count - 1].filled(from: store)
        return try GenerationRecord(blocks)
    }

    /// The generation that another was made of, by what that has changed where it says so; nil
    /// where it is not there.
    ///
    /// Errors: as of `block`.
    func parent(of record: GenerationRecord) throws(FileError) -> GenerationRecord? {
        guard let place = record.parentAt, let own = record.place else { return nil }
        let parent = try block(at: place)
        guard parent.number == record.parent else { return nil }
        let block = try block(at: own.at)
        guard block.number == record.number, block.base?.at == place else {
            return try self.record(at: place)
        }
        let content = try block.content()
        guard content.rules == nil else { return try self.record(at: place) }
        return GenerationRecord(parent, of: record, content)
    }

    /// Where the first line begins that is none of a block, and ends.
    private static func line(in bytes: [UInt8]) -> Range<Int>? {
        bytes.withUnsafeBytes { bytes in
            var start = 0
            while let end = GenerationScan.newline(in: bytes, from: start) {
                if bytes[start] >= 0x30, bytes[start] <= 0x39 { return start..<end }
                start = end + 1
            }
            return nil
        }
    }

    private func read(_ part: Range<UInt64>) throws(FileError) -> [UInt8] {
        guard part.upperBound <= Self.limit, !part.isEmpty else {
            guard part.isEmpty else { throw FileError(.tooBig, "log: \(part.upperBound) bytes") }
            return []
        }
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: part.count, alignment: 8)
        defer { room.deallocate() }
        return Array(room[..<(try calls.read(file, into: room, at: part.lowerBound))])
    }
}
