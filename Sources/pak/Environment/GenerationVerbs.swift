import ArgumentParser
import Environments
import FileTree
import Store
import Terminal

/// `pak switch`.
struct Switch: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a generation that there was current."
    )

    @OptionGroup var printing: OutputOptions
    @OptionGroup var options: ChangeOptions

    @Argument(help: "Its number.")
    var number: Int

    func run() throws {
        try options.waiting.retrying {
            if let served = try options.served() {
                return try served.make(["gen \(number)"], printing)
            }
            try Self.run(printing, options.local, to: number)
        }
    }

    /// More packages than these are not opened before they are switched to.
    private static let mostOpened = 64

    /// Makes the generation of that number current.
    static func run(
        _ printing: some Printing,
        _ options: some EnvironmentChoice,
        to number: Int
    ) throws {
        try run(printing, options, "switch") { environment, state throws(FileError) in
            try environment.step(to: number, from: state)
        }
    }

    /// Makes the generation current that `choose` picks.
    static func run(
        _ printing: some Printing,
        _ options: some EnvironmentChoice,
        _ word: String,
        _ choose: (NamedEnvironment, NamedEnvironment.State) throws(FileError) -> GenerationStep
    ) throws {
        let (environment, finder) = try options.writable()
        do throws(FileError) {
            let state = try environment.state()
            let old = state.current
            let step = try choose(environment, state)
            guard step.number != old else {
                let object = JSON.change(environment.name, new: old, old: old, step.hash, [])
                return printing.show(object, or: "Generation \(old), as it was\n")
            }
            // What is in both is there, as far as anybody knows; of much that came a part is opened.
            let opener = StoredPackages(finder)
            for package in step.needed.prefix(Self.mostOpened) {
                do throws(FileError) { _ = try opener.package(package) } catch {
                    let word = "package \(package.name) \(package.version)"
                    throw error.context?.hasPrefix(word) == true ? error : error.at(word)
                }
            }
            for package in step.needed.dropFirst(Self.mostOpened) {
                _ = try finder.path(of: package)
            }
            try environment.note(word, step, over: state)
            if let damage = step.damage {
                let text = "environment \(environment.name): \(damage)"
                Complaint("\(text): what came and went is not known").print(as: "pak")
            }
            EnvironmentEdit.tell(
                printing,
                environment.name,
                (step.number, step.hash),
                old: old,
                step.differences
            )
        } catch {
            let status: Int32 = error.kind == .busy ? WaitOptions.busy : 1
            let isPackage = error.context?.utf8.starts(with: "package ".utf8) == true
            let cure: String? =
                if isPackage {
                    "pak import the package again"
                } else if [.notFound, .malformed].contains(error.kind) {
                    options.command("history")
                } else {
                    nil
                }
            throw Complaint(
                error,
                in: environment.store,
                options: options.stores.words,
                try: cure,
                status: status
            )
        }
    }
}

/// `pak rollback`.
struct Rollback: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make the generation current that the current one was made of."
    )

    @OptionGroup var printing: OutputOptions
    @OptionGroup var options: ChangeOptions

    @Argument(help: "How many generations to go back.")
    var steps: Int = 1

    func validate() throws {
        guard steps >= 1 else { throw ValidationError("steps to go back: 1 or more") }
    }

    func run() throws {
        try options.waiting.retrying {
            if let served = try options.served() {
                return try served.make(["rollback \(steps)"], printing)
            }
            try Self.run(printing, options.local, steps)
        }
    }

    /// Goes back so many generations.
    static func run(
        _ printing: some Printing,
        _ options: some EnvironmentChoice,
        _ steps: Int
    ) throws {
        try Switch.run(printing, options, "rollback") { environment, state throws(FileError) in
            try environment.step(back: steps, from: state)
        }
    }
}

/// `pak pin`.
struct Pin: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Keep a generation whatever is collected."
    )

    @Flag(help: "Keep it no longer.")
    var not = false

    @OptionGroup var options: ChangeOptions

    @Argument(help: "Its number.")
    var number: Int

    func run() throws { try options.waiting.retrying(note) }

    private func note() throws {
        if let served = try options.served() {
            return try served.say((not ? "not " : "") + "pin \(number)")
        }
        let (environment, _) = try options.local.writable()
        do throws(FileError) {
            try environment.pin(number, !not)
        } catch {
            throw Complaint(
                error,
                in: environment.store,
                options: options.local.stores.words,
                try: error.kind == .notFound ? options.local.command("history") : nil,
                status: error.kind == .busy ? WaitOptions.busy : 1
            )
        }
    }
}

/// `pak history`.
struct History: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List what was done to an environment, the latest last."
    )

    @OptionGroup var printing: OutputOptions
    @OptionGroup var options: EnvironmentOptions

    func run() throws {
        let finder = try options.stores.finder()
        let environment = try options.find(finder)
        var damages: [FileError] = []
        do throws(FileError) {
            let told = try environment.told { damages.append($0) }
            let lines = told.map(\.line)
            let kept = Set(lines.filter(\.makesGeneration).map(\.current))
            let pins = NamedEnvironment.pins(lines)
            for (line, made) in told {
                var command = made ?? line.word
                if line.argument > 0 { command += " \(line.argument)" }
                var marks: [String] = []
                if pins.contains(line.current) { marks.append("pinned") }
                if !kept.contains(line.current) { marks.append("forgotten") }
                if line == lines.last { marks.append("current") }
                printing.show(
                    .object([
                        ("line", .number(Int64(line.line))),
                        ("generation", .number(Int64(line.current))),
                        ("time", .number(line.time)),
                        ("command", .text(command)),
                        ("pinned", .truth(pins.contains(line.current))),
                        ("kept", .truth(kept.contains(line.current))),
                        ("current", .truth(line == lines.last)),
                    ]),
                    or:
                        "\(line.current) \(FileLine.time(Timestamp(seconds: line.time))) \(command)"
                        + (marks.isEmpty ? "" : " (" + marks.joined(separator: ", ") + ")") + "\n"
                )
            }
        } catch {
            throw Complaint("\(error)", try: error.kind == .malformed ? "pak store verify" : nil)
        }
        // What can be read is told first.
        guard let last = damages.popLast() else { return }
        for damage in damages { Complaint("\(damage)").print(as: "pak") }
        throw Complaint("\(last)", try: "pak store verify")
    }
}
