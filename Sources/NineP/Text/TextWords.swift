internal import FileTree

/// The words of a line: apart by blanks, but for those in quotes or in brackets.
struct TextWords {
    private var words: ArraySlice<[UInt8]>

    /// Errors: `.malformed` for a quote or bracket that is not closed, or a bad escape.
    init(_ line: String) throws(FileError) {
        var words: [[UInt8]] = []
        var word: [UInt8]?
        var rest = Array(line.utf8)[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"):
                if let whole = word { words.append(whole) }
                word = nil
            case UInt8(ascii: "'"):
                word = try (word ?? []) + TextWords.quoted(&rest)
            case UInt8(ascii: "("), UInt8(ascii: "{"):
                let close = UInt8(ascii: byte == UInt8(ascii: "(") ? ")" : "}")
                guard let end = rest.firstIndex(of: close) else {
                    throw .malformed("a bracket is not closed")
                }
                word = (word ?? []) + [byte] + rest[...end]
                rest = rest[(end + 1)...]
            default:
                word = (word ?? []) + [byte]
            }
        }
        if let whole = word { words.append(whole) }
        self.words = words[...]
    }

    private static func quoted(_ rest: inout ArraySlice<UInt8>) throws(FileError) -> [UInt8] {
        var text: [UInt8] = []
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "'") {
                guard rest.first == byte else { return text }
                rest.removeFirst()
            }
            guard byte == UInt8(ascii: "\\") else {
                text.append(byte)
                continue
            }
            let escape = String(decoding: rest.prefix(3), as: UTF8.self)
            guard escape.utf8.starts(with: "x".utf8),
                let code = UInt8(escape.dropFirst(), radix: 16)
            else {
                throw .malformed("bad escape \\\(escape)")
            }
            text.append(code)
            rest = rest.dropFirst(3)
        }
        throw .malformed("a quote is not closed")
    }

    var isEmpty: Bool { words.isEmpty }
    var first: [UInt8]? { words.first }

    mutating func next() -> [UInt8]? { words.popFirst() }
}
