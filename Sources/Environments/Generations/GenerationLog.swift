import FileTree

/// One line of an environment's log: what is current since then, and what made it so.
///
///     line current last time word argument sum
///
/// The last whole line says what is current; a line that was torn by a crash is as if it had never
/// been begun, and is cut off by the next who writes.
package struct GenerationLine: Sendable, Hashable {
    /// The number of the line, from 1.
    package var line: Int
    /// The generation that is current.
    package var current: Int
    /// The highest number that a generation has.
    package var last: Int
    /// When it was written, in seconds since 1970.
    package var time: Int64
    /// What was done, in one word.
    package var word: String
    /// The generation that a pin is about; 0 for none.
    package var argument = 0

    /// The line as it is written, its end included.
    var bytes: [UInt8] {
        let text = "\(line) \(current) \(last) \(time) \(word) \(argument) "
        return Array("\(text)\(LineSum.text(of: Array(text.utf8)))\n".utf8)
    }

    /// Reads a line without its end; nil for what is none, or torn.
    init?(_ bytes: some Collection<UInt8>) {
        guard let text = String(validating: bytes, as: UTF8.self),
            let space = text.lastIndex(of: " ")
        else { return nil }
        let front = text[...space]
        guard text[text.index(after: space)...] == LineSum.text(of: Array(front.utf8)) else {
            return nil
        }
        let words = front.split(separator: " ")
        guard words.count == 6, let line = Int(words[0]), let current = Int(words[1]),
            let last = Int(words[2]), let time = Int64(words[3]), let argument = Int(words[5]),
            (1...last).contains(current), line > 0, last < Int.max
        else { return nil }
        self.init(
            line: line,
            current: current,
            last: last,
            time: time,
            word: String(words[4]),
            argument: argument
        )
    }

    init(line: Int, current: Int, last: Int, time: Int64, word: String, argument: Int = 0) {
        self.line = line
        self.current = current
        self.last = last
        self.time = time
        self.word = word
        self.argument = argument
    }
}

/// An environment's log: lines that are only ever added to.
struct GenerationLog {
    private let file: HostDescriptor
    private let calls: HostCalls
    /// How much of the end is looked at for the last line: a line is far shorter.
    private static let tail: UInt64 = 4096
    /// The most that is read as history.
    private static let limit: UInt64 = 256 << 20

    init(_ file: HostDescriptor, _ calls: HostCalls) {
        self.file = file
        self.calls = calls
    }

    /// The last whole line, and where it ends; nil where there is none.
    ///
    /// - Complexity: that of one read of a few kilobytes, however long the log is.
    func last() throws(FileError) -> (line: GenerationLine, end: UInt64)? {
        let size = try calls.status(file).size
        var start = size > Self.tail ? size - Self.tail : 0
        while true {
            let bytes = try read(start..<size)
            var end = bytes.endIndex
            // From the end: what stands behind the last line's end is torn.
            while let newline = bytes[..<end].lastIndex(of: UInt8(ascii: "\n")) {
                let before = bytes[..<newline].lastIndex(of: UInt8(ascii: "\n"))
                // The first of this part may have begun before it.
                if before == nil, start > 0 { break }
                if let line = GenerationLine(bytes[(before.map { $0 + 1 } ?? 0)..<newline]) {
                    return (line, start + UInt64(newline) + 1)
                }
                end = newline
            }
            guard start > 0 else { return nil }
            start = start > 16 * (size - start) ? start - 16 * (size - start) : 0
        }
    }

    /// All whole lines, in their order.
    func lines() throws(FileError) -> [GenerationLine] {
        let size = try calls.status(file).size
        let bytes = try read(0..<size)
        guard let end = bytes.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        return bytes[..<end].split(separator: UInt8(ascii: "\n")).compactMap { GenerationLine($0) }
    }

    /// Adds a line behind the last whole one, which ends at `end`, and puts it on storage.
    ///
    /// When it throws, the line was not added: what there is of it is cut off, or torn.
    func append(_ line: GenerationLine, at end: UInt64) throws(FileError) {
        if try calls.status(file).size > end { try calls.resize(file, to: end) }
        do throws(FileError) {
            try line.bytes.span.bytes.withUnsafeBytes { (bytes) throws(FileError) in
                try calls.write(file, bytes, at: end)
            }
            try calls.syncBytes(file)
        } catch {
            // What is left of it is torn, and cut off by the next who writes.
            try? calls.resize(file, to: end)
            throw error
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
