import Archive
import ArgumentParser
import Environments
import FileTree
import Store
import SystemPackage
import Terminal
import UnionTree

/// `pak list`: what an environment holds.
struct Packages: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the packages of an environment, or of the stores."
    )

    @Flag(help: "All packages of the stores.")
    var all = false

    @OptionGroup var printing: OutputOptions
    @OptionGroup var options: EnvironmentOptions

    func run() throws {
        let packages: [StoredPackage]
        if all {
            let finder = try options.stores.finder()
            do throws(FileError) { packages = try finder.packages() } catch {
                throw Complaint("\(error)")
            }
        } else {
            packages = try options.current().record.text.packages
        }
        for package in packages.sorted() {
            printing.show(
                JSON.package(package),
                or: "\("\(package.id)".prefix(16)) \(package.name) \(package.version)\n"
            )
        }
    }
}

/// `pak tree`: what an environment's packages need of each other.
struct PackageTree: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tree",
        abstract: "Show the packages of an environment below those that need them."
    )

    @OptionGroup var printing: OutputOptions
    @OptionGroup var options: EnvironmentOptions

    func run() throws {
        let current = try options.current()
        let needs = try Needs(current)
        var shown: Set<String> = []
        let asked = current.record.roots.sorted()
        let rest = current.record.text.packages.map(\.name).sorted()
        for name in asked + rest where !shown.contains(name) {
            show(name, needs, depth: 0, &shown)
        }
    }

    private func show(_ name: String, _ needs: Needs, depth: Int, _ shown: inout Set<String>) {
        guard let package = needs.package(name) else { return }
        let isFirst = shown.insert(name).inserted
        let below = needs.needed(by: name)
        printing.show(
            JSON.package(
                package,
                [
                    ("depth", .number(Int64(depth))),
                    ("needs", .list(below.map { .text($0) })),
                ]
            ),
            or: String(repeating: "    ", count: depth) + "\(name) \(package.version)"
                + (isFirst || below.isEmpty ? "" : " ...") + "\n"
        )
        guard isFirst, depth < 64 else { return }
        for other in below { show(other, needs, depth: depth + 1, &shown) }
    }
}

/// `pak why`: how a package came into an environment.
struct Why: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell why a package is in an environment."
    )

    @OptionGroup var printing: OutputOptions
    @OptionGroup var options: EnvironmentOptions

    @Argument(help: "The package.", completion: StoredNames.members)
    var name: String

    func run() throws {
        let current = try options.current()
        guard let package = current.record.text.package(name) else {
            throw Complaint(
                "\(name): not in environment \(current.name)",
                try: options.command("list")
            )
        }
        let first: (number: Int, command: String)
        do throws(FileError) {
            first = try current.environment.origin(of: package, in: current.state)
        } catch {
            throw Complaint("\(error)")
        }
        let isAsked = current.record.roots.contains(name)
        let needs = try Needs(current)
        let users = current.record.text.packages.map(\.name).filter {
            needs.needed(by: $0).contains(name)
        }
        var lines = [
            "\(name) \(package.version): since generation \(first.number): \(first.command)"
        ]
        if isAsked { lines.append("asked for") }
        lines += users.sorted().map { "needed by \($0)" }
        printing.show(
            JSON.package(
                package,
                [
                    ("generation", .number(Int64(first.number))),
                    ("command", .text(first.command)),
                    ("asked", .truth(isAsked)),
                    ("needed-by", .list(users.sorted().map { .text($0) })),
                ]
            ),
            or: lines.map { $0 + "\n" }.joined()
        )
    }
}

/// Which packages of an environment need which others, as their manifests say.
struct Needs {
    private let packages: [String: StoredPackage]
    private let needs: PackageNeeds

    init(_ current: CurrentEnvironment) throws(Complaint) {
        let opener = StoredPackages(current.finder)
        let text = current.record.text
        packages = Dictionary(uniqueKeysWithValues: text.packages.map { ($0.name, $0) })
        do throws(FileError) {
            needs = PackageNeeds(
                try text.packages.map { (stored) throws(FileError) in
                    (stored.name, try opener.package(stored).manifest)
                }
            )
        } catch {
            throw Complaint("\(error)")
        }
    }

    func package(_ name: String) -> StoredPackage? { packages[name] }
    func needed(by name: String) -> [String] { needs.needed(by: name) }
}

/// `pak info`: what a package says of itself.
struct Information: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Print what a package says of itself."
    )

    @OptionGroup var printing: OutputOptions
    @OptionGroup var options: EnvironmentOptions

    @Argument(help: "A name or a content id.", completion: StoredNames.packages)
    var package: String

    func run() throws {
        let (stored, opened) = try options.package(package)
        let index = opened.index
        let lines = opened.manifest.lines.map {
            "\($0.key) \(String(decoding: $0.text, as: UTF8.self))"
        }
        printing.show(
            JSON.package(
                stored,
                [
                    ("entries", .number(Int64(index.entryCount - 1))),
                    ("path", .text(opened.path)),
                    ("manifest", .list(lines.map { .text($0) })),
                ]
            ),
            or: (["id \(stored.id)", "path \(opened.path)", "entries \(index.entryCount - 1)"]
                + lines).map { $0 + "\n" }.joined()
        )
    }
}

