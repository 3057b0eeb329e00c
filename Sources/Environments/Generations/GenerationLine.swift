import FileTree

/// One line of an environment's log: what is current since then, and what made it so.
///
///     line current last time word argument at length sum
///
/// In front of a line that made a generation stand the `length` bytes of that generation, see
/// `GenerationBlock`. `at` is where in the log the block and the line of the current generation
/// begin. The sum is over the block and the line: either both are there, or none.
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
    /// Where the current generation is in the log.
    var at = 0
    /// How many bytes of a generation stand before the line; 0 where it made none.
    var length = 0

    init(line: Int, current: Int, last: Int, time: Int64, word: String, argument: Int = 0) {
        self.line = line
        self.current = current
        self.last = last
        self.time = time
        self.word = word
        self.argument = argument
    }

    /// Reads a line without its end; nil for what is none.
    ///
    /// The sum is not looked at.
    init?(_ bytes: UnsafeRawBufferPointer) {
        var reader = WordReader(bytes)
        guard let line = reader.number(), let current = reader.number(), let last = reader.number(),
            let time = reader.number(), let word = reader.word(), let argument = reader.number(),
            let at = reader.number(), let length = reader.number(), reader.word()?.count == 16,
            reader.isAtEnd, last > 0, (1...last).contains(current), line > 0, last < Int.max,
            let word = String(validating: word, as: UTF8.self)
        else { return nil }
        self.init(
            line: line,
            current: current,
            last: last,
            time: Int64(time),
            word: word,
            argument: argument
        )
        self.at = at
        self.length = length
    }

    /// The line as one behind which so many damaged ones stand, which may have made generations
    /// up to that number.
    func counted(behind lines: Int, _ number: Int) -> GenerationLine {
        var line = self
        line.line += lines
        // That number may be damaged, too.
        if number > last, number - last <= lines { line.last = number }
        return line
    }

    /// Whether it made a generation, and that is there.
    package var makesGeneration: Bool { length > 0 }

    /// The line that makes a generation of the block at `place`.
    func making(_ place: GenerationPlace) -> GenerationLine {
        var line = self
        line.at = place.at
        line.length = place.length
        return line
    }

    /// The block and the line behind it, as they are written.
    func bytes(behind block: [UInt8]) -> [UInt8] {
        var bytes = block
        bytes += "\(line) \(current) \(last) \(time) \(word) \(argument) \(at) \(length) ".utf8
        let sum = bytes.withUnsafeBytes { LineSum.of($0) }
        bytes += sum
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    /// Whether the sum of block and line, without its end, is right.
    static func isWhole(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count > 16 else { return false }
        let end = bytes.count - 16
        let front = UnsafeRawBufferPointer(rebasing: bytes[..<end])
        return LineSum.of(front).elementsEqual(bytes[end...])
    }
}

/// Words of a line with one space between them.
struct WordReader {
    private let bytes: UnsafeRawBufferPointer
    private var place = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Whether all has been read.
    var isAtEnd: Bool { place > bytes.count }

    /// The next word; nil at the end.
    mutating func word() -> UnsafeRawBufferPointer? {
        guard place <= bytes.count else { return nil }
        let rest = bytes[place...]
        let end = rest.firstIndex(of: UInt8(ascii: " ")) ?? bytes.count
        defer { place = end + 1 }
        return UnsafeRawBufferPointer(rebasing: bytes[place..<end])
    }

    /// All that is left; nothing at the end.
    mutating func rest() -> UnsafeRawBufferPointer {
        defer { place = bytes.count + 1 }
        return UnsafeRawBufferPointer(rebasing: bytes[min(place, bytes.count)...])
    }

    /// The next word as a number of digits alone.
    mutating func number() -> Int? {
        guard let word = word(), (1...18).contains(word.count) else { return nil }
        var number = 0
        for byte in word {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            number = number * 10 + Int(byte - 0x30)
        }
        return number
    }
}

/// The sum of a line and what stands before it, against torn writes and accidents.
enum LineSum {
    /// Its sixteen digits.
    static func of(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var hash = StableHash(domain: 0x706b_6c6f_6731)
        hash.combine(bytes)
        var value = hash.finish()
        var digits = [UInt8](repeating: 0, count: 16)
        for place in digits.indices.reversed() {
            let digit = UInt8(truncatingIfNeeded: value & 15)
            digits[place] = digit < 10 ? 0x30 + digit : 0x61 - 10 + digit
            value >>= 4
        }
        return digits
    }
}
