import Archive
import ArgumentParser
import Environments
import FileTree
import Store
import Terminal

/// Which stores a command reads and writes.
struct StoreOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The store to write; the usual one without.", valueName: "folder"),
        completion: .directory
    )
    var store: String?

    @Option(
        help: ArgumentHelp("Use the stores of the system below that directory.", valueName: "dir"),
        completion: .directory
    )
    var root: String?

    // Nothing is ever fetched from elsewhere: it is as one who says so wants it.
    @Flag(help: .hidden)
    var offline = false
}

/// Which stores are meant.
protocol StoreChoice {
    /// The one to write; nil for the usual one.
    var store: String? { get }
    /// Where the stores of the system are; nil for the usual place.
    var root: String? { get }
}

extension StoreOptions: StoreChoice {}

extension StoreChoice {
    private static var otherStore: String { "pak --store FOLDER, or PAK_STORE" }

    /// The cure where the user's own store cannot be reached.
    private static func cure(for error: FileError) -> String? {
        [.permission, .notDirectory].contains(error.kind) ? otherStore : nil
    }

    /// What says the same on a command line.
    var words: [String] {
        (store.map { ["--store", $0] } ?? []) + (root.map { ["--root", $0] } ?? [])
    }

    /// The folders of the stores.
    func stack() throws(Complaint) -> StoreStack {
        do throws(FileError) { return try StoreStack(store: store, root: root) } catch {
            throw Complaint("\(error)", try: Self.otherStore)
        }
    }

    /// Finds what is in them.
    func finder() throws(Complaint) -> EnvironmentFinder {
        let stack = try stack()
        do throws(FileError) { return try EnvironmentFinder(stack) } catch {
            throw Complaint("\(error)", try: Self.cure(for: error))
        }
    }

    /// Finds what is in them; nil for a user who has none.
    func finderIfAny() throws(Complaint) -> EnvironmentFinder? {
        do throws(FileError) {
            return try EnvironmentFinder(StoreStack(store: store, root: root))
        } catch {
            if error.kind == .notFound { return nil }
            throw Complaint("\(error)", try: Self.cure(for: error))
        }
    }

    /// The same, and makes the store that is written when it is missing.
    func writer() throws(Complaint) -> (store: Store, finder: EnvironmentFinder) {
        let stack = try stack()
        do throws(FileError) {
            let store = try stack.written()
            let lower = try EnvironmentFinder(stack).stores.dropFirst()
            return (store, EnvironmentFinder(stores: [store] + lower))
        } catch {
            let cure =
                [.readOnly, .permission].contains(error.kind)
                ? "pak --store FOLDER, which you may write" : nil
            throw Complaint("\(error)", try: cure)
        }
    }
}

/// Which environment a command is about.
struct EnvironmentOptions: ParsableArguments {
    @Option(
        name: [.customShort("e"), .customLong("env")],
        help: ArgumentHelp("The environment; the one in use without.", valueName: "name"),
        completion: StoredNames.environments
    )
    var environment: String?

    @OptionGroup var stores: StoreOptions
}

/// Which environment is meant, and in which stores.
protocol EnvironmentChoice {
    associatedtype Stores: StoreChoice
    /// Its name; nil for the one in use.
    var environment: String? { get }
    /// The stores.
    var stores: Stores { get }
}

extension EnvironmentOptions: EnvironmentChoice {}

extension EnvironmentChoice {
    /// The name of the environment.
    func name(_ finder: EnvironmentFinder) throws(Complaint) -> String {
        if let environment { return environment }
        do throws(FileError) { return try finder.chosen() } catch { throw Complaint("\(error)") }
    }

    /// A command about the same environment, for who is told to type one.
    func command(_ word: String) -> String {
        line([word] + (environment.map { ["-e", $0] } ?? []))
    }

    /// The command that shows it.
    var show: String { line(["env", "show"] + (environment.map { [$0] } ?? [])) }

    private func line(_ words: [String]) -> String {
        (["pak"] + words + stores.words).map { ShellWord.quoted($0) }.inRow(" ")
    }

