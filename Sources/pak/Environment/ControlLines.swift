import Environments
import FileTree

/// What a list of words is on the wire: lines of a control file, in which a blank ends a word.
struct ControlLines {
    private(set) var lines: [String] = []

    /// Makes lines of at most `limit` bytes of a command's words; those of a long list of packages
    /// are several, to be done as one.
    ///
    /// Errors: `.invalid` for words that mean nothing; `.unsupported` for a file of this host.
    init(_ words: [String], limit: Int) throws(FileError) {
        guard let verb = words.first, ["add", "rm"].contains(verb) else {
            let isNot = words.first == "not"
            // As it is written in an environment: all that is no word of its own is escaped.
            let rule = try EnvironmentRule(words: Array(words.dropFirst(isNot ? 1 : 0)))
            lines = [(isNot ? "not " : "") + rule.line]
            return
        }
        for word in words.dropFirst() {
            if verb == "add", case .file = try PackageSpec(word) {
                throw FileError(.unsupported, "\(word): a file of this host")
            }
            guard !word.isEmpty, word.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else {
                throw FileError(.invalid, "\(PathText.display(word.utf8)): not a package")
            }
            let most = min(limit, ControlWords.longestLine)
            if let last = lines.last, last.utf8.count + word.utf8.count < most {
                lines[lines.count - 1] += " \(word)"
            } else {
                lines.append("\(verb) \(word)")
            }
        }
    }
}
