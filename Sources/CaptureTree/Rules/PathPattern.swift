import Archive
public import FileTree

/// A pattern of paths, which covers those it names and all below them.
///
/// With a slash in front, `/usr/share` or `/usr/**/*.pyc`, it is held against the whole path; by
/// itself, `*.o` or `.git`, against each name in it. `*`, `?` and `[a-z]` stand for bytes of one
/// name, `**` for several names. Odd bytes, and those that would mean something else, are `%XX`.
public struct PathPattern: Sendable, Hashable {
    /// The pattern as it is written.
    public let text: [UInt8]
    private let form: Form

    private enum Form: Sendable, Hashable {
        /// A path without stars; empty for everything.
        case folder([UInt8])
        case path(Glob)
        case name([UInt8])
        case nameStart([UInt8])
        case nameEnd([UInt8])
        case nameGlob(Glob)
    }

    /// Reads a pattern.
    ///
    /// Errors: `.invalid` for one that is empty, longer than a path, or can cover nothing.
    public init(_ text: some Collection<UInt8>) throws(FileError) {
        let text = Array(text)
        guard !text.isEmpty, text.count <= 2 * MemberPath.limit else {
            throw FileError(.invalid, "a pattern of \(text.count) bytes")
        }
        if text.contains(UInt8(ascii: "/")) {
            guard text.first == UInt8(ascii: "/") else {
                let shown = Self.display(text)
                throw FileError(.invalid, "\(shown): a path begins with a slash, a name has none")
            }
            var names: [[UInt8]] = []
            for name in text.split(separator: UInt8(ascii: "/")) {
                guard !name.elementsEqual(".".utf8), !name.elementsEqual("..".utf8) else {
                    throw FileError(.invalid, "\(Self.display(text)): . and .. are no names")
                }
                names.append(Array(name))
            }
            let path = Array(names.joined(separator: [UInt8(ascii: "/")]))
            form = Self.isPlain(path) ? .folder(PathText.unescape(path)) : .path(Self.glob(path))
        } else {
            form = Self.form(ofName: text)
        }
        self.text = text
    }

    /// Makes the pattern of a path and all below it, whatever bytes are in it; the empty path is
    /// everything.
    public init(folder path: [UInt8]) {
        text = [UInt8(ascii: "/")] + Self.escape(path)
        form = .folder(path)
    }

    /// Makes a pattern of names.
    init(name: [UInt8]) {
        text = name
        form = Self.form(ofName: name)
    }

    /// The one path that it and all below it are covered by; nil for a pattern of many.
    public var folder: [UInt8]? {
        if case .folder(let path) = form { path } else { nil }
    }

    /// Whether `path`, or a directory that it is in, is what the pattern names.
    public func covers(_ path: [UInt8]) -> Bool {
        switch form {
        case .folder(let folder):
            if folder.isEmpty { return true }
            guard path.starts(with: folder) else { return false }
            return path.count == folder.count || path[folder.count] == UInt8(ascii: "/")
        case .path(let glob):
            var end = 0
            while let next = Self.nextEnd(path, from: end) {
                if glob.matches(path.span.extracting(0..<next)) { return true }
                end = next + 1
            }
            return false
        case .name(let name): return Self.anyName(of: path) { $0.elementsEqual(name) }
        case .nameStart(let start): return Self.anyName(of: path) { $0.starts(with: start) }
        case .nameEnd(let end):
            return Self.anyName(of: path) { $0.suffix(end.count).elementsEqual(end) }
        case .nameGlob(let glob): return Self.anyName(of: path) { glob.matches($0.span) }
        }
    }

    private static func anyName(
        of path: [UInt8],
        _ isCovered: (ArraySlice<UInt8>) -> Bool
    ) -> Bool {
        var start = 0
        while let end = nextEnd(path, from: start) {
            if isCovered(path[start..<end]) { return true }
            start = end + 1
        }
        return false
    }

    /// The end of the name that starts at `start`; nil behind the last.
    private static func nextEnd(_ path: [UInt8], from start: Int) -> Int? {
        guard start < path.count else { return nil }
        return path[start...].firstIndex(of: UInt8(ascii: "/")) ?? path.count
    }

    private static func form(ofName text: [UInt8]) -> Form {
        if isPlain(text) { return .name(PathText.unescape(text)) }
        if isPlain(text.dropLast()), text.last == star {
            return .nameStart(PathText.unescape(text.dropLast()))
        }
        if isPlain(text.dropFirst()), text.first == star {
            return .nameEnd(PathText.unescape(text.dropFirst()))
        }
        return .nameGlob(glob(text))
    }

    private static let star = UInt8(ascii: "*")

    private static func isPlain(_ text: some Collection<UInt8>) -> Bool {
        !text.contains { $0 == star || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "[") }
    }

    /// The pattern with `%XX` as the bytes they are; a star among them stands for itself.
    private static func glob(_ text: [UInt8]) -> Glob {
        var pattern: [UInt8] = []
        var rest = text[...]
        while let byte = rest.popFirst() {
            let escape = [byte] + rest.prefix(2)
            let bytes = PathText.unescape(escape)
            guard bytes.count == 1, escape.count == 3, byte == UInt8(ascii: "%") else {
                pattern.append(byte)
                continue
            }
            rest = rest.dropFirst(2)
            // A set of one byte means that byte alone.
            pattern += isPlain(bytes) ? bytes : [UInt8(ascii: "[")] + bytes + [UInt8(ascii: "]")]
        }
        return Glob(pattern)
    }

    private static func escape(_ path: [UInt8]) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return PathText.escape(path).flatMap { byte in
            isPlain([byte])
                ? [byte] : [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }

    /// Bytes for people.
    static func display(_ bytes: some Collection<UInt8>) -> String { PathText.display(bytes) }
}
