import Archive
package import FileTree
import UnionTree

/// One rule of an environment: an answer to a conflict, or what its views may show.
package enum EnvironmentRule: Sendable, Hashable {
    /// A package's file is taken where a pattern of paths is fought over.
    case prefer(pattern: [UInt8], package: String)
    /// A path of a package is left out, with all below it.
    case block(package: String, path: [UInt8])
    /// One path stands for another in every package.
    case alias(from: [UInt8], to: [UInt8])
    /// The set-id bits of a package's files are shown.
    case allow(package: String)

    /// A directory of the view is one of the real disk: the same path, or another folder.
    case shine(ShinePath)

    /// The rule as words: paths are escaped as in manifests.
    package var line: String {
        switch self {
        case .prefer(let pattern, let package): "prefer \(PathText.text(pattern)) \(package)"
        case .block(let package, let path): "block \(package) \(PathText.text(path))"
        case .alias(let from, let to): "alias \(PathText.text(from)) \(PathText.text(to))"
        case .allow(let package): "allow \(package)"
        case .shine(let shine):
            "shine \(PathText.text(shine.path.bytes))"
                + (shine.folder.map { " " + PathText.text($0.utf8) } ?? "")
        }
    }

    /// The rule as an option of `pakfs`, which has the same meaning for packages of the command
    /// line; nil for one that is no rule of how they are joined.
    var option: String? {
        switch self {
        case .prefer, .block, .alias: break
        case .allow, .shine: return nil
        }
        let words = line.parts(at: " ", omittingEmptySubsequences: false).map { word in
            // What parts the two sides is part of neither; the root is nothing in a line.
            word.isEmpty
                ? "/"
                : word.parts(at: ":", omittingEmptySubsequences: false).joined(separator: "%3A")
        }
        return "\(words[0])=\(words[1]):\(words[2])"
    }

    /// Reads a rule's words; checks it as it would be used.
    ///
    /// Errors: `.invalid` with the words.
    package init(words: [String]) throws(FileError) {
        func path(_ word: String) throws(FileError) -> [UInt8] {
            guard let bytes = PathText.strictlyUnescape(word.utf8), !bytes.contains(0) else {
                throw FileError(.invalid, "\(word): % without two hexadecimal digits")
            }
            // One spelling alone, so that equal rules have one hash.
            let parts = bytes.split(separator: UInt8(ascii: "/"))
            return Array(parts.joined(separator: [UInt8(ascii: "/")]))
        }
        switch (words.first, words.count) {
        case ("prefer", 3): self = .prefer(pattern: try path(words[1]), package: words[2])
        case ("block", 3): self = .block(package: words[1], path: try path(words[2]))
        case ("alias", 3): self = .alias(from: try path(words[1]), to: try path(words[2]))
        case ("allow", 2): self = .allow(package: words[1])
        case ("shine", 2): self = .shine(try ShinePath(path(words[1])))
        case ("shine", 3):
            guard let folder = PathText.strictlyUnescape(words[2].utf8) else {
                throw FileError(.invalid, "\(words[2]): % without two hexadecimal digits")
            }
            self = .shine(try ShinePath(path(words[1]), folder: folder))
        default: throw FileError(.invalid, "not a rule: \(words.joined(separator: " "))")
        }
        // It is a word of a line in the log, and of the text that is hashed.
        if let package, !PackageName.isLegal(package) {
            let name = PathText.display(package.utf8)
            throw FileError(.invalid, "\(words[0]): \(name) cannot be a package's name")
        }
        var rules = UnionRules()
        try add(to: &rules)
    }

    /// The package that it is about; nil for one about all.
    package var package: String? {
        switch self {
        case .prefer(_, let package), .block(let package, _), .allow(let package): package
        case .alias, .shine: nil
        }
    }

    func add(to rules: inout UnionRules) throws(FileError) {
        switch self {
        case .prefer(let pattern, let package): try rules.prefer(pattern, package)
        case .block(let package, let path): try rules.block(package, path)
        case .alias(let from, let to): try rules.alias(from, to)
        // How files are joined is nothing to them.
        case .allow, .shine: break
        }
    }
}
