import Archive
import ArgumentParser
import Environments
import FileTree
import Store
import Terminal

/// A change of an environment's packages or rules: made whole, or told and not made at all.
protocol ChangeVerb: ParsableCommand {
    var printing: OutputOptions { get }
    var options: ChangeOptions { get }
    /// What is to be done, a list of words each.
    var words: [[String]] { get }
    /// How packages are imported on the way.
    var imports: ImportOptions { get throws }
}

extension ChangeVerb {
    var imports: ImportOptions { ImportOptions() }

    /// Makes the change, and tells what it came to.
    func run() throws { try change() }

    /// The same, for one that looks at something first.
    func change() throws {
        try options.waiting.retrying {
            if let served = try options.served() { return try served.make(words, printing) }
            try EnvironmentEdit(words, imports).make(options.local, printing)
        }
    }
}

/// Words that change an environment.
struct EnvironmentEdit {
    private let words: [[String]]
    private let imports: ImportOptions

    /// Takes lists of words, each a change.
    init(_ words: [[String]], _ imports: ImportOptions = ImportOptions()) {
        self.words = words
        self.imports = imports
    }

    /// Makes the change, and tells what it came to.
    func make(_ options: some EnvironmentChoice, _ printing: some Printing) throws {
        var change = try options.change()
        do throws(FileError) {
            for words in words { try change.take(words, imports) }
        } catch {
            let status: Int32 = error.kind == .invalid ? 2 : 1
            throw Complaint(
                error,
                in: change.store,
                options: options.stores.words,
                try: cure(error, options),
                status: status
            )
        }
        guard !change.isEmpty else {
            let (old, hash) = (change.state.current, change.record.hash)
            let object = JSON.change(change.name, new: old, old: old, hash, [])
            return printing.show(object, or: "Generation \(old), as it was\n")
        }
        let command = words.map { $0.inRow(" ") }.inRow("; ")
        let record = try change.commit(command: command, word: words[0][0])
        Self.tell(
            printing,
            change.name,
            (record.number, record.hash),
            old: record.parent,
            change.differences
        )
        for name in change.awaited(by: words) {
            let text = "\(name): not in environment \(change.name): the rule waits for it"
            Complaint(text).print(as: "pak")
        }
    }

    private func cure(_ error: FileError, _ options: some EnvironmentChoice) -> String? {
        guard error.kind == .notFound else { return nil }
        if words.contains(where: { $0[0] == "not" }) { return options.show }
        // Without a slash it is a package's name, whatever lies in the working directory.
        let files = words.filter { $0[0] == "add" }.flatMap { $0.dropFirst() }
        let file = files.first { !$0.contains("/") && HostNames.kind($0) != nil }
        let add = options.command("add")
        if let file { return "\(add) \(ShellWord.quoted("./\(file)"))" }
        let isAbsent = !words.contains { $0[0] == "add" }
        let list = options.command("list")
        return isAbsent ? list : "\(list) --all, or \(add) ./FILE"
    }

    static func tell(
        _ printing: some Printing,
        _ name: String,
        _ new: (number: Int, hash: String),
        old: Int,
        _ differences: [PackageDifference]
    ) {
        let lines = ["Generation \(new.number) (was \(old))"] + differences.map(\.line)
        printing.show(
            JSON.change(name, new: new.number, old: old, new.hash, differences),
            or: lines.inRow("\n") + "\n"
        )
    }
}

/// `pak add`.
struct Add: ChangeVerb {
    static let configuration = CommandConfiguration(
        abstract: "Add packages to an environment, or put others in the place of what it has.",
        aliases: ["install"]
    )

    @OptionGroup var printing: OutputOptions
    @OptionGroup var options: ChangeOptions

    @Argument(
        help: "Names, NAME=VERSION, content ids, or files of any form.",
        completion: StoredNames.packagesAndPaths
    )
    var packages: [String]

