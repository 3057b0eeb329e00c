import Archive
import FileTree

/// Makes the generation that packages and rules come to: from the cache where it has been made
/// before, else by a merge.
struct UnionMaker: Sendable {
    let packages: [Package]
    let rules: UnionRules
    let base: (any Directory)?
    let environment: String
    /// The folder in which tables are kept; nil for none.
    let cache: String?
    /// The hash of all that the table is made of.
    let key: ContentID
    private let linked: [UnionRules.Alias]
    private let linkConflicts: [Conflict]
    private let usr: Bool

    /// Puts everything in order.
    ///
    /// Of a set the order is that of the content ids, so that it does not matter in which the
    /// packages were named; a package named twice is one.
    init(
        _ packages: [Package],
        _ rules: UnionRules,
        base: (any Directory)?,
        environment: String,
        cache: String?
    ) throws(FileError) {
        var seen: Set<ContentID> = []
        var distinct = packages
        if rules.mode == .set, !Self.isInOrder(packages) {
            distinct = packages.filter { seen.insert($0.id).inserted }.sorted { $0.id < $1.id }
        }
        guard distinct.count < TableEntry.packageLimit else {
            throw FileError(.tooBig, "\(distinct.count) packages")
        }
        let links: BaseLinks? = if let base { try BaseLinks(base, distinct, rules) } else { nil }
        linked = links?.aliases ?? []
        linkConflicts = links?.conflicts ?? []
        // They expect a merged /usr.
        usr = base == nil && distinct.contains { $0.isDebian }
        self.packages = distinct
        self.rules = rules
        self.base = base
        self.environment = environment
        self.cache = cache
        key = Self.key(distinct, rules, environment, linked, usr: usr, hasBase: base != nil)
    }

    /// Whether packages are in the order of their ids, and each is there once, as those of an
    /// environment are.
    private static func isInOrder(_ packages: [Package]) -> Bool {
        for (first, second) in zip(packages, packages.dropFirst()) where first.id >= second.id {
            return false
        }
        return true
    }

    /// Makes the generation; from the table of `near`, if that is of most of the same packages and
    /// of the same rules.
    ///
    /// All disagreements are added to `conflicts`, sorted; in a set any of them is an error.
    func make(
        near: (maker: UnionMaker, table: Table)? = nil,
        _ conflicts: inout [Conflict]
    ) throws(FileError) -> Generation {
        if linkConflicts.isEmpty, let cache, let table = TableFile.open(key, packages, in: cache) {
            return Generation(packages, table, base: base)
        }
        if let near, let storage = try grow(near.maker, near.table) {
            if let cache { TableFile.write(storage, key, in: cache) }
            let table = try Table(storage, key: key, packages: packages)
            return Generation(packages, table, base: base)
        }
        let (builder, census) = try build(rules, isReporting: false)
        let found = (builder.conflicts + linkConflicts).sorted()
        conflicts += found
        guard let census, rules.mode == .stack || found.isEmpty else {
            let more = found.count < TableBuilder.conflictLimit ? [] : ["and more"]
            let lines = found.map(\.description) + more
            throw FileError(.conflict, lines.joined(separator: "\n"))
        }
        let storage = builder.storage(key: key, census, flags(builder))
        if let cache { TableFile.write(storage, key, in: cache) }
        return Generation(packages, try Table(storage, key: key, packages: packages), base: base)
    }

    /// The table made from another's; nil where a merge of all is needed.
    private func grow(_ near: UnionMaker, _ table: Table) throws(FileError) -> StoredBytes? {
        guard base == nil, near.base == nil, rules == near.rules, environment == near.environment
        else { return nil }
        let before = near.packages
        var update = try TableUpdate(
            table,
            from: before.map(\.id),
            to: packages.map(\.id),
            openOld: { before[$0] },
            openNew: { [packages] in packages[$0] }
        )
        return try update?.make(key)
    }