    /// The environment, to be read.
    func find(_ finder: EnvironmentFinder) throws(Complaint) -> NamedEnvironment {
        let name = try name(finder)
        do throws(FileError) { return try finder.environment(name) } catch {
            let mayBe = PackageName.isLegal(name)
            let cure: String? =
                switch error.kind {
                case .notFound: mayBe ? "pak env create \(name)" : "pak env list"
                case .malformed: finder.stores.first.flatMap { Self.lostLog(name, in: $0) }
                default: nil
                }
            throw Complaint("\(error)", try: cure)
        }
    }

    /// The environment and what is current of it.
    func current() throws(Complaint) -> CurrentEnvironment {
        let finder = try stores.finder()
        let environment = try find(finder)
        return try CurrentEnvironment(environment, finder, stores.words)
    }

    /// The environment in the store that is written.
    func writable() throws(Complaint) -> (NamedEnvironment, EnvironmentFinder) {
        let (store, finder) = try stores.writer()
        let name = try name(finder)
        if let found = try Self.find(name, in: store) { return (found, finder) }
        throw Self.complaint(name, finder)
    }

    /// Begins a change of the environment in the store that is written; the one of those who name
    /// none is made with it when it is missing.
    func change() throws(Complaint) -> EnvironmentChange {
        let (store, finder) = try stores.writer()
        let name = try name(finder)
        let found = try Self.find(name, in: store)
        guard found != nil || name == EnvironmentFinder.usual else {
            throw Self.complaint(name, finder)
        }
        do throws(FileError) {
            var change =
                if let found {
                    try EnvironmentChange(found, finder)
                } else {
                    try EnvironmentChange(making: name, in: store, finder)
                }
            change.storeOptions = stores.words
            return change
        } catch {
            throw Complaint(error, in: store, options: stores.words)
        }
    }

    /// The environment of that name in a store; nil where it has none.
    private static func find(
        _ name: String,
        in store: Store
    ) throws(Complaint) -> NamedEnvironment? {
        do throws(FileError) {
            let environment = try NamedEnvironment(name, in: store)
            _ = try environment.state()
            return environment
        } catch {
            if error.kind == .notFound { return nil }
            let cure = error.kind == .malformed ? lostLog(name, in: store) : nil
            throw Complaint("\(error)", try: cure)
        }
    }

    /// What helps where no line of a log is whole: there is no generation to go to, but what it
    /// says may be read by people.
    private static func lostLog(_ name: String, in store: Store) -> String? {
        let log = "\(store.path)/\(Store.environmentsName)/\(name)/log"
        guard TextFile.exists(log) else { return nil }
        return "cp \(ShellWord.quoted(log)) \(name).log && pak env delete \(name)"
    }

    /// Why there is nothing to be written.
    private static func complaint(_ name: String, _ finder: EnvironmentFinder) -> Complaint {
        do throws(FileError) {
            let below = try finder.environment(name)
            let why = FileError(
                .readOnly,
                "environment \(name) is in the store \(below.store.path)"
            )
            return Complaint("\(why)", try: "pak env create ANOTHER --like \(name)")
        } catch {
            return Complaint(
                "\(error)",
                try: error.kind == .notFound ? "pak env create \(name)" : nil
            )
        }
    }
}

/// An environment as it is now.
struct CurrentEnvironment {
    var finder: EnvironmentFinder
    var environment: NamedEnvironment
    var state: NamedEnvironment.State
    var record: GenerationRecord

    /// The name of the environment.
    var name: String { environment.name }

    /// Reads what is current; `options` are those that say which stores.
    init(
        _ environment: NamedEnvironment,
        _ finder: EnvironmentFinder,
        _ options: [String]
    ) throws(Complaint) {
        self.finder = finder
        self.environment = environment
        do throws(FileError) {
            (state, record) = try environment.current()
        } catch {
            throw Complaint(error, in: environment.store, options: options)
        }
    }
}
