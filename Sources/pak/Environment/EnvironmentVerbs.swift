import Archive
import ArgumentParser
import Environments
import FileTree
import Store
import Terminal

/// `pak env`: environments as a whole.
struct EnvironmentVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "env",
        abstract: "Make, list, show and delete environments.",
        subcommands: [
            CreateEnvironment.self, ListEnvironments.self, ShowEnvironment.self,
            DeleteEnvironment.self, UseEnvironment.self,
        ]
    )

    // What the same is called elsewhere.
    @Flag(help: .hidden)
    var list = false

    @OptionGroup(visibility: .hidden) var printing: OutputOptions
    @OptionGroup(visibility: .hidden) var stores: StoreOptions

    func run() throws {
        guard list else { throw CleanExit.helpRequest(self) }
        try ListEnvironments.run(printing, stores)
    }
}

/// `pak env create`.
struct CreateEnvironment: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make an environment."
    )

    @OptionGroup var printing: OutputOptions

    @Option(
        help: ArgumentHelp("Begin with what another one holds now.", valueName: "name"),
        completion: StoredNames.environments
    )
    var like: String?

    @OptionGroup var stores: StoreOptions
    @OptionGroup var waiting: WaitOptions

    @Argument(help: "Its name.")
    var name: String

    func run() throws { try waiting.retrying(create) }

    private func create() throws {
        let (store, finder) = try stores.writer()
        do throws(FileError) {
            var text = EnvironmentText()
            let made: NamedEnvironment
            if let like {
                let other = try finder.environment(like)
                let like = try finder.make(name, like: other, in: store)
                (made, text) = (like.environment, like.record.text)
            } else {
                made = try NamedEnvironment(making: name, in: store)
            }
            let state = try made.state()
            printing.show(JSON.environment(made, state, text), or: "\(name)\n")
        } catch {
            let status: Int32 =
                switch error.kind {
                case .busy: WaitOptions.busy
                case .invalid: 2
                default: 1
                }
            throw Complaint(error, in: store, status: status)
        }
    }
}

/// `pak env list`.
struct ListEnvironments: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List environments."
    )

    @OptionGroup var printing: OutputOptions
    @OptionGroup var stores: StoreOptions

    func run() throws { try Self.run(printing, stores) }

    static func run(_ printing: OutputOptions, _ stores: StoreOptions) throws {
        let finder = try stores.finder()
        var damaged = 0
        do throws(FileError) {
            let chosen = try finder.chosen()
            for found in try finder.environments() {
                let now: (NamedEnvironment, NamedEnvironment.State, EnvironmentText)?
                do throws(FileError) {
                    now = try NamedEnvironment.ifThere(found.name, in: found.store) {
                        it throws(FileError) in
                        let (state, record) = try it.current()
                        return (it, state, record.text)
                    }
                } catch {
                    // The others are as good as before.
                    damaged += 1
                    Complaint("\(error)").print(as: "pak")
                    continue
                }
                guard let (environment, state, text) = now else { continue }
                let mark = environment.name == chosen ? "*" : " "
                let count = "\(text.packages.count) packages"
                printing.show(
                    JSON.environment(environment, state, text),
                    or: "\(mark) \(environment.name) generation \(state.current), \(count), "
                        + "\(environment.store.path)\n"
                )
            }
        } catch {
            throw Complaint("\(error)")
        }
        guard damaged == 0 else {
            throw Complaint(
                "\(damaged) cannot be read",
                try: "pak store verify"
            )
        }
    }
}

/// `pak env show`.
struct ShowEnvironment: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print what an environment is: its packages and rules."
    )

    @OptionGroup var printing: OutputOptions
    @OptionGroup var stores: StoreOptions

    @Argument(help: "Its name; the one in use without.", completion: StoredNames.environments)
    var name: String?

    func run() throws {
        var options = EnvironmentOptions()
        options.environment = name
        options.stores = stores
        let current = try options.current()
        guard !printing.json else {
            let text = current.record.text
            return printing.show(JSON.environment(current.environment, current.state, text), or: "")
        }
        var lines = [
            "environment \(current.name)", "generation \(current.state.current)",
            "hash \(current.record.text.hash)",
        ]
        lines += current.record.roots.sorted().map { "root \($0)" }
        lines += current.record.text.lines
        Stream.standardOutput.write(lines.map { $0 + "\n" }.joined())
    }
}

