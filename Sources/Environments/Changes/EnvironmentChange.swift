package import Archive
package import FileTree
package import Store
package import Terminal
import UnionTree

/// A change of an environment that is put together word by word, checked as a whole, and then
/// made at once, or not at all.
package struct EnvironmentChange {
    /// The name of what is changed.
    package let name: String
    /// The store that is written.
    package let store: Store
    /// The options by which a command finds its stores, for who is told to type one.
    package var storeOptions: [String] = []
    /// What it begins as: the environment itself, or the one in whose place it comes; nil for none.
    private let origin: NamedEnvironment?
    /// Whether the environment is made with the change.
    private let isNew: Bool
    /// What it was made for.
    package let state: NamedEnvironment.State
    /// What is current.
    package let record: GenerationRecord
    /// What the environment is to be.
    package private(set) var text: EnvironmentText
    private var roots: [String]
    private let finder: EnvironmentFinder
    /// What keeps packages that came by this change, until it is made.
    private var leases: [Lease] = []
    /// The packages that were added and only another store has.
    private var below: [StoredPackage] = []
    /// What the stores have, once it was asked for.
    private var known: [String: [StoredPackage]]?
    private var listings = 0

    /// Begins with what is current.
    package init(
        _ environment: NamedEnvironment,
        _ finder: EnvironmentFinder
    ) throws(FileError) {
        name = environment.name
        store = environment.store
        origin = environment
        isNew = false
        self.finder = finder
        (state, record) = try environment.current()
        text = record.text
        roots = record.roots
    }

    /// Begins an environment that `store` does not have: as the one of its name is that another
    /// store has, which it hides, or empty.
    ///
    /// It is made with the change: one that is refused hides nothing.
    package init(
        making name: String,
        in store: Store,
        _ finder: EnvironmentFinder
    ) throws(FileError) {
        self.name = name
        self.store = store
        self.finder = finder
        isNew = true
        let below: NamedEnvironment?
        do throws(FileError) { below = try finder.environment(name) } catch {
            guard error.kind == .notFound else { throw error }
            below = nil
        }
        origin = below
        if let below {
            (state, record) = try below.current()
        } else {
            state = GenerationLine(line: 1, current: 1, last: 1, time: 0, word: "create")
            record = GenerationRecord(number: 1, parent: 0, time: 0, command: "")
        }
        text = record.text
        roots = record.roots
    }

    /// Does what the words of a command ask for: `add SPEC`, `rm NAME`, or a rule, which `not` in
    /// front takes away.
    package mutating func take(
        _ words: [String],
        _ options: ImportOptions = ImportOptions()
    ) throws(FileError) {
        switch words.first {
        case "add" where words.count > 1:
            try add(words.dropFirst(), options)
        case "rm" where words.count > 1:
            var said: Set<String> = []
            for name in words.dropFirst() where said.insert(name).inserted { try remove(name) }
        case "not":
            let rule = try EnvironmentRule(words: Array(words.dropFirst()))
            guard text.remove(rule) else {
                throw FileError(.notFound, "\(name) has no rule \(rule.line)")
            }
        default: try text.add(EnvironmentRule(words: words))
        }
    }

    private mutating func add(
        _ words: ArraySlice<String>,
        _ options: ImportOptions
    ) throws(FileError) {
        var packages: [StoredPackage] = []
        var found: [StoredPackage] = []
        for word in words {
            let spec = try PackageSpec(word)
            if case .file(let path) = spec {
                let imported = try store.add(path, options)
                leases.append(imported.lease)
                packages.append(imported.package)
                known = nil
            } else {
                found.append(try spec.choose(candidates(spec), word))
                packages.append(found[found.count - 1])
            }
        }
        // Which of two would be had is not to hang on the order of the words.
        for (name, same) in Dictionary(grouping: packages, by: \.name)
        where Set(same.map(\.id)).count > 1 {
            throw FileError(.invalid, "\(name): \(same.count) packages of that name at once")
        }
        // Held first and looked at then: from there on nobody removes them.
        var own: [StoredPackage] = []
        for package in found {
            if try store.has(package) { own.append(package) } else { below.append(package) }
        }
        if !own.isEmpty { leases.append(try store.lease(own)) }
        for package in found { _ = try finder.path(of: package) }
        for package in packages { text.add(package) }
        if packages.count < 8 {
            for package in packages where !roots.contains(package.name) {
                roots.append(package.name)
            }
        } else {
            roots = Set(roots).union(packages.map(\.name)).sorted()
        }
    }

    /// The packages that a specification may be about.
    private mutating func candidates(_ spec: PackageSpec) throws(FileError) -> [StoredPackage] {
        if known == nil {
            // One is looked for by its name; for several all are listed once.
            if case .name(let name, _) = spec, listings == 0 {
                listings += 1
                return try finder.packagesUnsorted(named: name)
            }
            known = Dictionary(grouping: try finder.packagesUnsorted(named: nil), by: \.name)
        }
        let all = known ?? [:]
        guard case .name(let name, _) = spec else { return all.values.flatMap { $0 } }
        return all[name] ?? []
    }

    private mutating func remove(_ words: String) throws(FileError) {
        let spec = try PackageSpec(words)
        let found = text.packages.filter(spec.matches)
        guard let package = found.first else {
            throw FileError(.notFound, "\(words): not in environment \(name)")
        }
        _ = text.remove(package.name)
        roots.removeAll { $0 == package.name }
    }

    /// Whether there is anything to be made.
    package var isEmpty: Bool { text == record.text && roots == record.roots }

    /// The packages that rules among these words are about and that are not there: a rule may come
    /// before its package, and be mistyped.
    package func awaited(by words: [[String]]) -> [String] {
        // What is no rule is about none.
        let names = words.compactMap { try? EnvironmentRule(words: $0).package }
        return names.filter { name in !text.packages.contains { $0.name == name } }
    }

    /// How what is to be differs from what is.
    package var differences: [PackageDifference] {
        PackageDifference.list(from: record.text, to: text)
    }

    /// Checks that the packages go together, and makes the change.
    ///
    /// Throws a complaint of all conflicts at once, of the package that cannot be read, or that
    /// another change was faster; then all is as before.
    package func commit(
        command: String,
        word: String
    ) throws(Complaint) -> GenerationRecord {
        var text = text
        // Of a thousand packages it is asked for more than once.
        text.takeHash()
        try check(text)
        do throws(FileError) {
            // Held until the log is on storage, which keeps them then.
            let lease = try keep()
            defer { withExtendedLifetime(lease) {} }
            if let origin, !isNew {
                return try origin.commit(
                    text,
                    roots: roots,
                    command: command,
                    word: word,
                    over: state,
                    record
                )
            }
            return try make(text, command, word)
        } catch {
            let status: Int32 = error.kind == .busy ? 7 : 1
            throw Complaint(error, in: store, options: storeOptions, status: status)
        }
    }

    /// Takes what only another store has into the one that is written, and holds it; nil where
    /// there is nothing of that.
    private func keep() throws(FileError) -> Lease? {
        var packages = isNew ? record.text.packages : []
        let known = Set(packages)
        packages += below.filter { text.packages.contains($0) && !known.contains($0) }
        return packages.isEmpty ? nil : try finder.keep(packages, in: store)
    }

    /// Makes the environment with the change.
    private func make(
        _ text: EnvironmentText,
        _ command: String,
        _ word: String
    ) throws(FileError) -> GenerationRecord {
        do throws(FileError) {
            return try NamedEnvironment.make(
                name,
                in: store,
                as: record,
                text,
                roots: roots,
                command: command,
                word: word
            )
        } catch {
            guard error.kind == .exists else { throw error }
            throw FileError(.busy, "environment \(name): made meanwhile")
        }
    }

    /// What is said of packages that cannot be had: those of a state that is current no more may be
    /// collected, and who looks again misses none.
    private func complaint(_ error: FileError) -> Complaint {
        guard !isNew, let now = try? origin?.state(), now != state else {
            return Complaint(error, in: store, options: storeOptions)
        }
        return Complaint(NamedEnvironment.changed(name, now), in: store, status: 7)
    }

    /// Throws all conflicts at once.
    package func check() throws(Complaint) { try check(text) }

    private func check(_ text: EnvironmentText) throws(Complaint) {
        let opener = StoredPackages(finder)
        do throws(FileError) {
            if let origin, try opener.fits(text, over: record, in: origin) { return }
        } catch {
            throw complaint(error)
        }
        var conflicts: [Conflict] = []
        do throws(FileError) {
            _ = try opener.tree(of: text, named: name, &conflicts)
        } catch {
            guard !conflicts.isEmpty else { throw complaint(error) }
            // One that cannot be asked for is not the one that is meant without a name.
            let isMeant = (try? finder.chosen()) == name
            throw Complaint(conflicts) {
                "\(name): \($0): nothing is changed"
            } _: { way in
                let words = way.parts(at: " ")
                guard words.count == 3, ["prefer", "block"].contains(words[0]) else { return way }
                let options = (isMeant ? [] : ["-e", name]) + storeOptions
                let all = ["pak", String(words[0])] + options + words[1...].map(String.init)
                return all.map { ShellWord.quoted($0) }.joined(separator: " ")
            }
        }
    }
}

