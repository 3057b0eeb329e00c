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
    struct Place: Equatable {
        var environment: String?
        var store: String?
        var root: String?
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
            let option: WritableKeyPath<Place, String?>
            switch word {
            case "-e", "--env": option = \.environment
            case "--store": option = \.store
            case "--root": option = \.root
            default:
                guard Self.isPlain(word) else { return nil }
                rest.append(word)
                continue
            }
            guard place[keyPath: option] == nil, let value = words.popFirst(), Self.isPlain(value)
            else { return nil }
            place[keyPath: option] = value
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

    private static func isPlain(_ word: String) -> Bool {
        !word.isEmpty && !word.hasPrefix("-")
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
            try ViewRun.runToEnd(PassedWords.bytes(command.count)) { () throws(Complaint) in
                ViewChoice(environment: try Self.environment(packages, over: "/"))
            }
        case .mount(let packages, let directory, let foreground):
            try PackageMount(directory: directory, foreground: foreground).run {
                () throws(Complaint) in
                .packages(try Self.environment(packages, over: nil))
            }
        case .add(let packages, let place):
            var verb = Add()
            verb.packages = packages
            verb.printing = .usual
            verb.options = .usual(place)
            verb.waiting = .usual
            try verb.run()
        case .remove(let packages, let place):
            var verb = Remove()
            verb.packages = packages
            verb.printing = .usual
            verb.options = .usual(place)
            verb.waiting = .usual
            try verb.run()
        case .switch(let number, let place):
            try Switch.run(.usual, .usual(place), to: number)
        case .rollback(let steps, let place):
            try Rollback.run(.usual, .usual(place), steps)
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

// What the parser would fill in where nothing is said.

extension OutputOptions {
    fileprivate static var usual: OutputOptions {
        var options = OutputOptions()
        options.json = false
        return options
    }
}

extension WaitOptions {
    fileprivate static var usual: WaitOptions {
        var options = WaitOptions()
        options.wait = nil
        return options
    }
}

extension EnvironmentOptions {
    fileprivate static func usual(_ place: PlainWords.Place) -> EnvironmentOptions {
        var options = EnvironmentOptions()
        options.environment = place.environment
        options.stores = StoreOptions()
        options.stores.store = place.store
        options.stores.root = place.root
        options.stores.offline = false
        return options
    }
}
