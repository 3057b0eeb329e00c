internal import FileTree

/// Prints the fields of a message as ` name value`.
struct TextPrinter: FieldVisitor {
    let dialect: Dialect
    private let dataLimit: Int
    private var text: [UInt8] = []

    init(_ dialect: Dialect, dataLimit: Int) {
        self.dialect = dialect
        self.dataLimit = dataLimit
    }

    var line: String { String(decoding: text, as: UTF8.self) }

    mutating func put(_ words: String) { text.append(contentsOf: words.utf8) }

    /// All ones, which stand for "none" and "don't touch", are `~0`.
    private mutating func number<T: FixedWidthInteger & UnsignedInteger>(
        _ value: T,
        _ field: StaticString
    ) {
        put(value == T.max && T.bitWidth > 8 ? " \(field) ~0" : " \(field) \(value)")
    }

    mutating func byte(_ value: inout UInt8, _ field: StaticString) { number(value, field) }
    mutating func short(_ value: inout UInt16, _ field: StaticString) { number(value, field) }
    mutating func word(_ value: inout UInt32, _ field: StaticString) { number(value, field) }
    mutating func long(_ value: inout UInt64, _ field: StaticString) { number(value, field) }

    mutating func mode(_ value: inout UInt32, _ field: StaticString) {
        put(value == .max ? " \(field) ~0" : " \(field) 0\(String(value, radix: 8))")
    }

    mutating func qid(_ value: inout Qid, _ field: StaticString) {
        put(" \(field) \(qidText(value))")
    }

    private func qidText(_ qid: Qid) -> String {
        let path = String(qid.path, radix: 16)
        let zeros = String(repeating: "0", count: 16 - path.count)
        var letters = ""
        var rest = qid.type
        for (letter, bit) in qidLetters where rest.contains(bit) {
            letters.append(letter)
            rest.remove(bit)
        }
        if !rest.isEmpty { letters = "0x" + String(qid.type.rawValue, radix: 16) }
        return "(\(zeros)\(path) \(qid.version) \(letters))"
    }

    mutating func string(_ value: inout UnsafeRawBufferPointer, _ field: StaticString) {
        put(" \(field) ")
        quote(value, always: field.bytes.elementsEqual("version".utf8))
    }

    mutating func data(_ value: inout UnsafeRawBufferPointer, _ field: StaticString) {
        put(" count \(value.count) ")
        quote(UnsafeRawBufferPointer(rebasing: value.prefix(dataLimit)), always: true)
        if value.count > dataLimit { put("...") }
    }

    mutating func names(_ value: inout PathNames, _ field: StaticString) {
        put(" nwname \(value.count)")
        var names = value
        var position = 0
        while let name = names.next() {
            put(" \(position):")
            quote(name, always: false)
            position += 1
        }
    }

    mutating func qids(_ value: inout WalkedQids, _ field: StaticString) {
        put(" nwqid \(value.count)")
        for position in 0..<value.count { put(" \(position):\(qidText(value[position]))") }
    }

    mutating func record(_ value: inout StatRecord, _ field: StaticString) {
        put(" stat")
        for text in [value.name, value.user, value.group, value.modifier] {
            put(" ")
            quote(text, always: true)
        }
        qid(&value.qid, "q")
        mode(&value.mode, "m")
        word(&value.accessed, "at")
        word(&value.modified, "mt")
        long(&value.length, "l")
        short(&value.type, "t")
        word(&value.device, "d")
        if dialect.hasUnixFields {
            string(&value.detail, "extension")
            word(&value.userNumber, "n_uid")
            word(&value.groupNumber, "n_gid")
            word(&value.modifierNumber, "n_muid")
        }
    }

    /// In quotes, unless they are not needed to tell where the string ends and what it is.
    private mutating func quote(_ bytes: UnsafeRawBufferPointer, always: Bool) {
        let isText = String(validating: bytes, as: UTF8.self) != nil
        let isPlain = !bytes.isEmpty && bytes.allSatisfy { $0 > 0x20 && !special.contains($0) }
        if !always && isText && isPlain {
            text.append(contentsOf: bytes)
            return
        }
        put("'")
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "'"): put("''")
            case 0..<0x20, 0x7f, UInt8(ascii: "\\"): escape(byte)
            case 0x80... where !isText: escape(byte)
            default: text.append(byte)
            }
        }
        put("'")
    }

    private mutating func escape(_ byte: UInt8) {
        put(byte < 16 ? "\\x0\(String(byte, radix: 16))" : "\\x\(String(byte, radix: 16))")
    }
}

/// Bytes that mean something to `TextWords`, and DEL.
private let special = Array("'\\(){}#\u{7f}".utf8)

/// The letters of a qid's type bits; the first four are Plan 9's own.
let qidLetters: [(letter: Character, bit: Qid.Kind)] = [
    ("d", .directory), ("a", .append), ("l", .exclusive), ("A", .authentication),
    ("t", .temporary), ("L", .symlink),
]
