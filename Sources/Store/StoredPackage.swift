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
        guard fileName.utf8.count <= 255 else { return nil }
    }

    /// By name, version and id.
    public static func < (a: StoredPackage, b: StoredPackage) -> Bool {
        (a.name, a.version, a.id) < (b.name, b.version, b.id)
    }

    /// Reads a file's name; nil for another kind of file's.
    init?(fileName: String) {
        guard fileName.hasSuffix(Self.ending) else { return nil }
        let whole = fileName.dropLast(Self.ending.count)
        guard whole.utf8.count > 65, let id = ContentID(hexadecimal: whole.suffix(64)) else {
            return nil
        }
        let front = whole.dropLast(64)
        guard front.last == ".", let hyphen = front.lastIndex(of: "-"),
            let version = Self.unescape(front[front.index(after: hyphen)...].dropLast())
        else { return nil }
        self.init(name: String(front[..<hyphen]), version: version, id: id)
        // One spelling alone: the name is made of the parts again by who looks for it.
        guard self.fileName == fileName else { return nil }
    }

    /// The name of its file.
    public var fileName: String { "\(name)-\(escapedVersion).\(id)\(Self.ending)" }

    /// The version as one word.
    public var escapedVersion: String {
        let bytes = PathText.escape(Array(version.utf8)) { !Self.isPlain($0) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The version that one word stands for.
    public static func unescape(_ word: some StringProtocol) -> String? {
        PathText.strictlyUnescape(Array(word.utf8)).flatMap {
            String(validating: $0, as: UTF8.self)
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "._+~:".utf8.contains(byte)
        }
    }
}
