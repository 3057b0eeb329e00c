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
}
