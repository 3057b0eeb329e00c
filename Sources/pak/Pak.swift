import ArgumentParser
import Glibc
import Terminal

@main
struct Pak: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pak",
        abstract: "Run commands over packages; make packages, layers and environments.",
        discussion: "See pak(1).",
        subcommands: verbs
    )

    private static let verbs: [any ParsableCommand.Type] = [
        Run.self, Shell.self, Taste.self, CaptureVerb.self, Mount.self, Unmount.self,
        Doctor.self, Pack.self, Check.self, Unpack.self, ExportTree.self, List.self,
        Concatenate.self, Status.self, LayerVerbs.self, Import.self, EnvironmentVerbs.self,
        Add.self, Remove.self, Switch.self, Rollback.self, Pin.self, History.self,
        Difference.self, Prefer.self, Block.self, Alias.self, Allow.self, Shine.self,
        Conflicts.self, Shadowed.self, Packages.self, PackageTree.self, Why.self,
        Information.self, Files.self, Owns.self, StoreVerbs.self, Collect.self,
    ]

    /// The verb of that name, if it is one that is parsed by itself.
    ///
    /// The parser looks at every command that it is told of, which takes longer than a small
    /// command does in a view. So a verb that says in its configuration whose verb it is can do
    /// without.
    private static func verb(_ name: String) -> (any ParsableCommand.Type)? {
        verbs.first {
            let configuration = $0.configuration
            return configuration._superCommandName != nil && configuration.commandName == name
        }
    }

    static func main() {
        let words = Array(CommandLine.arguments.dropFirst())
        let usage = checkedUsage(words)
        if let plain = PlainWords(words) {
            MainProgram.run(as: "pak") {
                try plain.run()
            } otherwise: { error in
                Complaint("\(error)").print(as: "pak")
                Glibc.exit(1)
            }
        }
        completeNames(words)
        guard let verb = verb(words.first ?? "") else { runProgram(usage: usage) }
        verb.runProgram(Array(words.dropFirst()), as: "pak", usage: usage)
    }

    /// The status of a line that cannot be read; one whose words are no text ends here, unless
    /// its verb takes bytes.
    private static func checkedUsage(_ words: [String]) -> Int32 {
        // A command's status is its own, and 2 is one that many have.
        let name = words.first ?? ""
        let runs =
            ["run", "shell", "taste", "capture"].contains(name)
            || words.prefix(2) == ["layer", "run"]
        if runs { return ViewRun.ownStatus }
        let usage: Int32 = 2
        if !["ls", "cat", "stat", "---completion"].contains(name) {
            do throws(Complaint) {
                // The path that is asked about may have any name.
                try ArgumentBytes.checkText(butLast: name == "owns" ? 1 : 0, status: usage)
            } catch {
                error.print(as: "pak")
                Glibc.exit(usage)
            }
        }
        return usage
    }
}

extension Pak {
    /// Answers a shell that asks for names, and ends.
    ///
    /// The parser of the one verb does it: that of all of them takes longer to make than somebody
    /// who types waits.
    private static func completeNames(_ words: [String]) {
        guard words.first == "---completion", let name = words.dropFirst().first,
            let verb = verbs.first(where: { $0._commandName == name })
        else { return }
        do {
            _ = try verb.parseAsRoot(["---completion"] + words.dropFirst(2))
        } catch {
            verb.exit(withError: error)
        }
    }
}

/// How a command prints.
struct OutputOptions: ParsableArguments {
    @Flag(name: .long, help: "Print an object (JSON), or one a line where there may be many.")
    var json = false
}

/// How a command that may take long tells how far it is.
struct ProgressOptions: ParsableArguments {
    @Flag(name: [.short, .long], help: "Print results alone.")
    var quiet = false

    @Option(
        name: .customLong("progress-fd"),
        help: ArgumentHelp("Write lines 'got total name' there, in bytes.", valueName: "n")
    )
    var progressDescriptor: Int32?

    func validate() throws {
        guard let number = progressDescriptor else { return }
        guard Stream(descriptor: number).isWritable else {
            throw ValidationError("--progress-fd \(number): not open for writing")
        }
    }

    /// The meter that was asked for.
    var meter: ProgressMeter {
        ProgressMeter(
            lines: progressDescriptor.map { Stream(descriptor: $0) },
            bar: quiet ? nil : .standardError
        )
    }

    /// Prints a line for people.
    func remark(_ text: String) {
        if !quiet { Stream.standardError.write("pak: \(Visible.text(text))\n") }
    }
}
