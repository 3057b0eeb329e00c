public import FileTree

/// A path inside a view: names in raw bytes, none of them empty, `.` or `..`.
public struct UnionPath: Sendable, Hashable {
    /// The names from the root down; none for the root itself.
    public var names: [[UInt8]]

    /// The root.
    public init() { names = [] }

    /// Makes a path of names that have been checked.
    init(names: [[UInt8]]) { self.names = names }

    /// Makes a path of its text; slashes in front, behind or repeated mean nothing.
    ///
    /// Errors: `.illegalName` for `..`, NUL, and names that are too long.
    public init(_ text: [UInt8]) throws(FileError) {
        names = []
        for part in text.split(separator: UInt8(ascii: "/")) where part != [UInt8(ascii: ".")] {
            let isLegal = part.withUnsafeBytes { FileName.isLegal($0) }
            guard isLegal else {
                throw FileError(.illegalName, PathText.text(text))
            }
            names.append(Array(part))
        }
    }

    /// The bytes, without a slash in front; empty for the root.
    public var bytes: [UInt8] { Array(names.joined(separator: [UInt8(ascii: "/")])) }

    /// The path of `name` in this directory.
    func appending(_ name: [UInt8]) -> UnionPath { UnionPath(names: names + [name]) }

    /// Whether this is `other` or lies below it.
    func starts(with other: UnionPath) -> Bool { names.starts(with: other.names) }

    /// The target that a link at this path has to have to lead to `other`.
    func relativeTarget(_ other: UnionPath) -> [UInt8] {
        let shared = zip(names.dropLast(), other.names).prefix { $0 == $1 }.count
        let up = Array(repeating: Array("..".utf8), count: max(0, names.count - 1 - shared))
        let parts = up + other.names.dropFirst(shared)
        return parts.isEmpty
            ? Array(".".utf8) : Array(parts.joined(separator: [UInt8(ascii: "/")]))
    }

    /// Where a link in this directory with this target leads, by its text alone.
    ///
    /// A leading `/` means the root; nil when a `..` would leave it.
    func resolve(_ target: [UInt8]) -> UnionPath? {
        var names = target.first == UInt8(ascii: "/") ? [] : self.names
        for part in target.split(separator: UInt8(ascii: "/")) where part != [UInt8(ascii: ".")] {
            if part.elementsEqual("..".utf8) {
                guard names.popLast() != nil else { return nil }
            } else {
                names.append(Array(part))
            }
        }
        return UnionPath(names: names)
    }
}

extension UnionPath: CustomStringConvertible {
    /// The path for people, from `/`, with bytes that are not printable as %XX.
    public var description: String { "/" + PathText.text(bytes) }
}

extension UnionPath: Comparable {
    /// Before, by the bytes of the whole path.
    public static func < (a: UnionPath, b: UnionPath) -> Bool {
        a.bytes.lexicographicallyPrecedes(b.bytes)
    }
}
