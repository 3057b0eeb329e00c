internal import FileTree

/// Turns words into the bytes of a message, field by field as the message asks for them.
///
/// The values shown are not read: only the order and the kinds of the fields count.
struct TextParser: FieldVisitor {
    let dialect: Dialect
    private var words: TextWords
    private var bytes: [UInt8] = []
    private var hasLabels = false

    init(_ words: TextWords, _ dialect: Dialect) {
        self.words = words
        self.dialect = dialect
    }

    mutating func begin(_ type: MessageType, tag: UInt16) throws(FileError) {
        bytes = [0, 0, 0, 0, type.rawValue]
        hasLabels = words.first?.elementsEqual("tag".utf8) == true
        if hasLabels {
            var tag: UInt16 = 0
            try short(&tag, "tag")
        } else {
            store(tag)
        }
    }

    mutating func finish() throws(FileError) -> [UInt8] {
        if let word = words.next() {
            throw .malformed("\(String(decoding: word, as: UTF8.self)) is behind the last field")
        }
        patch(UInt32(bytes.count), at: 0)
        return bytes
    }

    private mutating func store<T: FixedWidthInteger>(_ value: T) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    private mutating func patch<T: FixedWidthInteger>(_ value: T, at offset: Int) {
        withUnsafeBytes(of: value.littleEndian) {
            bytes.replaceSubrange(offset..<offset + $0.count, with: $0)
        }
    }

    private mutating func word(of field: StaticString) throws(FileError) -> [UInt8] {
        guard let word = words.next() else { throw .malformed("\(field) is missing") }
        return word
    }

    private mutating func label(_ field: StaticString) throws(FileError) {
        guard hasLabels else { return }
        guard try word(of: field).elementsEqual(field.bytes) else {
            throw .malformed("\(field) is not where it belongs")
        }
    }

    /// A number as strtoul(3) of base 0 reads it; `~0` and `-1` are all ones.
    private func value<T: FixedWidthInteger & UnsignedInteger>(
        _ word: some Collection<UInt8>,
        _ field: StaticString
    ) throws(FileError) -> T {
        let text = String(decoding: word, as: UTF8.self)
        if text == "~0" || text == "-1" { return .max }
        let number =
            if text.utf8.starts(with: "0x".utf8) {
                T(text.dropFirst(2), radix: 16)
            } else if text.utf8.starts(with: "0".utf8), text.utf8.count > 1 {
                T(text.dropFirst(), radix: 8)
            } else {
                T(text)
            }
        guard let number else { throw .malformed("\(field) \(text) is not a number") }
        return number
    }

    private mutating func number<T: FixedWidthInteger & UnsignedInteger>(
        _: T.Type,
        _ field: StaticString
    ) throws(FileError) {
        try label(field)
        store(try value(try word(of: field), field) as T)
    }

