import Environments
import Terminal
import UnionTree

/// A command line of the usual form, read without the parser: paths of packages, and a command to
/// run over them or a directory to mount them at.
///
/// The parser has all types of the program asked what they are before it looks at a word, which
/// takes as long as all else that is done for a small command in a view. A line that has anything
/// more in it is the parser's, and so is one that may name a package of a store.
enum PlainWords: Equatable {
    case run(packages: [String], command: [String])
    case mount(packages: [String], directory: String, foreground: Bool)

    /// Reads a verb and its arguments; nil where the parser has to.
    init?(_ words: [String]) {
        switch words.first {
        case "run": self.init(run: words.dropFirst())
        case "mount": self.init(mount: words.dropFirst())
        default: return nil
        }
    }

    private init?(run words: ArraySlice<String>) {
        var words = words
        var packages: [String] = []
        while words.first == "-p" {
            guard let path = Self.path(words.dropFirst().first) else { return nil }
            packages.append(path)
            words = words.dropFirst(2)
        }
        if words.first == "--" {
            words = words.dropFirst()
        } else if words.first?.hasPrefix("-") == true {
            return nil
        }
        guard !packages.isEmpty, !words.isEmpty else { return nil }
        self = .run(packages: packages, command: Array(words))
    }

    private init?(mount words: ArraySlice<String>) {
        var words = words
        var packages: [String] = []
        var directory: String?
        var foreground = false
        while let word = words.popFirst() {
            if word == "-f" {
                foreground = true
            } else if word == "-p" {
                guard let path = Self.path(words.popFirst()) else { return nil }
                packages.append(path)
            } else {
                guard directory == nil, !word.isEmpty, !word.hasPrefix("-") else { return nil }
                directory = word
            }
        }
        guard !packages.isEmpty, let directory else { return nil }
        self = .mount(packages: packages, directory: directory, foreground: foreground)
    }

    /// A word that can name nothing but a file.
    private static func path(_ word: String?) -> String? {
        guard let word, word.utf8.contains(UInt8(ascii: "/")), !word.hasPrefix("-") else {
            return nil
        }
        return word
    }

    /// Does what they say.
    func run() throws {
        switch self {
        case .run(let packages, let command):
            try ViewRun.runToEnd(command) { () throws(Complaint) in
                ViewChoice(environment: try Self.environment(packages, over: "/"))
            }
        case .mount(let packages, let directory, let foreground):
            try PackageMount(directory: directory, foreground: foreground).run {
                () throws(Complaint) in
                .packages(try Self.environment(packages, over: nil))
            }
        }
    }

    private static func environment(
        _ packages: [String],
        over base: String?
    ) throws(Complaint) -> Environment {
        let source = EnvironmentSource(packages: packages, rules: UnionRules(), base: base)
        return try Environment(source, PackageOpener())
    }
}