/// `pak env delete`.
struct DeleteEnvironment: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete an environment with all its generations."
    )

    @OptionGroup var stores: StoreOptions
    @OptionGroup var waiting: WaitOptions

    @Argument(help: "Its name.", completion: StoredNames.environments)
    var name: String

    func run() throws { try waiting.retrying(delete) }

    private func delete() throws {
        let (store, finder) = try stores.writer()
        do throws(FileError) {
            let environment = try NamedEnvironment(name, in: store)
            do throws(FileError) { _ = try environment.state() } catch {
                // One that is damaged can be deleted as well.
                guard error.kind == .malformed else { throw error }
            }
            try environment.delete()
        } catch {
            if error.kind == .notFound { try complainOfOther(finder) }
            let status = error.kind == .busy ? WaitOptions.busy : 1
            let cure = error.kind == .notFound ? "pak env list" : nil
            throw Complaint(error, in: store, try: cure, status: status)
        }
    }

    /// Complains of an environment that another store has than the one that is written.
    private func complainOfOther(_ finder: EnvironmentFinder) throws(Complaint) {
        // Where there is none, or none that can be read, the first error is told.
        guard let other = try? finder.environment(name) else { return }
        let place = other.store.path
        throw Complaint(
            FileError(.readOnly, "environment \(name) is in the store \(place)"),
            try: "pak env delete --store '\(place)' \(name), as who may write there"
        )
    }
}

/// `pak env use`.
struct UseEnvironment: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "use",
        abstract: "Make an environment the one that is meant when none is named."
    )

    @OptionGroup var stores: StoreOptions

    @Argument(help: "Its name.", completion: StoredNames.environments)
    var name: String

    func run() throws {
        let (store, finder) = try stores.writer()
        do throws(FileError) {
            _ = try finder.environment(name)
            try EnvironmentFinder.choose(name, in: store)
        } catch {
            let mayBe = error.kind == .notFound && PackageName.isLegal(name)
            throw Complaint(
                error,
                in: store,
                try: mayBe ? "pak env create \(name)" : "pak env list"
            )
        }
    }
}

/// How results are printed.
protocol Printing {
    /// As objects (JSON).
    var json: Bool { get }
}

extension OutputOptions: Printing {}

extension Printing {
    /// Prints an object, or text for people.
    func show(_ object: @autoclosure () -> JSON, or text: @autoclosure () -> String) {
        Stream.standardOutput.write(json ? object().line + "\n" : Visible.lines(text()))
    }
}

extension Visible {
    /// Lines, each made fit for a terminal.
    static func lines(_ text: String) -> String {
        text.parts(at: "\n", omittingEmptySubsequences: false).map { Self.text(String($0)) }
            .inRow("\n")
    }
}

extension JSON {
    /// An environment as it is now.
    static func environment(
        _ environment: NamedEnvironment,
        _ state: NamedEnvironment.State,
        _ text: EnvironmentText
    ) -> JSON {
        .object([
            ("environment", .text(environment.name)),
            ("store", .text(environment.store.path)),
            ("generation", .number(Int64(state.current))),
            ("hash", .text("\(text.hash)")),
            ("packages", .list(text.packages.map { JSON.package($0) })),
            ("rules", .list(text.rules.map { .text($0.line) })),
        ])
    }

    /// A package of a store, and what more there is to say of it.
    static func package(_ package: StoredPackage, _ more: [(String, JSON)] = []) -> JSON {
        .object(
            [
                ("id", .text("\(package.id)")),
                ("name", .text(package.name)),
                ("version", package.version.isEmpty ? .null : .text(package.version)),
            ] + more
        )
    }
}
