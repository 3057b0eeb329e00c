public import FileTree

/// What a package says of itself: the lines of `.pak/manifest`, `key value`, sorted by bytes.
///
/// Values are text in which bytes below 0x20, 0x7f and `%` are written as `%XX`; in a path, which
/// comes last in a line of words, a space is too.
public struct Manifest: Sendable, Hashable {
    /// One line.
    public struct Line: Sendable, Hashable {
        /// The word in front.
        public var key: String
        /// The rest as it is written, escapes and all.
        public var text: [UInt8]

        var value: String { String(decoding: PathText.unescape(text), as: UTF8.self) }
        var bytes: [UInt8] { Array(key.utf8) + [UInt8(ascii: " ")] + text }
    }

    /// The lines, sorted by bytes, none twice.
    public private(set) var lines: [Line] = []

    /// The path of the member that holds it.
    public static var path: [UInt8] { Array(".pak/manifest".utf8) }
    /// The most bytes of a manifest: a layer may hide many names.
    public static var sizeLimit: Int { 16 << 20 }
    /// The most bytes of one that is made of what another format says of a package.
    static var foreignLimit: Int { 128 << 10 }

    /// Makes a manifest without lines.
    public init() {}

    /// Reads the lines of a manifest.
    ///
    /// Errors: `.malformed` with the number of the line that is wrong.
    public init(_ bytes: some Collection<UInt8>) throws(FileError) {
        guard bytes.count <= Self.sizeLimit else {
            throw .malformed("manifest: \(bytes.count) bytes are too many")
        }
        let bytes = Array(bytes)
        guard bytes.isEmpty || bytes.last == UInt8(ascii: "\n") else {
            throw .malformed("manifest: the last line has no end")
        }
        for (number, line) in bytes.split(separator: UInt8(ascii: "\n")).enumerated() {
            let space = line.firstIndex(of: UInt8(ascii: " "))
            guard let space, space > line.startIndex, Self.isKey(line[..<space]),
                !line.contains(0)
            else { throw .malformed("manifest: line \(number + 1): no key and value") }
            let key = String(decoding: line[..<space], as: UTF8.self)
            lines.append(Line(key: key, text: Array(line[(space + 1)...])))
        }
        order()
    }

    /// The manifest as it is written.
    public var bytes: [UInt8] { lines.flatMap { $0.bytes + [UInt8(ascii: "\n")] } }

    /// The value of the first line with a key, as text; nil when there is no such line.
    public func first(_ key: String) -> String? {
        lines.first { $0.key == key }.map { $0.value }
    }

    /// The values of all lines with a key, as text.
    public func all(_ key: String) -> [String] {
        lines.filter { $0.key == key }.map(\.value)
    }

    /// The paths of all lines with a key whose value is nothing else, for example `hole`.
    public func paths(_ key: String) -> [[UInt8]] {
        lines.filter { $0.key == key }.map { PathText.unescape($0.text) }
    }

    /// Adds a line whose value is text; an empty text adds nothing.
    public mutating func add(_ key: String, _ text: some StringProtocol) {
        add(key, text: Array(text.utf8))
    }

    /// Adds a line whose value is text in raw bytes; an empty text adds nothing.
    public mutating func add(_ key: String, text: [UInt8]) {
        if text.isEmpty { return }
        append(key, PathText.escape(text) { $0 < 0x20 || $0 == 0x7f || $0 == UInt8(ascii: "%") })
    }

    /// Adds a line whose value is words and a path behind them.
    public mutating func add(_ key: String, words: [String] = [], path: [UInt8]) {
        let front = words.map { Array($0.utf8) + [UInt8(ascii: " ")] }
        append(key, front.flatMap { $0 } + PathText.escape(path))
    }

    /// Adds a line for each of many paths.
    public mutating func add(_ key: String, paths: [[UInt8]]) {
        lines += paths.map { Line(key: key, text: PathText.escape($0)) }
        order()
    }

    /// Puts a line in the place of all that have its key; nil takes them away.
    public mutating func set(_ key: String, _ text: String?) {
        lines.removeAll { $0.key == key }
        if let text { add(key, text) }
    }

    private mutating func append(_ key: String, _ text: [UInt8]) {
        lines.append(Line(key: key, text: text))
        order()
    }

    private mutating func order() {
        lines.sort { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        var last: Line?
        lines.removeAll { line in
            defer { last = line }
            return line == last
        }
    }

    private static func isKey(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.allSatisfy { ($0 >= 0x61 && $0 <= 0x7a) || $0 == UInt8(ascii: "-") }
    }
}

extension Manifest {
    /// The package's name.
    public var name: String? { first("name") }
    /// The package's version.
    public var version: String? { first("version") }
    /// The paths to hide in layers below, without a slash in front.
    public var holes: [[UInt8]] { paths("hole") }
    /// The directories whose entries to hide in layers below.
    public var opaques: [[UInt8]] { paths("opaque") }
    /// Whether the attributes of the directories that it lists are the package's own wish, as in
    /// formats of package managers; a plain archive's line `directories any` says that they are
    /// not.
    public var ownsDirectories: Bool { first("directories") != "any" }
}