/// `pak files`: the paths of a package.
struct Files: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the paths of a package.")

    @OptionGroup var printing: OutputOptions
    @OptionGroup var options: EnvironmentOptions

    @Argument(help: "A name or a content id.", completion: StoredNames.packages)
    var package: String

    func run() throws {
        let index = try options.package(package).1.index
        var bytes: [UInt8] = []
        // Entries are by directory: their paths are sorted as a whole.
        let paths = (1..<UInt32(index.entryCount)).map { index.path($0) }
            .sorted { $0.lexicographicallyPrecedes($1) }
        for path in paths {
            if printing.json {
                bytes += Array(JSON.object([JSON.name(path)]).line.utf8)
            } else {
                bytes += [UInt8(ascii: "/")] + path
            }
            bytes.append(UInt8(ascii: "\n"))
        }
        try bytes.withUnsafeBytes { try Stream.standardOutput.write($0) }
    }
}

/// `pak conflicts`: what answers have settled.
struct Conflicts: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List what packages of an environment disagree in, and a rule has settled."
    )

    @OptionGroup var printing: OutputOptions
    @OptionGroup var options: EnvironmentOptions

    func run() throws {
        let tree = try options.current().tree()
        do throws(FileError) {
            for conflict in try tree.conflicts() {
                let sides = conflict.sides.map { side in
                    JSON.object(
                        [
                            ("package", .text(side.package)), ("id", .text("\(side.id)")),
                            ("type", .text(side.type)), ("size", .size(side.size)),
                        ] + (side.hash.map { [("hash", .text("\($0)"))] } ?? [])
                    )
                }
                printing.show(
                    .object([
                        JSON.name(conflict.path.bytes), ("kind", .text(conflict.kind.rawValue)),
                        ("sides", .list(sides)),
                    ]),
                    // Behind it are the ways out, of which one was taken.
                    or: "\(conflict)".parts(at: "\n").dropLast().map { $0 + "\n" }.joined()
                )
            }
        } catch {
            throw Complaint("\(error)")
        }
    }
}

/// `pak shadowed`: what packages hide of the host, and the disk of packages.
struct Shadowed: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List what packages of an environment hide of the host, and the disk of packages."
    )

    @Option(
        help: ArgumentHelp("What lies below them.", valueName: "dir"),
        completion: .directory
    )
    var base = "/"

    @OptionGroup var printing: OutputOptions
    @OptionGroup var options: EnvironmentOptions

    func run() throws {
        let current = try options.current()
        let shines = current.record.text.shines
        let tree = try current.tree(over: base)
        let bare = try shines.isEmpty ? nil : current.tree()
        do throws(FileError) {
            for shadow in try tree.shadowed() {
                printing.show(
                    .object([
                        JSON.name(shadow.path.bytes),
                        ("package", shadow.package.map { .text($0) } ?? .null),
                        ("shine", .truth(false)),
                    ]),
                    or: "\(shadow.path) \(shadow.package ?? "-")\n"
                )
            }
            for hidden in try bare?.hidden(by: shines) ?? [] {
                printing.show(
                    .object([
                        JSON.name(hidden.path.bytes), ("package", .text(hidden.package)),
                        ("shine", .truth(true)),
                    ]),
                    or: "\(hidden.path) \(hidden.package) (shine)\n"
                )
            }
        } catch {
            throw Complaint("\(error)")
        }
    }
}

extension CurrentEnvironment {
    /// Its packages as one tree, over a directory of the host or nothing.
    func tree(over base: String? = nil) throws(Complaint) -> UnionTree {
        var conflicts: [Conflict] = []
        do throws(FileError) {
            let host = try base.map { (path) throws(FileError) in try HostTree(FilePath(path)).root
            }
            return try StoredPackages(finder).tree(
                of: record.text,
                named: name,
                base: host,
                &conflicts
            )
        } catch {
            throw Complaint("\(error)")
        }
    }
}

extension EnvironmentOptions {
    /// A package by name or id: the environment's, else the one of the stores.
    func package(_ words: String) throws(Complaint) -> (StoredPackage, Package) {
        let finder = try stores.finder()
        do throws(FileError) {
            let spec = try PackageSpec(words)
            var found: StoredPackage?
            do throws(FileError) {
                var name = environment ?? ""
                if name.isEmpty { name = try finder.chosen() }
                let named = try finder.environment(name)
                let text = try named.current().record.text
                found = text.packages.first(where: spec.matches)
            } catch {
                // No environment yet is no reason to know nothing of the store.
                guard error.kind == .notFound, environment == nil else { throw error }
            }
            let stored: StoredPackage
            if let found {
                stored = found
            } else {
                stored = try spec.choose(finder.packages(), words)
            }
            return (stored, try StoredPackages(finder).package(stored))
        } catch {
            throw Complaint(
                "\(error)",
                try: error.kind == .notFound ? "pak list --all" : nil,
                status: error.kind == .invalid ? 2 : 1
            )
        }
    }
}
