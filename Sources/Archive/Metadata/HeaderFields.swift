/// The first paragraph of `Key: value` lines, as deb(5) control files and Python's METADATA have
/// them: a line that begins with white space goes on with the one before it.
struct HeaderFields {
    private var fields: [(key: String, value: String)] = []

    /// Reads the paragraph; bytes that are no UTF-8 are replaced, lines that are none skipped.
    init(_ bytes: UnsafeRawBufferPointer) {
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            let text = String(decoding: line, as: UTF8.self)
            if text.trimmed.isEmpty {
                if fields.isEmpty { continue }
                return
            }
            if text.first == " " || text.first == "\t" {
                if !fields.isEmpty { fields[fields.count - 1].value += "\n" + text.trimmed }
            } else if let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) {
                fields.append(
                    (
                        text[..<colon].lowercased(),
                        String(text[text.utf8.index(after: colon)...].trimmed)
                    )
                )
            }
        }
    }

    /// The first value of a key, whatever its case; nil where there is none or it is empty.
    subscript(key: String) -> String? {
        fields.first { $0.key == key.lowercased() && !$0.value.isEmpty }?.value
    }

    /// All values of a key.
    func all(_ key: String) -> [String] {
        fields.filter { $0.key == key.lowercased() }.map(\.value)
    }
}
