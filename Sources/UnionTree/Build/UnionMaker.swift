import Archive
import FileTree

/// Makes the generation that packages and rules come to: from the cache where it has been made
/// before, else by a merge.
struct UnionMaker: Sendable {
    let list: PackageList
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
    ///
    /// What is known of those that are of `near`, too, is taken from there; `lines` is the hash of
    /// the packages' lines, where that is known.
    init(
        _ packages: [Package],
        _ rules: UnionRules,
        base: (any Directory)?,
        environment: String,
        cache: String?,
        near: PackageList? = nil,
        lines: ContentID? = nil
    ) throws(FileError) {
        var list = PackageList(packages, near: near)
        var lines = list.areNative ? lines : nil
        if rules.mode == .set, !list.isInOrder {
            var seen: Set<ContentID> = []
            let distinct = packages.filter { seen.insert($0.id).inserted }
            list = PackageList(distinct.sorted { $0.id < $1.id })
            lines = nil
        }
        guard list.count < TableEntry.packageLimit else {
            throw FileError(.tooBig, "\(list.count) packages")
        }
        let links: BaseLinks? =
            if let base { try BaseLinks(base, list.packages, rules) } else { nil }
        linked = links?.aliases ?? []
        linkConflicts = links?.conflicts ?? []
        // They expect a merged /usr.
        usr = base == nil && list.debianCount > 0
        self.list = list
        self.rules = rules
        self.base = base
        self.environment = environment
        self.cache = cache
        let hash = lines ?? Self.lines(list)
        key = Self.key(hash, rules, environment, linked, usr: usr, hasBase: base != nil)
    }

    var packages: [Package] { list.packages }

    /// Makes the generation; from the table of `near`, if that is of most of the same packages and
    /// of the same rules.
    ///
    /// All disagreements are added to `conflicts`, sorted; in a set any of them is an error.
    func make(
        near: (maker: UnionMaker, table: Table)? = nil,
        _ conflicts: inout [Conflict]
    ) throws(FileError) -> Generation {
        if linkConflicts.isEmpty, let cache, let table = TableFile.open(key, list, in: cache) {
            return Generation(list, table, base: base)
        }
        if let near, let storage = try grow(near.maker, near.table) {
            let table = try Table(made: storage, key: key, list)
            return Generation(list, table, base: base)
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
        return Generation(list, try Table(made: storage, key: key, list), base: base)
    }

    /// The table made from another's; nil where a merge of all is needed.
    private func grow(_ near: UnionMaker, _ table: Table) throws(FileError) -> StoredBytes? {
        guard base == nil, near.base == nil, rules == near.rules, environment == near.environment
        else { return nil }
        let (before, after) = (near.list, list)
        var update = try TableUpdate(
            table,
            from: before.ids,
            to: after.ids,
            openOld: { before.packages[$0] },
            openNew: { after.packages[$0] },
            seeds: after.members.map(\.seed)
        )
        return try update?.make(key)
    }

    /// What a table that is made says of itself.
    private func flags(_ builder: TableBuilder) -> TableFlags {
        let isPlain =
            rules.mode == .set && base == nil && rules.blocks.isEmpty && rules.aliases.isEmpty
            && builder.parts.salt == 0 && !list.hidesNames
        return TableFlags(isPlain: isPlain, debianCount: list.debianCount)
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

    /// The hash of what packages are.
    private static func lines(_ list: PackageList) -> ContentID {
        if list.areNative {
            var lines = PackageLines()
            lines.add(count: list.count) { list.members[$0].id }
            return lines.id
        }
        var text: [UInt8] = []
        for package in list.packages {
            text += "package \(package.id)\n".utf8
            // The identity of the others is not that of what they say of themselves.
            if package.isNative { continue }
            text += "name \(package.ownsDirectories) \(package.name)".utf8
            text += " \(package.manifest.version ?? "")\n".utf8
            for (name, version) in package.replaced {
                text += "replace \(name) \(version ?? "")\n".utf8
            }
        }
        return SHA256.hash(text)
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
            text += "prefer \(PathText.text(rule.pattern)) \(rule.package)\n"
        }
        for block in rules.blocks { text += "block \(block.package) \(block.path)\n" }
        for alias in rules.aliases { text += "alias \(alias.from) \(alias.to)\n" }
        for alias in linked { text += "linked \(alias.from) \(alias.to)\n" }
        return SHA256.hash(Array(text.utf8))
    }
}
