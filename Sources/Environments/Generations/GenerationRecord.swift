import Archive
import FileTree
import Glibc

/// One state of an environment, as its file `g/N` has it for ever.
///
///     generation 42
///     parent 41
///     time 1700000000
///     command add jq
///     root jq
///     hash HASH
///     package CID NAME VERSION ...
///     prefer PATH NAME ... (see `EnvironmentText`)
///     sum SUM
///
/// Roots are the packages that were asked for by name; the sum is over all before it.
package struct GenerationRecord: Sendable, Hashable {
    /// Its number, from 1.
    package var number: Int
    /// The state that it was made of; 0 for the first.
    package var parent: Int
    /// When it was made, in seconds since 1970.
    package var time: Int64
    /// The command that made it.
    package var command: String
    /// The packages that were asked for.
    package var roots: [String] = []
    /// What it is.
    package var text = EnvironmentText()

    /// The most bytes of a file that is read as one.
    static let limit = 64 << 20

    /// The file.
    var bytes: [UInt8] {
        let command = String(
            decoding: PathText.escape(Array(command.utf8)) { $0 < 0x20 || $0 == 0x7f },
            as: UTF8.self
        )
        var lines = [
            "generation \(number)", "parent \(parent)", "time \(time)", "command \(command)",
        ]
        lines += roots.sorted().map { "root \($0)" }
        lines.append("hash \(text.hash)")
        var bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
        text.write(to: &bytes)
        return bytes + Array("sum \(LineSum.text(of: bytes))\n".utf8)
    }

    /// Reads a file.
    ///
    /// Errors: `.malformed` with the line that is wrong.
    init(_ bytes: [UInt8]) throws(FileError) {
        // By bytes: there are as many lines as packages, and a change reads several of these.
        let newline = UInt8(ascii: "\n")
        guard bytes.last == newline, let end = bytes.dropLast().lastIndex(of: newline) else {
            throw .malformed("a generation that has no end")
        }
        let body = bytes[...end]
        guard bytes[(end + 1)...].elementsEqual("sum \(LineSum.text(of: body))\n".utf8) else {
            throw .malformed("a generation whose sum is wrong")
        }
        self.init(number: 0, parent: 0, time: 0, command: "")
        var hash = ""
        for line in body.dropLast().split(separator: newline, omittingEmptySubsequences: false) {
            if try text.take(package: line) { continue }
            guard let line = String(validating: line, as: UTF8.self) else {
                throw .malformed("generation \(number): a line is no text")
            }
            let parts = line.split(separator: " ", maxSplits: 1)
            let value = parts.count == 2 ? parts[1] : ""
            switch parts.first {
            case "generation": number = try Self.number(value)
            case "parent": parent = try Self.number(value)
            case "time": time = Int64(try Self.number(value))
            case "command": command = String(value)
            case "root": roots.append(String(value))
            case "hash": hash = String(value)
            default: try text.take(rule: line)
            }
        }
        guard text.isInOrder, hash == "\(text.hash)" else {
            throw .malformed("generation \(number): not what its hash says")
        }
    }

    package init(
        number: Int,
        parent: Int,
        time: Int64,
        command: String,
        roots: [String] = [],
        text: EnvironmentText = EnvironmentText()
    ) {
        self.number = number
        self.parent = parent
        self.time = time
        self.command = command
        self.roots = roots
        self.text = text
    }

    private static func number(_ text: Substring) throws(FileError) -> Int {
        guard let number = Int(text), number >= 0 else { throw .malformed("not a number: \(text)") }
        return number
    }
}

/// The sum of a line or of some, against torn writes and accidents.
enum LineSum {
    static func text(of bytes: [UInt8]) -> String { text(of: bytes[...]) }

    static func text(of bytes: ArraySlice<UInt8>) -> String {
        var hash = StableHash(domain: 0x706b_6c6f_6731)
        bytes.withUnsafeBytes { hash.combine($0) }
        let digits = String(hash.finish(), radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
