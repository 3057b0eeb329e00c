import Archive
import FileTree

/// The rules and the packages' own whiteouts, put where they apply: a tree of only those paths
/// that are more than the sum of what packages have there.
struct Plan {
    let root = PlanNode()
    private let packages: [Package]
    private let mode: UnionRules.Mode
    private var aliases: [UnionRules.Alias]

    /// The aliases that a merged /usr has.
    static let mergedUsr = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"]

    /// Makes a plan.
    ///
    /// - Parameters:
    ///   - packages: in the order of their numbers.
    ///   - rules: what was asked for.
    ///   - linked: aliases that are links of the base already.
    ///   - usr: whether the aliases of a merged /usr are added, where they lead to something.
    /// - Throws: `.invalid` for aliases that lead in a circle, `.notFound` for a block of a package
    /// that is not here.
    init(
        _ packages: [Package],
        _ rules: UnionRules,
        linked: [UnionRules.Alias],
        usr: Bool
    ) throws(FileError) {
        self.packages = packages
        mode = rules.mode
        aliases = rules.aliases + linked
        var optional: Set<UnionPath> = []
        if usr {
            for name in Self.mergedUsr {
                let from = UnionPath(names: [Array(name.utf8)])
                let to = UnionPath(names: [Array("usr".utf8), Array(name.utf8)])
                if aliases.contains(where: { $0.from == from }) { continue }
                aliases.append(UnionRules.Alias(from: from, to: to))
                optional.insert(from)
            }
        }
        try follow()
        try addBlocks(rules.blocks)
        try addCuts()
        let silent = Set(linked.map(\.from))
        for alias in aliases {
            let node = root.make(alias.from)
            node.alias = PlanNode.Alias(to: alias.to, link: nil)
        }
        for alias in aliases {
            let target = root.make(alias.to)
            target.moved += try directories(at: alias.from, depth: 0)
            target.moved.sort { ($0.package, $0.number) < ($1.package, $1.number) }
        }
        for alias in aliases where !silent.contains(alias.from) {
            if optional.contains(alias.from), try directories(at: alias.to, depth: 0).isEmpty {
                continue
            }
            root.make(alias.from).alias?.link = alias.from.relativeTarget(alias.to)
        }
    }

    /// A path as it is once all aliases have been followed.
    func canonical(_ path: UnionPath) throws(FileError) -> UnionPath {
        var path = path
        for _ in 0..<40 {
            guard let alias = aliases.first(where: { path.starts(with: $0.from) }) else {
                return path
            }
            path = UnionPath(names: alias.to.names + path.names.dropFirst(alias.from.names.count))
        }
        throw FileError(.invalid, "\(path): aliases lead in a circle")
    }

    /// A pattern of paths as it is once aliases have been followed, as far as it names directories
    /// without a wildcard.
    func canonical(pattern: [UInt8]) -> [UInt8] {
        let names = pattern.split(separator: UInt8(ascii: "/")).map(Array.init)
        let isWild = { (name: [UInt8]) in name.contains { "*?[".utf8.contains($0) } }
        let plain = Array(names.dropLast().prefix { !isWild($0) })
        // No circle: the aliases themselves were followed before.
        guard let found = try? canonical(UnionPath(names: plain)).names, found != plain,
            !found.contains(where: isWild)
        else { return pattern }
        return Array((found + names.dropFirst(plain.count)).joined(separator: [UInt8(ascii: "/")]))
    }

    /// Puts the aliases themselves where aliases lead.
    private mutating func follow() throws(FileError) {
        for number in aliases.indices {
            var alias = aliases[number]
            guard let name = alias.from.names.last else { continue }
            alias.from = try canonical(UnionPath(names: alias.from.names.dropLast()))
                .appending(name)
            alias.to = try canonical(alias.to)
            aliases[number] = alias
        }
    }

    private func addBlocks(_ blocks: [UnionRules.Block]) throws(FileError) {
        for block in blocks {
            let named = packages.indices.filter { packages[$0].name == block.package }
            guard !named.isEmpty else {
                throw FileError(.notFound, "block \(block.package) \(block.path): no such package")
            }
            let node = root.make(try canonical(block.path))
            node.blocked.formUnion(named.map(UInt32.init))
        }
    }

    private func addCuts() throws(FileError) {
        for (number, package) in packages.enumerated() {
            for bytes in package.index.holes + package.index.opaques {
                let path: UnionPath
                do { path = try UnionPath(bytes) } catch { throw error.at(package.name) }
                guard path.names.count <= TableBuilder.depthLimit else {
                    throw .malformed("\(package.name): a hole too many directories deep")
                }
                root.make(try canonical(path)).cuts.insert(UInt32(number))
            }
        }
    }

    /// The directories that packages have at `path`, those included that aliases move there or
    /// to a directory above it.
    func directories(at path: UnionPath, depth: Int) throws(FileError) -> [TableEntry] {
        guard depth < 40 else { throw FileError(.invalid, "\(path): aliases lead in a circle") }
        var found = packages.indices.map { TableEntry(package: UInt32($0), number: 0) }
        var node: PlanNode? = root
        var place = UnionPath()
        for name in path.names {
            // What has moved away from an alias is found where it went.
            if node?.alias != nil { found = [] }
            node = node?.children[name]
            place = place.appending(name)
            let below = name.withUnsafeBytes { name in
                found.compactMap { directory in
                    packages[Int(directory.package)].index.lookup(directory.number, name)
                        .map { TableEntry(package: directory.package, number: $0) }
                }
            }
            found = (node?.visible(below, mode) ?? below).filter(isDirectory)
            for alias in aliases where alias.to == place {
                found += try directories(at: alias.from, depth: depth + 1)
            }
        }
        return found
    }

    private func isDirectory(_ entry: TableEntry) -> Bool {
        let index = packages[Int(entry.package)].index
        return index.inode(index.inodeNumber(entry.number)).mode.type == .directory
    }
}