    /// What a table that is made says of itself.
    private func flags(_ builder: TableBuilder) -> TableFlags {
        let isPlain =
            rules.mode == .set && base == nil && rules.blocks.isEmpty && rules.aliases.isEmpty
            && builder.parts.salt == 0 && packages.allSatisfy { !$0.hidesNames }
        return TableFlags(isPlain: isPlain, debianCount: packages.count { $0.isDebian })
    }

    /// All disagreements: those between the layers of a stack, and in a set those that answers
    /// have settled.
    func report() throws(FileError) -> [Conflict] {
        let rules = rules.mode == .set ? rules.withoutAnswers : rules
        return (try build(rules, isReporting: true).builder.conflicts + linkConflicts).sorted()
    }

    /// Merges the packages, and counts what they come to unless that will not be served.
    private func build(
        _ rules: UnionRules,
        isReporting: Bool
    ) throws(FileError) -> (builder: TableBuilder, census: Census?) {
        let plan = try Plan(packages, rules, linked: linked, usr: usr)
        // Two files of a million have one qid once in thirty million builds. A second salt is
        // enough then; only packages made for it need more.
        for salt in 0..<UInt64(8) {
            var builder = TableBuilder(
                packages,
                rules,
                plan,
                environment: environment,
                base: base,
                salt: salt,
                isReporting: isReporting
            )
            try builder.build()
            if rules.mode == .set, !builder.conflicts.isEmpty { return (builder, nil) }
            let census = Census(builder)
            if !census.hasCollision { return (builder, census) }
        }
        throw FileError(.malformed, "packages that were made to have files of one qid")
    }

    private static func key(
        _ packages: [Package],
        _ rules: UnionRules,
        _ environment: String,
        _ linked: [UnionRules.Alias],
        usr: Bool,
        hasBase: Bool
    ) -> ContentID {
        var text: [UInt8] = []
        text.reserveCapacity(packages.count * 73)
        for package in packages {
            write(package.id, to: &text)
            // The identity of the others is not that of what they say of themselves.
            if package.isNative { continue }
            text += "name \(package.ownsDirectories) \(package.name)".utf8
            text += " \(package.manifest.version ?? "")\n".utf8
            for (name, version) in package.replaced {
                text += "replace \(name) \(version ?? "")\n".utf8
            }
        }
        let hash = SHA256.hash(text)
        return key(hash, rules, environment, linked, usr: usr, hasBase: hasBase)
    }

    /// The hash of what a table of native packages is made of, in no base; `packages` is that of
    /// theirs.
    static func key(
        _ packages: ContentID,
        _ rules: UnionRules,
        environment: String,
        usr: Bool
    ) -> ContentID {
        key(packages, rules, environment, [], usr: usr, hasBase: false)
    }

    /// The hash of native packages.
    static func hash(of ids: [ContentID]) -> ContentID {
        var text: [UInt8] = []
        text.reserveCapacity(ids.count * 73)
        for id in ids { write(id, to: &text) }
        return SHA256.hash(text)
    }

    private static let packageWord = Array("package ".utf8)

    private static func write(_ id: ContentID, to text: inout [UInt8]) {
        text += packageWord
        id.write(to: &text)
        text.append(UInt8(ascii: "\n"))
    }

    private static func key(
        _ packages: ContentID,
        _ rules: UnionRules,
        _ environment: String,
        _ linked: [UnionRules.Alias],
        usr: Bool,
        hasBase: Bool
    ) -> ContentID {
        let start = "union \(TableLayout.version) \(rules.mode.rawValue) \(usr) \(hasBase)\n"
        var text = "\(start)environment \(environment)\npackages \(packages)\n"
        for rule in rules.preferences {
            text += "prefer \(UnionPath.escape(rule.pattern)) \(rule.package)\n"
        }
        for block in rules.blocks { text += "block \(block.package) \(block.path)\n" }
        for alias in rules.aliases { text += "alias \(alias.from) \(alias.to)\n" }
        for alias in linked { text += "linked \(alias.from) \(alias.to)\n" }
        return SHA256.hash(Array(text.utf8))
    }
}
