import Archive
import FileTree

/// One line of what a layer has changed.
public struct Change: Sendable, Hashable {
    /// What happened to a path.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// There was nothing of that name.
        case added = "A"
        /// Its bytes, its target or its type are others.
        case data = "M"
        /// Its mode, owner or extended attributes are others, and nothing else.
        case metadata = "m"
        /// It is gone, with all below it.
        case removed = "D"
        /// It had another name, with all below it.
        case renamed = "R"
        /// It is another name of a file.
        case linked = "L"
    }

    /// What happened.
    public var kind: Kind
    /// The path: names parted by `/`, none in front.
    public var path: [UInt8]
    /// Of `renamed` the path that it had, of `linked` another name of the file.
    public var from: [UInt8]?

    /// Makes a line.
    public init(_ kind: Kind, _ path: [UInt8], from: [UInt8]? = nil) {
        self.kind = kind
        self.path = path
        self.from = from
    }
}

extension Change: CustomStringConvertible {
    /// The line, bytes up to 0x20, 0x7f and `%` of its paths as `%XX`: `R old -> new`, `A new`.
    public var description: String { String(decoding: line, as: UTF8.self) }

    /// The line in raw bytes, without an end.
    public var line: [UInt8] {
        var line = Array(kind.rawValue.utf8) + [UInt8(ascii: " ")]
        if let from { line += PathText.escape(from) + Array(" -> ".utf8) }
        return line + (path.isEmpty ? [UInt8(ascii: "/")] : PathText.escape(path))
    }
}

extension Change: Comparable {
    /// In the order of the paths' bytes.
    public static func < (a: Change, b: Change) -> Bool {
        if a.path != b.path { return MemberPath.precedes(a.path, b.path) }
        return a.kind.rawValue < b.kind.rawValue
    }
}
