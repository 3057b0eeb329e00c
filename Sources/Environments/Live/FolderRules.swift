import Archive
import FileTree
import Terminal

/// How the packages of a folder are joined: what its file `rules` says, a rule a line.
///
/// A line is empty, begins with `#`, or is `prefer PATH NAME`, `block NAME PATH` or
/// `alias FROM TO`, as an environment's rules are written.
struct FolderRules: Sendable {
    /// The file's name in the folder.
    static let fileName = "rules"

    private var text = EnvironmentText()

    /// Makes rules of nothing.
    init() {}

    /// Reads what the file says.
    ///
    /// Errors: `.invalid` with the line that is no such rule, or does not go with those before it.
    init(_ bytes: [UInt8]) throws(FileError) {
        let newline = UInt8(ascii: "\n")
        let lines = bytes.split(separator: newline, omittingEmptySubsequences: false)
        for (number, line) in zip(1..., lines) {
            let words = String(decoding: line, as: UTF8.self).split { " \t\r".contains($0) }
            guard let first = words.first, !first.utf8.starts(with: "#".utf8) else { continue }
            do throws(FileError) {
                guard ["prefer", "block", "alias"].contains(first) else {
                    throw FileError(.invalid, "\(first): prefer, block or alias is needed")
                }
                try text.add(EnvironmentRule(words: words.map(String.init)))
            } catch {
                throw error.at("line \(number)")
            }
        }
    }

    /// A line a rule.
    var lines: [String] { text.rules.map(\.line) }

    /// The rules about packages of these names, and those about all; others wait for theirs.
    func rules(about names: [String]) -> [EnvironmentRule] { text.rules(besides: names) }

    /// The identity of packages that are joined by them: that of an environment of a store which
    /// has the same packages and rules.
    ///
    /// The id of a package that is not native does not tell its name, so that does so besides.
    func hash(of packages: [Package]) -> ContentID {
        let others = packages.filter { !$0.isNative }
            .map { "name \($0.id) \($0.name) \($0.manifest.version ?? "")" }
        return text.hash(of: Set(packages.map(\.id)), others.sorted())
    }

    /// A way out of a conflict, `prefer PATH NAME`, as the command that writes it to the file at
    /// `path`; nil for one that is no rule.
    static func command(_ way: String, _ path: String) -> String? {
        guard ["prefer ", "block "].contains(where: way.hasPrefix) else { return nil }
        return "printf '%s\\n' \(ShellWord.quoted(way)) >>\(ShellWord.quoted(path))"
    }
}
