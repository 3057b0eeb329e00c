package import FileTree

/// What a layer lies over, as the file `over` of its folder says it.
///
/// See pak.layer(6).
package struct LayerBase: Sendable, Equatable {
    /// The environment; empty for the packages of the command line.
    package var environment = ""
    /// The identity of the packages and of how they are joined; nil without packages.
    package var hash: String?
    /// The directory of the host, or the server, below them.
    package var base: String?
    /// The packages that were asked for, sorted; all of them when there is none.
    package var only: [String] = []
    /// The directory from which the view starts, in raw bytes.
    package var sub: [UInt8] = []
    /// What the view shows besides: `dev`, `suid`.
    package var shows: [String] = []
    /// How the packages are joined, in the words of the command line.
    package var options: [String] = []
    /// The packages in the order given.
    package var packages: [Package] = []

    /// A package that a layer lies over.
    package struct Package: Sendable, Equatable {
        package var id: String
        package var name: String
        package var path: String

        package init(id: String, name: String, path: String) {
            self.id = id
            self.name = name
            self.path = path
        }
    }

    package init() {}

    /// Reads the text.
    ///
    /// Errors: `.malformed` with the line.
    package init(text: some Collection<UInt8>) throws(FileError) {
        let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (number, line) in lines.enumerated() where !line.isEmpty {
            let words = line.split(separator: UInt8(ascii: " ")).map { PathText.unescape($0) }
            let values = words.dropFirst().map { String(decoding: $0, as: UTF8.self) }
            guard words.count == 2 || words.count == 4, let key = words.first else {
                throw .malformed("over: line \(number + 1)")
            }
            switch (String(decoding: key, as: UTF8.self), values.count) {
            case ("environment", 1): environment = values[0]
            case ("hash", 1): hash = values[0]
            case ("base", 1): base = values[0]
            case ("only", 1): only.append(values[0])
            case ("sub", 1): sub = words[1]
            case ("show", 1): shows.append(values[0])
            case ("option", 1): options.append(values[0])
            case ("package", 3):
                packages.append(Package(id: values[0], name: values[1], path: values[2]))
            default: throw .malformed("over: line \(number + 1)")
            }
        }
    }

    /// The text.
    package var text: [UInt8] {
        var lines: [[String]] = []
        if !environment.isEmpty { lines.append(["environment", environment]) }
        if let hash { lines.append(["hash", hash]) }
        if let base { lines.append(["base", base]) }
        lines += only.map { ["only", $0] } + shows.map { ["show", $0] }
        var bytes = Self.bytes(lines)
        if !sub.isEmpty { bytes += Array("sub ".utf8) + PathText.escape(sub) + [10] }
        lines = options.map { ["option", $0] }
        lines += packages.map { ["package", $0.id, $0.name, $0.path] }
        return bytes + Self.bytes(lines)
    }

    private static func bytes(_ lines: [[String]]) -> [UInt8] {
        lines.flatMap { words in
            words.map { PathText.escape(Array($0.utf8)) }.joined(separator: [0x20]) + [10]
        }
    }

    /// Whether a layer over `self` may be seen over `other`.
    package func isSame(as other: LayerBase) -> Bool {
        environment == other.environment && hash == other.hash && base == other.base
            && only == other.only && sub == other.sub && shows == other.shows
    }

    /// What it is in a few words, for people.
    package var summary: String {
        var parts: [String] = []
        if !environment.isEmpty { parts.append("environment \(environment)") }
        let names = packages.map(\.name)
        if !names.isEmpty {
            let shown = names.prefix(4).joined(separator: " ")
            parts.append(names.count > 4 ? "\(shown) and \(names.count - 4) more" : shown)
        }
        if let hash { parts.append("hash \(hash.prefix(16))") }
        if let base { parts.append("base \(base)") }
        parts += only.map { "only=\($0)" } + shows
        if !sub.isEmpty { parts.append("sub=\(PathText.display(sub))") }
        return parts.isEmpty ? "nothing" : parts.joined(separator: ", ")
    }
}
