import Environments
import FileTree
import Terminal
import UnionTree

/// A command line of the usual form, read without the parser: paths of packages, and a command to
/// run over them or a directory to mount them at, or a change of an environment.
///
/// The parser has all types of the program asked what they are before it looks at a word, which
/// takes as long as all else that is done for a small command in a view. A line that has anything
/// more in it is the parser's, and so is one that may name a package of a store.
enum PlainWords: Equatable {
    case run(packages: [String], command: [String])
    case mount(packages: [String], directory: String, foreground: Bool)
    case add(packages: [String], in: Place)
    case remove(packages: [String], in: Place)
    case `switch`(to: Int, in: Place)
    case rollback(steps: Int, in: Place)

    /// Which environment is meant, and in which stores.
    struct Place: Equatable, EnvironmentChoice, StoreChoice {
        var environment: String?
        var store: String?
        var root: String?

        var stores: Place { self }

        /// Takes an option that was not there yet; false for another.
        fileprivate mutating func take(_ option: String, _ value: String) -> Bool {
            guard PlainWords.isPlain(value) else { return false }
            switch option {
            case "-e" where environment == nil, "--env" where environment == nil:
                environment = value
            case "--store" where store == nil: store = value
            case "--root" where root == nil: root = value
            default: return false
            }
            return true
        }
    }

    /// Reads a verb and its arguments; nil where the parser has to.
    init?(_ words: [String]) {
        switch words.first {
        case "run": self.init(run: words.dropFirst())
        case "mount": self.init(mount: words.dropFirst())
        case "add", "rm", "switch", "rollback": self.init(change: words)
        default: return nil
        }
    }

    private init?(change words: [String]) {
        var rest: [String] = []
        var place = Place()
        var words = words[...]
        while let word = words.popFirst() {
            guard word.utf8.starts(with: "-".utf8) else {
                guard Self.isPlain(word) else { return nil }
                rest.append(word)
                continue
            }
            guard let value = words.popFirst(), place.take(word, value) else { return nil }
        }
        // A number as the parser takes it may have a sign, which is its business.
        let isNumber = rest.count == 2 && rest[1].utf8.allSatisfy { (0x30...0x39).contains($0) }
        let number = isNumber ? Int(rest[1]) : nil
        switch (rest.first, rest.count) {
        case ("add", 2...): self = .add(packages: Array(rest[1...]), in: place)
        case ("rm", 2...): self = .remove(packages: Array(rest[1...]), in: place)
        case ("switch", 2):
            guard let number else { return nil }
            self = .switch(to: number, in: place)
        case ("rollback", 1): self = .rollback(steps: 1, in: place)
        case ("rollback", 2):
            guard let number, number > 0 else { return nil }
            self = .rollback(steps: number, in: place)
        default: return nil
        }
    }

    fileprivate static func isPlain(_ word: String) -> Bool {
        !word.isEmpty && !word.utf8.starts(with: "-".utf8)
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
        } else if words.first?.utf8.starts(with: "-".utf8) == true {
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
                guard directory == nil, !word.isEmpty, !word.utf8.starts(with: "-".utf8) else {
                    return nil
                }
                directory = word
            }
        }
        guard !packages.isEmpty, let directory else { return nil }
        self = .mount(packages: packages, directory: directory, foreground: foreground)
    }

    /// A word that can name nothing but a file.
    private static func path(_ word: String?) -> String? {
        guard let word, !word.utf8.starts(with: "-".utf8),
            word.utf8.contains(UInt8(ascii: "/")) || word.hasSuffix(".pak.zst")
        else { return nil }
        return word
    }

    /// Does what they say.
    func run() throws {
        switch self {
        case .run(let packages, let command):
            try ViewRun.runToEnd(PassedWords.bytes(command.count)) { () throws(Complaint) in
                ViewChoice(environment: try Self.environment(packages, over: "/"))
            }
        case .mount(let packages, let directory, let foreground):
            try PackageMount(directory: directory, foreground: foreground).run {
                () throws(Complaint) in
                .packages(try Self.environment(packages, over: nil))
            }
        case .add(let packages, let place):
            let edit = try EnvironmentEdit([["add"] + packages], .ofProcess())
            try edit.make(place, ForPeople())
        case .remove(let packages, let place):
            try EnvironmentEdit([["rm"] + packages]).make(place, ForPeople())
        case .switch(let number, let place):
            try Switch.run(ForPeople(), place, to: number)
        case .rollback(let steps, let place):
            try Rollback.run(ForPeople(), place, steps)
        }
    }

    /// How results are printed where nothing is said.
    ///
    /// The options of the verbs are not made here: the parser's types alone are a quarter of what
    /// a switch executes.
    private struct ForPeople: Printing {
        let json = false
    }

    private static func environment(
        _ packages: [String],
        over base: String?
    ) throws(Complaint) -> Environment {
        var source = EnvironmentSource(packages: packages, rules: UnionRules(), base: base)
        source.optionName = "--option"
        return try Environment(source, PackageOpener())
    }
}
