import Archive
import ArgumentParser
import Environments
import FileTree
import Terminal
import UnionTree

/// Which packages a view is made of, and how they are joined.
struct PackageOptions: ParsableArguments {
    @Option(
        name: [.customShort("e"), .customLong("env")],
        help: ArgumentHelp(
            "An environment of the stores, as it is now or was.",
            valueName: "name[@generation]"
        ),
        completion: StoredNames.environments
    )
    var environment: String?

    @Option(
        name: .shortAndLong,
        parsing: .singleValue,
        help: "A package of the stores, or a file of any form that pakfs takes.",
        completion: StoredNames.packagesAndFiles
    )
    var package: [String] = []

    @Option(
        parsing: .singleValue,
        help: "How the packages are joined: an -o of pakfs."
    )
    var option: [String] = []

    @OptionGroup var stores: StoreOptions

    /// Whether nothing is named.
    var isEmpty: Bool { environment == nil && package.isEmpty }

    /// Opens and joins them over `base`, a directory of the host or a server.
    ///
    /// When nothing is named it is the environment in use, if there is one and `usual` allows it.
    func environment(over base: String?, usual: Bool = false) throws(Complaint) -> Environment {
        var rules = UnionRules()
        for option in option { try rules.take(option: option) }
        var source = try named(base, usual: usual)
        source.storeOptions = stores.words
        source.rules = rules
        source.options += option
        source.optionName = "--option"
        if rules.mode == .stack, source.stored != nil {
            throw Complaint(
                "--option stack: packages of stores are in no order",
                try: "-p FILE, the lowest first",
                status: 2
            )
        }
        return try Environment(source, PackageOpener())
    }

    /// The environment that is named, or in use, to be gone with; nil where what is named stays
    /// what it is: a generation, or packages.
    func live(usual: Bool = true) throws(Complaint) -> StoredEnvironment? {
        guard package.isEmpty, option.isEmpty, environment?.contains("@") != true,
            usual || environment != nil, let selection = try state()
        else { return nil }
        let finder = try stores.finder()
        do throws(FileError) { return try StoredEnvironment(selection.name, finder) } catch {
            throw Complaint("\(error)", try: "pak store verify")
        }
    }

    /// What the words name: packages of the stores first, then paths.
    private func named(_ base: String?, usual: Bool) throws(Complaint) -> EnvironmentSource {
        var selection: StoredSelection?
        if environment != nil || isEmpty && usual {
            selection = try state()
        } else if !package.allSatisfy(Self.isFile) {
            selection = try stores.finderIfAny().map { StoredSelection($0) }
        }
        var paths: [String] = []
        for word in package {
            let isStored: Bool
            do throws(FileError) {
                isStored = Self.isFile(word) ? false : try selection?.add(word) ?? false
            } catch {
                throw Complaint("-p \(error)")
            }
            guard !isStored else { continue }
            guard HostNames.kind(word) != nil || word.contains("/") else {
                throw Complaint(
                    "-p \(word): no package of the stores, and no file",
                    try: "pak list --all, or -p ./FILE"
                )
            }
            paths.append(word)
        }
        guard let selection, selection.generation != nil || paths.count < package.count else {
            return EnvironmentSource(packages: paths, rules: UnionRules(), base: base)
        }
        return EnvironmentSource(selection, paths: paths, base: base)
    }

    /// Whether a word can be nothing but a file, for which no store is asked: it says so, or there
    /// is one whose name ends as archives' do.
    private static func isFile(_ word: String) -> Bool {
        word.contains("/") || ArchiveFileName.isOne(word) && HostNames.kind(word) != nil
    }

    /// The state of the environment that is named, or in use; nil where none is.
    private func state() throws(Complaint) -> StoredSelection? {
        guard let words = environment else {
            guard let finder = try stores.finderIfAny() else { return nil }
            do throws(FileError) { return try StoredSelection(finder, state: "") } catch {
                // One that was chosen and is gone is told; that nobody made one is no fault.
                let isUsual = (try? finder.chosen()) == EnvironmentFinder.usual
                if error.kind == .notFound, isUsual { return nil }
                let isLost = error.kind == .notFound
                throw Complaint("\(error)", try: isLost ? "pak env use NAME" : history(of: nil))
            }
        }
        let finder = try stores.finder()
        do throws(FileError) { return try StoredSelection(finder, state: words) } catch {
            throw Complaint(
                "-e \(error)",
                try: words.contains("@") || error.kind == .malformed
                    ? history(of: String(words.prefix { $0 != "@" })) : "pak env list",
                status: error.kind == .invalid ? 2 : 1
            )
        }
    }

    /// The command that tells which generations there are.
    private func history(of environment: String?) -> String {
        PlainWords.Place(environment: environment, store: stores.store, root: stores.root)
            .command("history")
    }
}
