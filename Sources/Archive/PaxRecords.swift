import FileTree

/// The records of pax headers that say something of a member; a later one of a key wins.
struct PaxRecords {
    /// The most bytes of one header that is read.
    static let limit = 1 << 20

    var path: [UInt8]?
    var linkTarget: [UInt8]?
    var size: UInt64?
    var uid: UInt32?
    var gid: UInt32?
    var userName: [UInt8]?
    var groupName: [UInt8]?
    var modified: Timestamp?
    var major: UInt32?
    var minor: UInt32?
    var attributes: [ExtendedAttribute] = []
    var sparse: Sparse?

    /// What GNU tar's records of three versions say of a sparse file.
    struct Sparse {
        var major: UInt64 = 0
        var name: [UInt8]?
        var size: UInt64?
        /// Offset and length in turn, of versions 0.0 and 0.1.
        var map: [UInt64] = []
    }

    private static let numberLimit = 1 << 21
    /// The most attributes of a member: their names alone fill what Linux lists.
    private static let attributeLimit = 4096

    /// Adds the records of a header's body; an empty value takes a key back.
    ///
    /// Errors: `.malformed` with the offset in the body.
    mutating func add(_ body: [UInt8]) throws(FileError) {
        var at = 0
        // Some writers end the body with NULs.
        while at < body.count, body[at] != 0 {
            let record = try Self.record(body, at)
            try set(record.key, record.value, at)
            at = record.end
        }
    }

    /// `length SP key=value LF`.
    private static func record(
        _ body: [UInt8],
        _ start: Int
    ) throws(FileError) -> (key: String, value: ArraySlice<UInt8>, end: Int) {
        var length = 0
        var at = start
        while at < body.count, body[at] >= 0x30, body[at] <= 0x39, length <= limit {
            length = length * 10 + Int(body[at] & 15)
            at += 1
        }
        guard at > start, at < body.count, body[at] == UInt8(ascii: " "),
            length <= body.count - start, start + length > at + 1,
            body[start + length - 1] == UInt8(ascii: "\n"),
            let equals = body[(at + 1)..<start + length].firstIndex(of: UInt8(ascii: "="))
        else { throw .malformed("pax record at byte \(start)") }
        let key = String(decoding: body[(at + 1)..<equals], as: UTF8.self)
        return (key, body[(equals + 1)..<(start + length - 1)], start + length)
    }

    private mutating func set(
        _ key: String,
        _ value: ArraySlice<UInt8>,
        _ at: Int
    ) throws(FileError) {
        func number() throws(FileError) -> UInt64? {
            if value.isEmpty { return nil }
            guard let number = Self.decimal(value) else {
                throw .malformed("pax record at byte \(at): \(key) is no number")
            }
            return number
        }
        func short() throws(FileError) -> UInt32? {
            guard let number = try number() else { return nil }
            guard let short = UInt32(exactly: number) else {
                throw .malformed("pax record at byte \(at): \(key) is too large")
            }
            return short
        }
        func text() -> [UInt8]? { value.isEmpty ? nil : Array(value) }
        switch key {
        case "path": path = text()
        case "linkpath": linkTarget = text()
        case "size": size = try number()
        case "uid": uid = try short()
        case "gid": gid = try short()
        case "uname": userName = text()
        case "gname": groupName = text()
        case "SCHILY.devmajor": major = try short()
        case "SCHILY.devminor": minor = try short()
        case "mtime":
            guard !value.isEmpty else { return modified = nil }
            guard let time = PaxTime.parse(value) else {
                throw .malformed("pax record at byte \(at): mtime is no time")
            }
            modified = time
        case _ where key.utf8.starts(with: "GNU.sparse.".utf8):
            try setSparse(String(key.dropFirst(11)), value, try? number(), at)
        case _ where key.utf8.starts(with: "SCHILY.xattr.".utf8):
            try setAttribute(PathText.unescape(Array(key.utf8.dropFirst(13))), Array(value), at)
        case _ where key.utf8.starts(with: "LIBARCHIVE.xattr.".utf8):
            // The same attribute once more, in base 64; bsdtar writes both.
            let name = PathText.unescape(Array(key.utf8.dropFirst(17)))
            if !attributes.contains(where: { $0.name == name }), let value = Base64.decode(value) {
                try setAttribute(name, value, at)
            }
        default: break
        }
    }

    private mutating func setAttribute(
        _ name: [UInt8],
        _ value: [UInt8],
        _ at: Int
    ) throws(FileError) {
        attributes.removeAll { $0.name == name }
        guard attributes.count < Self.attributeLimit else {
            throw .malformed("pax record at byte \(at): too many attributes")
        }
        attributes.append(ExtendedAttribute(name: name, value: value))
    }

    private mutating func setSparse(
        _ key: String,
        _ value: ArraySlice<UInt8>,
        _ number: UInt64??,
        _ at: Int
    ) throws(FileError) {
        var sparse = sparse ?? Sparse()
        let number = number.flatMap { $0 }
        switch key {
        case "major": sparse.major = number ?? 0
        case "name": sparse.name = Array(value)
        case "size", "realsize": sparse.size = number
        case "offset", "numbytes":
            guard let number, (sparse.map.count % 2 == 0) == (key == "offset"),
                sparse.map.count < Self.numberLimit
            else { throw .malformed("pax record at byte \(at): sparse map") }
            sparse.map.append(number)
        case "map":
            sparse.map = []
            for part in value.split(separator: UInt8(ascii: ",")) {
                guard let number = Self.decimal(part) else {
                    throw .malformed("pax record at byte \(at): sparse map")
                }
                sparse.map.append(number)
            }
        default: break
        }
        self.sparse = sparse
    }

    static func decimal(_ text: some Collection<UInt8>) -> UInt64? {
        guard !text.isEmpty else { return nil }
        var value: UInt64 = 0
        for byte in text {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            let (tens, a) = value.multipliedReportingOverflow(by: 10)
            let (sum, b) = tens.addingReportingOverflow(UInt64(byte & 15))
            if a || b { return nil }
            value = sum
        }
        return value
    }
}

/// Base 64 as bsdtar writes attributes: without padding, or with.
enum Base64 {
    /// Nil for bytes of no alphabet.
    static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var word: UInt32 = 0
        var bits = 0
        for byte in text where byte != UInt8(ascii: "=") {
            let value: UInt8
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = byte - UInt8(ascii: "A")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = byte - UInt8(ascii: "a") + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = byte - UInt8(ascii: "0") + 52
            case UInt8(ascii: "+"): value = 62
            case UInt8(ascii: "/"): value = 63
            default: return nil
            }
            word = word << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt32(bits)))
            }
        }
        return bytes
    }
}