/// What became of one package between two states.
package struct PackageDifference: Sendable, Hashable {
    /// The package that was there.
    package var old: StoredPackage?
    /// The package that is there.
    package var new: StoredPackage?

    /// The line that people read: `+ NAME VERSION`, `- NAME VERSION` or `~ NAME OLD -> NEW`.
    package var line: String {
        func word(_ package: StoredPackage) -> String {
            package.version.isEmpty ? "\("\(package.id)".prefix(12))" : package.version
        }
        return switch (old, new) {
        case (let old?, let new?) where word(old) == word(new):
            "~ \(new.name) \(word(new)) \("\(old.id)".prefix(12)) -> \("\(new.id)".prefix(12))"
        case (let old?, let new?): "~ \(new.name) \(word(old)) -> \(word(new))"
        case (let old?, nil): "- \(old.name) \(word(old))"
        case (nil, let new?): "+ \(new.name) \(word(new))"
        case (nil, nil): ""
        }
    }

    /// All differences, by the packages' names.
    package static func list(
        from old: EnvironmentText,
        to new: EnvironmentText
    ) -> [PackageDifference] {
        let changes = new.changes(from: old)
        return list(from: changes.lost, to: changes.new)
    }

    /// All differences between packages, by their names.
    package static func list(
        from old: [StoredPackage],
        to new: [StoredPackage]
    ) -> [PackageDifference] {
        func named(_ packages: [StoredPackage]) -> [String: StoredPackage] {
            Dictionary(packages.map { ($0.name, $0) }) { $1 }
        }
        let (before, after) = (named(old), named(new))
        return Set(before.keys).union(after.keys).sorted().compactMap { name in
            before[name] == after[name]
                ? nil : PackageDifference(old: before[name], new: after[name])
        }
    }
}
