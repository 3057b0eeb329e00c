import ArgumentParser
import Terminal

/// `pak run`: a command in a view of packages.
struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        _superCommandName: "pak",
        abstract: "Run a command that sees packages over the host's files."
    )

    @OptionGroup var view: ViewArguments

    @Argument(
        parsing: .captureForPassthrough,
        help: "The command and its arguments; -- may stand in front."
    )
    var command: [String] = []

    func validate() throws { try PassedWords.check(command, Self.self) }

    func run() throws {
        let words = try PassedWords.command(command, "pak run -p PACKAGE -- COMMAND")
        try ViewRun.runToEnd(view, words)
    }
}

/// Words that are passed on as they are, of which the parser looks at none.
enum PassedWords {
    /// Refuses an option that is none of ours in front of them, and answers one for help.
    static func check(_ words: [String], _ command: any ParsableCommand.Type) throws {
        guard let first = words.first, first.utf8.starts(with: "-".utf8), first != "--" else {
            return
        }
        if ["-h", "--help"].contains(first) { throw CleanExit.helpRequest(command) }
        throw ValidationError("Unknown option '\(first)'")
    }

    /// The command that they are, of at least one word; `example` shows how to name one.
    static func command(_ words: [String], _ example: String) throws(Complaint) -> [[UInt8]] {
        let words = words.first == "--" ? words.dropFirst() : words[...]
        guard !words.isEmpty else {
            throw Complaint("no command", try: example, status: ViewRun.ownStatus)
        }
        return try bytes(words.count)
    }

    /// The last words of the command line; those in front of them are ours to read.
    static func bytes(_ count: Int) throws(Complaint) -> [[UInt8]] {
        try ArgumentBytes.checkText(butLast: count, status: ViewRun.ownStatus)
        return ArgumentBytes.last(count)
    }
}

/// `pak shell`: a shell in a view of packages.
struct Shell: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shell",
        _superCommandName: "pak",
        abstract: "Run a shell that sees packages over the host's files."
    )

    @OptionGroup var view: ViewArguments

    func run() throws {
        _ = try PassedWords.bytes(0)
        try ViewRun.runToEnd(view, ViewRun.shell)
    }
}

/// `pak taste`: a command, or a shell, in a view of packages that are named in front of it.
struct Taste: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "taste",
        _superCommandName: "pak",
        abstract: "Try packages: run a shell, or a command, that sees them."
    )

    @OptionGroup var view: ViewArguments

    @Argument(
        parsing: .captureForPassthrough,
        help: "More packages; then -- and a command, if it is not to be a shell.",
        completion: StoredNames.packagesAndFiles
    )
    var words: [String] = []

    func validate() throws { try PassedWords.check(words, Self.self) }

    func run() throws {
        var view = view
        let parts = words.split(separator: "--", maxSplits: 1, omittingEmptySubsequences: false)
        view.trees.packages.package += parts.first ?? []
        let command = try PassedWords.bytes(parts.count == 2 ? parts[1].count : 0)
        try ViewRun.runToEnd(view, command.isEmpty ? ViewRun.shell : command, usual: false)
    }
}
