import Archive
package import FileTree
import NinePClient
import Synchronization
import SystemPackage
package import Terminal
package import UnionTree

/// Packages joined to one tree, under a name that clients attach to.
package final class Environment: Sendable {
    /// What clients attach to; empty for the packages of the command line.
    package let name: String
    /// Where its packages come from.
    package let source: EnvironmentSource
    /// The packages as one tree.
    package let tree: UnionTree
    /// What lies below the packages; it says who may attach.
    package let base: (any Tree)?
    /// The root of what lies below the packages.
    package let below: (any Directory)?
    /// What a view of it is called: its state of the stores, and packages besides.
    package let title: [String]
    /// The packages, by name, whose set-id bits are shown.
    private let allowed: Set<String>
    /// The paths of its views that are the real disk.
    package let shines: [ShinePath]
    /// Whether what is seen can never change: no host's directory is among the packages or below.
    package let isFixed: Bool
    /// What the rules settled, in words: it never changes, and takes a merge of all packages.
    package let conflicts = Once<String>()
    private let known = Once<PackageNeeds>()

    /// Which packages need which.
    package var needs: PackageNeeds { known.value { PackageNeeds(of: tree) } }

    /// Whether this user may see it: a base's files are shown to whom its tree would show them.
    package func admits(_ user: User) -> Bool {
        guard let base else { return true }
        do throws(FileError) {
            _ = try base.attach(as: user, to: "")
            return true
        } catch {
            return false
        }
    }

    /// Gives what `options` ask for, and the set-id bits that it allows.
    package func attach(_ options: ViewOptions) throws(FileError) -> Attachment {
        var options = options
        options.allowed = allowed
        return try tree.attach(as: .superuser, options)
    }

    /// Opens and joins packages.
    ///
    /// Throws a complaint of all conflicts at once, or of the package that cannot be read.
    package init(_ source: EnvironmentSource, _ opener: PackageOpener) throws(Complaint) {
        name = source.name
        var packages: [Package] = []
        var rules = source.rules
        var stored = source.stored
        var options = source.options
        do throws(FileError) {
            for path in source.paths {
                let package = try opener.open(path, asLayer: source.rules.mode == .stack)
                packages.append(package)
                stored?.remove(package.name)
            }
            for rule in stored?.text.rules(besides: packages.map(\.name)) ?? [] {
                try rule.add(to: &rules)
                if let option = rule.option { options.append(option) }
            }
            title = (stored?.title ?? []) + packages.map(\.name).sorted()
            packages = try (stored?.packages() ?? []) + packages
        } catch {
            throw Complaint("\(error)", try: stored == nil ? nil : "pak store verify")
        }
        allowed = Set(stored?.text.allowed ?? [])
        shines = stored?.text.shines ?? []
        var known = source
        known.options = options
        self.source = known
        let names = packages.map(\.name)
        if let missing = source.rules.packages.first(where: { !names.contains($0) }) {
            throw Complaint(
                "\(source.optionName) ...\(missing): no such package",
                try: "a rule for one of: \(Set(names).sorted().prefix(20).joined(separator: " "))",
                status: 2
            )
        }
        let lower = try source.base.map { (text) throws(Complaint) in
            try Self.base(text, source.patience)
        }
        base = lower?.tree
        below = lower?.root
        var conflicts: [Conflict] = []
        do throws(FileError) {
            tree = try UnionTree(
                packages: packages,
                rules: rules,
                base: lower?.root,
                environment: source.name,
                cache: stored?.tables ?? opener.tableFolder,
                conflicts: &conflicts
            )
        } catch {
            guard !conflicts.isEmpty else { throw Complaint("\(error)") }
            throw Complaint(conflicts) {
                "\($0): nothing is served"
            } _: {
                Self.wayOut($0, source)
            }
        }
        isFixed = tree.isImmutable && !packages.contains { PackageOpener.isDirectory($0.path) }
    }

    /// Takes a state of an environment of a store, for layers over it; one that is gone with has no
    /// generation in its title.
    package init(_ name: String, _ shown: StoredEnvironment.Shown, isCurrent: Bool = false) {
        self.name = name
        let text = shown.record.text
        source = EnvironmentSource(stored: name, shown.tree.packages.map(\.path), text)
        allowed = Set(text.allowed)
        shines = text.shines
        title = [isCurrent ? name : "\(name)@\(shown.record.number)"]
        tree = shown.tree
        base = nil
        below = nil
        isFixed = true
    }

    /// Opens what is to lie below: another server's tree, or a directory of the host.
    private static func base(
        _ text: String,
        _ patience: Int?
    ) throws(Complaint) -> (tree: any Tree, root: any Directory) {
        let isRemote = RemoteAddress.isMeant(by: text)
        do throws(FileError) {
            if isRemote {
                var options = RemoteBase.Options()
                if let patience { options.patience = patience * 1000 }
                let remote = try RemoteBase(RemoteAddress(text), options)
                return (remote, remote.root)
            }
            let host = try HostTree(FilePath(text))
            return (host, host.root)
        } catch {
            let isNonsense = isRemote && error.kind == .invalid
            throw Complaint("the base \(text)", error, status: isNonsense ? 2 : 1)
        }
    }

    /// A way out as an option, `-o prefer=PATH:NAME` for `prefer PATH NAME`, or as a line of the
    /// file of rules, which an environment with a name of its own has where it is a folder.
    private static func wayOut(_ way: String, _ source: EnvironmentSource) -> String {
        if let file = source.rulesFile { return FolderRules.command(way, file) ?? way }
        let words = way.parts(at: " ")
        guard words.count == 3, ["prefer", "block"].contains(words[0]) else { return way }
        guard source.takesOptions else {
            return "-e \(source.name)=dir:FOLDER, and in FOLDER/rules: \(way)"
        }
        // What parts the two sides is part of neither.
        let sides = words[1...].map { $0.replacing(":", with: "%3A") }
        let option = ShellWord.quoted("\(words[0])=\(sides.joined(separator: ":"))")
        return "\(source.optionName) \(option)"
    }
}

/// What is made when it is first asked for, and kept; for any thread.
package final class Once<Value: Sendable>: Sendable {
    private let known = Mutex<Value?>(nil)

    /// The value; made by `make` unless it is known.
    package func value<E: Error>(_ make: () throws(E) -> Value) throws(E) -> Value {
        if let value = known.withLock({ $0 }) { return value }
        let value = try make()
        known.withLock { $0 = value }
        return value
    }
}