    var words: [[String]] { [["add"] + packages] }
    var imports: ImportOptions { get throws { try ImportOptions.ofProcess() } }
}

/// `pak rm`.
struct Remove: ChangeVerb {
    static let configuration = CommandConfiguration(
        commandName: "rm",
        abstract: "Take packages out of an environment.",
        aliases: ["uninstall"]
    )

    @OptionGroup var printing: OutputOptions
    @OptionGroup var options: ChangeOptions

    @Argument(help: "Names of packages.", completion: StoredNames.members)
    var packages: [String]

    var words: [[String]] { [["rm"] + packages] }
}

/// What every verb takes that adds a rule, or takes it away.
struct RuleOptions: ParsableArguments {
    @Flag(help: "Take the rule away.")
    var not = false

    @OptionGroup var printing: OutputOptions
    @OptionGroup var options: ChangeOptions
}

/// A verb that adds a rule, or takes it away.
protocol RuleVerb: ChangeVerb {
    var common: RuleOptions { get }
    var rule: [String] { get }
}

extension RuleVerb {
    var printing: OutputOptions { common.printing }
    var options: ChangeOptions { common.options }
    var words: [[String]] { [(common.not ? ["not"] : []) + rule] }
}

/// `pak prefer`.
struct Prefer: RuleVerb {
    static let configuration = CommandConfiguration(
        abstract: "Take a package's file wherever a pattern of paths is fought over."
    )

    @OptionGroup var common: RuleOptions

    @Argument(help: "A path, or a pattern of paths.")
    var path: String

    @Argument(help: "The package.", completion: StoredNames.members)
    var name: String

    var rule: [String] { ["prefer", path, name] }
}

/// `pak block`.
struct Block: RuleVerb {
    static let configuration = CommandConfiguration(
        abstract: "Leave a path of a package out, with all below it."
    )

    @OptionGroup var common: RuleOptions

    @Argument(help: "The package.", completion: StoredNames.members)
    var name: String

    @Argument(help: "The path.")
    var path: String

    var rule: [String] { ["block", name, path] }
}

/// `pak alias`.
struct Alias: RuleVerb {
    static let configuration = CommandConfiguration(
        abstract: "Put what packages have below one path below another, and show a link there."
    )

    @OptionGroup var common: RuleOptions

    @Argument(help: "The path that becomes a link.")
    var from: String

    @Argument(help: "The path that it leads to.")
    var to: String

    var rule: [String] { ["alias", from, to] }
}

/// `pak allow`.
struct Allow: RuleVerb {
    static let configuration = CommandConfiguration(
        abstract: "Show the set-id bits and capabilities of a package's files."
    )

    @OptionGroup var common: RuleOptions

    @Argument(help: "The package.", completion: StoredNames.members)
    var name: String

    var rule: [String] { ["allow", name] }
}

extension ImportOptions {
    /// What the process's environment says of imports.
    static func ofProcess() throws(Complaint) -> ImportOptions {
        var options = ImportOptions()
        do throws(FileError) { options.latestTime = try SourceDate.latest() } catch {
            throw Complaint("\(error)")
        }
        return options
    }
}

extension JSON {
    /// What a change of an environment came to.
    static func change(
        _ name: String,
        new: Int,
        old: Int,
        _ hash: String,
        _ differences: [PackageDifference]
    ) -> JSON {
        .object([
            ("environment", .text(name)),
            ("generation", .number(Int64(new))),
            ("was", .number(Int64(old))),
            ("hash", .text(hash)),
            ("changes", .list(differences.map(JSON.difference))),
        ])
    }

    /// What became of a package.
    static func difference(_ difference: PackageDifference) -> JSON {
        .object([
            ("package", .text(difference.new?.name ?? difference.old?.name ?? "")),
            ("was", difference.old.map { .text("\($0.id)") } ?? .null),
            ("now", difference.new.map { .text("\($0.id)") } ?? .null),
        ])
    }
}
