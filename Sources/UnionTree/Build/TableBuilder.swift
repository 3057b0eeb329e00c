import Archive
import FileTree

/// Makes a union table: directory by directory from the root, those of one name of all packages
/// together.
///
/// A directory becomes a shared one when two packages have it, or when a rule says something
/// about a path below it; all else is one entry of one package, with everything below it.
struct TableBuilder {
    let packages: [Package]
    let rules: UnionRules
    let plan: Plan
    /// The directory below all packages; asked only whether a hole hides anything there.
    let base: (any Directory)?

    var parts: TableParts
    var plans: [PlanNode?] = []
    private var depths: [UInt16] = []
    /// How many names of files of several names are not to be seen, by package and inode.
    var hiddenNames: [TableEntry: UInt32] = [:]
    var conflicts: [Conflict] = []
    /// More conflicts than anybody reads; packages made to have them shall not fill the memory.
    static let conflictLimit = 1 << 16
    /// How deep a package may be, as when one is imported.
    static let depthLimit = 256
    private let preferences: [(glob: Glob, package: String)]
    private let replaced: [[(name: String, version: String?)]]
    /// Whether disagreements are looked for where they change nothing: the layers of a stack.
    private let isReporting: Bool

    /// Starts a table.
    ///
    /// - Parameters:
    ///   - packages: in the order of their numbers.
    ///   - rules: how they are merged.
    ///   - plan: what the rules say about single paths.
    ///   - environment: the name that directories' qids are made of.
    ///   - base: what lies below.
    ///   - salt: what qids are made of, too.
    ///   - isReporting: whether disagreements between layers are listed.
    init(
        _ packages: [Package],
        _ rules: UnionRules,
        _ plan: Plan,
        environment: String,
        base: (any Directory)?,
        salt: UInt64,
        isReporting: Bool
    ) {
        self.packages = packages
        self.rules = rules
        self.plan = plan
        self.base = base
        self.isReporting = isReporting
        parts = TableParts(
            salt: salt,
            seeds: packages.map { NameHash.package($0.id, salt: salt) }
        )
        preferences = rules.preferences.map {
            (Glob(plan.canonical(pattern: $0.pattern)), $0.package)
        }
        replaced = packages.map(\.replaced)
        let roots = packages.indices.map { TableEntry(package: UInt32($0), number: 0) }
        let visible = plan.root.visible(roots, rules.mode)
        var root = DirectoryRecord()
        root.pathHash = NameHash.root(environment, salt: salt)
        if !plan.root.cuts.isEmpty { root.flags |= DirectoryRecord.hidesBase }
        hide(roots, but: visible)
        parts.records.append(root)
        append(visible, plan.root, depth: 0)
    }

    /// Merges all directories.
    mutating func build() throws(FileError) {
        var number = 0
        while number < parts.records.count, conflicts.count < Self.conflictLimit {
            try merge(number)
            number += 1
        }
        conflicts.sort()
    }

    private mutating func merge(_ number: Int) throws(FileError) {
        let first = parts.entries.count
        parts.records[number].firstEntry = UInt32(first)
        let range = parts.owners(of: parts.records[number])
        let plan = plans[number]
        var planned = (plan?.children ?? [:]).sorted {
            $1.key.lexicographicallyPrecedes($0.key)
        }
        var merge = DirectoryMerge(parts.owners[range], of: packages)
        var group: [TableEntry] = []
        while true {
            let name = merge.name
            if let next = planned.last {
                let order = name.map { name in
                    next.key.withUnsafeBytes { NameOrder.compare(name, $0) }
                }
                if order ?? 1 > 0 {
                    planned.removeLast()
                    try resolve([], Array(next.key), next.value, in: number)
                    continue
                }
                if order == 0 {
                    planned.removeLast()
                    merge.next(&group)
                    try resolve(group, Array(next.key), next.value, in: number)
                    continue
                }
            }
            guard let name, conflicts.count < Self.conflictLimit else { break }
            merge.next(&group)
            if group.count == 1 {
                parts.append(group[0], name)
            } else {
                try resolve(group, Array(name), nil, in: number)
            }
            guard parts.entries.count < UInt32.max, parts.names.count < UInt32.max else {
                throw FileError(.tooBig, "more than 2^32 names in shared directories")
            }
        }
        parts.records[number].entryCount = UInt32(parts.entries.count - first)
        parts.fillSlots(number)
    }

    /// Adds a shared directory and its name.
    mutating func add(
        _ record: DirectoryRecord,
        _ found: [TableEntry],
        _ node: PlanNode?,
        _ name: [UInt8],
        in directory: Int
    ) throws(FileError) {
        guard depths[directory] < Self.depthLimit else {
            throw .malformed("\(path(directory)): more than \(Self.depthLimit) directories deep")
        }
        name.withUnsafeBytes { parts.append(record, $0, in: directory) }
        append(found, node, depth: depths[directory] + 1)
    }

    /// Says of the directory that was added last what makes it up.
    private mutating func append(_ found: [TableEntry], _ node: PlanNode?, depth: UInt16) {
        let number = parts.records.count - 1
        parts.records[number].firstOwner = UInt32(parts.owners.count)
        parts.records[number].ownerCount = UInt32(found.count)
        parts.owners += found
        for owner in found {
            parts.stamps.append(OwnerStamp(owner.number, of: packages[Int(owner.package)]))
        }
        plans.append(node)
        depths.append(depth)
        setAttributes(number)
    }

    /// Adds a name that no package has.
    mutating func addExtra(_ kind: UInt32, _ name: [UInt8], _ target: [UInt8]) {
        let number = name.withUnsafeBytes { name in
            target.withUnsafeBytes { parts.addExtra(name, $0) }
        }
        parts.append(TableEntry(package: kind, number: number), name)
    }

    /// A name in a shared directory.
    struct Spot {
        var directory: Int
        var name: [UInt8]
    }

    /// The path of a name.
    func path(_ spot: Spot) -> UnionPath { path(spot.directory).appending(spot.name) }

    /// The path of a shared directory.
    func path(_ directory: Int) -> UnionPath {
        var names: [[UInt8]] = []
        var number = directory
        while number > 0 {
            let record = parts.records[number]
            let start = Int(record.nameOffset)
            names.append(Array(parts.heap[start..<start + Int(record.nameLength)]))
            number = Int(record.parent)
        }
        return UnionPath(names: names.reversed())
    }

    /// What an entry of a package is.
    func file(_ entry: TableEntry) -> (index: Index, inode: Inode) {
        let index = packages[Int(entry.package)].index
        return (index, index.inode(index.inodeNumber(entry.number)))
    }

    /// The first package among `candidates` that a preference names for a path.
    func preferred(_ candidates: [TableEntry], _ path: UnionPath) -> TableEntry? {
        let bytes = path.bytes
        for preference in preferences where preference.glob.matches(bytes) {
            let found = candidates.first { packages[Int($0.package)].name == preference.package }
            if let found { return found }
        }
        return nil
    }

    /// Whether the package `a` says that its files replace those of `b`, and not the reverse.
    func replaces(_ a: UInt32, _ b: UInt32) -> Bool {
        claims(a, b) && !claims(b, a)
    }

    private func claims(_ a: UInt32, _ b: UInt32) -> Bool {
        let other = packages[Int(b)]
        return replaced[Int(a)].contains { name, version in
            name == other.name && (version == nil || version == other.manifest.version)
        }
    }

    /// Whether layers' disagreements are wanted.
    var reportsLayers: Bool { isReporting }
}
