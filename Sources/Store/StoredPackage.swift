public import Archive
import FileTree

/// A package of a store, as the name of its file says it: `NAME-VERSION.CID.pak.zst`.
///
/// In the version every byte but letters, digits and `._+~:` is `%XX`, the hyphen too: the last
/// hyphen of the name parts the two.
public struct StoredPackage: Sendable, Hashable, Comparable {
    /// The package's name.
    public let name: String
    /// The package's version; empty for one without.
    public let version: String
    /// The package's identity.
    public let id: ContentID

    /// How the names of all files end.
    static let ending = ".pak.zst"

    /// Makes one of its parts; nil where no file can be called so.
    public init?(name: String, version: String, id: ContentID) {
        guard PackageName.isLegal(name) else { return nil }
        self.name = name
        self.version = version
        self.id = id
        var escaped = 0
        for byte in version.utf8 { escaped += Self.isPlain(byte) ? 1 : 3 }
        guard name.utf8.count + escaped + Self.fixedLength <= 255 else { return nil }
    }

    /// By name, version and id.
    public static func < (a: StoredPackage, b: StoredPackage) -> Bool {
        (a.name, a.version, a.id) < (b.name, b.version, b.id)
    }

    /// Of a file's name all but name and version: the two dots' and the hyphen, id and ending.
    private static let fixedLength = 2 + 64 + ending.utf8.count

    /// Reads a file's name; nil for another kind of file's.
    init?(fileName: String) {
        self.init(fileName: Array(fileName.utf8))
    }

    /// Reads a file's name; nil for another kind of file's.
    init?(fileName: [UInt8]) {
        let front = fileName.count - 64 - Self.ending.utf8.count
        guard front > 2, fileName[(front + 64)...].elementsEqual(Self.ending.utf8),
            fileName[front - 1] == UInt8(ascii: "."),
            let hyphen = fileName[..<front].lastIndex(of: UInt8(ascii: "-")),
            let id = fileName[front..<front + 64].withUnsafeBytes({ ContentID(digits: $0) })
        else { return nil }
        let escaped = fileName[(hyphen + 1)..<(front - 1)]
        guard let version = Self.unescape(escaped) else { return nil }
        self.init(
            name: String(decoding: fileName[..<hyphen], as: UTF8.self),
            version: version,
            id: id
        )
        // One spelling alone: the name is made of the parts again by who looks for it.
        guard self.escapedVersion.utf8.elementsEqual(escaped) else { return nil }
    }

    /// Reads the words `CID NAME VERSION`; nil for others.
    package init?(words: ArraySlice<UInt8>) {
        let space = UInt8(ascii: " ")
        let name = words.dropFirst(65).prefix { $0 != space }
        let escaped = words[name.endIndex...].dropFirst()
        guard words.count > 65, words[words.startIndex + 64] == space,
            name.endIndex < words.endIndex, !escaped.contains(space),
            let id = words.prefix(64).withUnsafeBytes({ ContentID(digits: $0) }),
            let version = Self.unescape(escaped)
        else { return nil }
        self.init(name: String(decoding: name, as: UTF8.self), version: version, id: id)
    }

    /// Adds the words `CID NAME VERSION`.
    package func write(to text: inout [UInt8]) {
        id.write(to: &text)
        text += " \(name) \(escapedVersion)".utf8
    }

    /// The name of its file.
    public var fileName: String { "\(name)-\(escapedVersion).\(id)\(Self.ending)" }

    /// The version as one word.
    public var escapedVersion: String {
        if version.utf8.allSatisfy(Self.isPlain) { return version }
        let bytes = PathText.escape(Array(version.utf8)) { !Self.isPlain($0) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The version that one word stands for.
    static func unescape(_ word: ArraySlice<UInt8>) -> String? {
        var isEscaped = false
        for byte in word where !isPlain(byte) { isEscaped = true }
        // What is plain is ASCII.
        guard isEscaped else { return String(decoding: word, as: UTF8.self) }
        guard word.contains(UInt8(ascii: "%")) else {
            return String(validating: word, as: UTF8.self)
        }
        return PathText.strictlyUnescape(word).flatMap { String(validating: $0, as: UTF8.self) }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "~"),
            UInt8(ascii: ":"):
            true
        default: false
        }
    }
}
