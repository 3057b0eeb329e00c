import FileTree
import Store

/// An environment's log: what is current, and every generation that there is; lines are only ever
/// added to it, until generations are forgotten.
struct GenerationLog {
    let file: HostDescriptor
    /// Where its numbers stand for packages.
    let store: Store
    var calls: HostCalls { store.calls }
    /// How much is looked at for a line or a generation at first: most are far shorter.
    static let part = 4096
    /// The most that is read.
    static let limit: UInt64 = 256 << 20

    init(_ file: HostDescriptor, in store: Store) {
        self.file = file
        self.store = store
    }

    /// The last whole line, and where the next begins; nil of an empty log.
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
        // What was whole once is not torn: it stays, and its number is nobody else's.
        var damaged: (lines: Int, last: Int, end: Int)?
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
                    if LineSum.isRight(UnsafeRawBufferPointer(rebasing: whole)) {
                        guard let damaged else { return (line, found + 1) }
                        return (line.counted(behind: damaged.lines, damaged.last), damaged.end)
                    }
                }
                damaged = (
                    (damaged?.lines ?? 0) + 1,
                    max(damaged?.last ?? 0, line.last),
                    damaged?.end ?? found + 1
                )
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

    func read(_ part: Range<UInt64>) throws(FileError) -> [UInt8] {
        guard part.upperBound <= Self.limit, !part.isEmpty else {
            guard part.isEmpty else { throw FileError(.tooBig, "log: \(part.upperBound) bytes") }
            return []
        }
        var failure: FileError?
        let bytes = [UInt8](unsafeUninitializedCapacity: part.count) { room, count in
            do throws(FileError) {
                let room = UnsafeMutableRawBufferPointer(room)
                count = try calls.read(file, into: room, at: part.lowerBound)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }
}