    mutating func byte(_ value: inout UInt8, _ field: StaticString) throws(FileError) {
        try number(UInt8.self, field)
    }
    mutating func short(_ value: inout UInt16, _ field: StaticString) throws(FileError) {
        try number(UInt16.self, field)
    }
    mutating func word(_ value: inout UInt32, _ field: StaticString) throws(FileError) {
        try number(UInt32.self, field)
    }
    mutating func long(_ value: inout UInt64, _ field: StaticString) throws(FileError) {
        try number(UInt64.self, field)
    }
    mutating func mode(_ mode: inout UInt32, _ field: StaticString) throws(FileError) {
        try label(field)
        let word = try word(of: field)
        // 9pcon reads permissions in octal with or without a zero in front.
        let isOctal = word.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "7")).contains($0) }
        store(try value(isOctal ? [UInt8(ascii: "0")] + word : word, field) as UInt32)
    }

    mutating func qid(_ value: inout Qid, _ field: StaticString) throws(FileError) {
        try label(field)
        try qid(word(of: field), field)
    }

    /// `(path version letters)` with the path in hexadecimal, or 9pcon's `{path,version,type}`.
    private mutating func qid(_ word: [UInt8], _ field: StaticString) throws(FileError) {
        let text = String(decoding: word, as: UTF8.self)
        let isPrinted = text.utf8.starts(with: "(".utf8)
        let parts = text.dropFirst().dropLast().split(
            separator: isPrinted ? " " : ",",
            omittingEmptySubsequences: false
        )
        guard parts.count == 3 else { throw .malformed("\(field) \(text) is not a qid") }
        var type: Qid.Kind = []
        if parts[2].utf8.starts(with: "0x".utf8) {
            type = Qid.Kind(rawValue: try value(parts[2].utf8, field))
        } else {
            for letter in parts[2] where letter != "f" {
                guard let bit = qidLetters.first(where: { $0.letter == letter })?.bit else {
                    throw .malformed("\(field) \(text) is not a qid")
                }
                type.insert(bit)
            }
        }
        store(type.rawValue)
        store(try value(parts[1].utf8, field) as UInt32)
        store(try value((isPrinted ? "0x" : "").utf8 + Array(parts[0].utf8), field) as UInt64)
    }

    mutating func string(
        _ value: inout UnsafeRawBufferPointer,
        _ field: StaticString
    ) throws(FileError) {
        try label(field)
        try string(word(of: field), field)
    }

    private mutating func string(
        _ word: some Collection<UInt8>,
        _ field: StaticString
    ) throws(FileError) {
        guard let length = UInt16(exactly: word.count) else {
            throw .malformed("\(field) is too long")
        }
        store(length)
        bytes.append(contentsOf: word)
    }

    mutating func data(
        _ value: inout UnsafeRawBufferPointer,
        _ field: StaticString
    ) throws(FileError) {
        var count: UInt32?
        if hasLabels {
            try label("count")
            count = try self.value(word(of: field), field)
        }
        let word = try word(of: field)
        guard count == nil || count.map(Int.init) == word.count else {
            throw .malformed("\(field) is not as long as it says")
        }
        store(UInt32(truncatingIfNeeded: word.count))
        bytes.append(contentsOf: word)
    }

    mutating func names(
        _ value: inout PathNames,
        _ field: StaticString
    ) throws(FileError) {
        for word in try steps("nwname") { try string(word, field) }
    }

    mutating func qids(_ value: inout WalkedQids, _ field: StaticString) throws(FileError) {
        for word in try steps("nwqid") { try qid(word, field) }
    }

    /// The words up to the end of the line, without `0:`, `1:` and so on; stores their count.
    private mutating func steps(_ field: StaticString) throws(FileError) -> [[UInt8]] {
        var count: UInt16?
        if hasLabels {
            try label(field)
            count = try value(word(of: field), field)
        }
        var steps: [[UInt8]] = []
        while var word = words.next() {
            if hasLabels {
                let prefix = Array("\(steps.count):".utf8)
                guard word.starts(with: prefix) else { throw .malformed("\(field): no \(prefix)") }
                word.removeFirst(prefix.count)
            }
            steps.append(word)
        }
        guard steps.count <= WalkedQids.limit, count == nil || count.map(Int.init) == steps.count
        else { throw .malformed("\(field) \(steps.count) is not allowed") }
        store(UInt16(steps.count))
        return steps
    }

    mutating func record(_ value: inout StatRecord, _ field: StaticString) throws(FileError) {
        let outer = bytes.count
        store(UInt16(0))
        store(UInt16(0))
        if hasLabels { try printedRecord() } else { try typedRecord() }
        guard let size = UInt16(exactly: bytes.count - outer - 2) else {
            throw .malformed("stat is too long")
        }
        patch(size, at: outer)
        patch(size - 2, at: outer + 2)
    }

    /// `name uid gid mode mtime length`, as 9pcon has it; all else says "don't touch".
    private mutating func typedRecord() throws(FileError) {
        var unread = StatRecord()
        let name = try word(of: "name")
        let user = try word(of: "uid")
        let group = try word(of: "gid")
        store(UInt16.max)
        store(UInt32.max)
        for _ in 0..<13 { store(UInt8.max) }
        try mode(&unread.mode, "mode")
        store(UInt32.max)
        try word(&unread.modified, "mtime")
        try long(&unread.length, "length")
        for text in [name, user, group, []] { try string(text, "stat") }
        if dialect.hasUnixFields {
            try string([], "extension")
            for _ in 0..<3 { store(UInt32.max) }
        }
    }

    /// The printed order, which is not the wire's.
    private mutating func printedRecord() throws(FileError) {
        var unread = StatRecord()
        try label("stat")
        let texts = [
            try word(of: "name"), try word(of: "uid"), try word(of: "gid"), try word(of: "muid"),
        ]
        let start = bytes.count
        try qid(&unread.qid, "q")
        try mode(&unread.mode, "m")
        try word(&unread.accessed, "at")
        try word(&unread.modified, "mt")
        try long(&unread.length, "l")
        let end = bytes.count
        try short(&unread.type, "t")
        try word(&unread.device, "d")
        // Type and device stand in front on the wire.
        let front = bytes[end...]
        bytes.removeSubrange(end...)
        bytes.insert(contentsOf: front, at: start)
        for text in texts { try string(text, "stat") }
        if dialect.hasUnixFields {
            try string(&unread.detail, "extension")
            try word(&unread.userNumber, "n_uid")
            try word(&unread.groupNumber, "n_gid")
            try word(&unread.modifierNumber, "n_muid")
        }
    }
}
