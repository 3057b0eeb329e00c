public import Archive
public import FileTree
import Synchronization

/// Many packages as one tree: each name is found by one probe, however many packages there are.
///
/// The tree is read-only. In a set packages have no order, and what they disagree in is refused
/// before anything is served; in a stack the last is on top. Below all of them may lie a base,
/// whose names are merged in where no package has them.
public final class UnionTree: Tree {
    private let maker: UnionMaker
    private let generation: Generation
    private let owners = Mutex(OwnerNames())
    /// The views of some packages alone that were asked for, by the packages' names.
    private let subsets = Mutex<[Set<String>: UnionTree]>([:])
    /// Held while a subset is made: one at a time, whoever asks, so that peers who ask for ever
    /// other ones take no more than a processor.
    private let making = Mutex(())

    private struct OwnerNames {
        var users: [UInt32: [UInt8]?] = [:]
        var groups: [UInt32: [UInt8]?] = [:]
    }

    /// Joins packages.
    ///
    /// - Parameters:
    ///   - packages: in any order for a set, from the bottom up for a stack.
    ///   - rules: how they lie, and the answers to conflicts.
    ///   - base: what lies below; nil for the packages alone.
    ///   - environment: the name that directories' qids are made of.
    ///   - cache: a folder in which tables are kept, made if missing; nil to keep none.
    ///   - near: a tree of most of the same packages, from whose table that of this is made; then
    ///     it is kept by `keepTable` alone.
    ///   - lines: the hash of the packages' lines (see `PackageLines`), where that is known.
    ///   - conflicts: gets all disagreements that stand in the way, sorted, also when it throws.
    /// - Throws: `.conflict` with all of `conflicts` as text; `.invalid` for aliases that lead in a
    /// circle; `.notFound` for a block of a package that is not there; those of reading packages
    /// and the base.
    public init(
        packages: [Package],
        rules: UnionRules = UnionRules(),
        base: (any Directory)? = nil,
        environment: String = "",
        cache: String? = nil,
        near: UnionTree? = nil,
        lines: ContentID? = nil,
        conflicts: inout [Conflict]
    ) throws(FileError) {
        maker = try UnionMaker(
            packages,
            rules,
            base: base,
            environment: environment,
            cache: cache,
            near: near?.maker.list,
            lines: lines
        )
        generation = try maker.make(
            near: near.map { ($0.maker, $0.generation.table) },
            &conflicts
        )
        if near == nil { keepTable() }
    }

    /// Keeps the table in the cache, unless it is from there.
    ///
    /// Nobody who looks names up waits for it: whoever shows one state after another has it done
    /// when the state is shown.
    public func keepTable() {
        guard let cache = maker.cache, hasNewTable else { return }
        TableFile.write(generation.table.storage, maker.key, in: cache)
    }

    /// Whether the table was made, and is to be kept.
    public var hasNewTable: Bool { maker.cache != nil && !generation.table.storage.isMapped }

    /// Joins packages; what stands in the way is in the error's context alone.
    public convenience init(
        packages: [Package],
        rules: UnionRules = UnionRules(),
        base: (any Directory)? = nil,
        environment: String = "",
        cache: String? = nil
    ) throws(FileError) {
        var conflicts: [Conflict] = []
        try self.init(
            packages: packages,
            rules: rules,
            base: base,
            environment: environment,
            cache: cache,
            conflicts: &conflicts
        )
    }

    /// The packages that are joined, each once.
    public var packages: [Package] { generation.packages }

    /// The identity of the view: a hash of its packages and rules, the same on every machine.
    public var hash: ContentID { maker.key }

    /// Whether what is shown can never change: there is no base below.
    public var isImmutable: Bool { generation.base == nil }

    /// Whether packages say of names that they shall not be seen, which a base may have.
    public var hidesNamesOfBase: Bool {
        packages.contains { $0.hidesNames }
    }

    /// The root as a plain attach sees it.
    public var root: any Directory { View(generation, ViewOptions()).rootNode }

    /// Gives the root to anyone; it has no other name than the empty one and `/`.
    public func attach(as user: User, to name: String) throws(FileError) -> Attachment {
        guard name.isEmpty || name == "/" else { throw FileError(.notFound, name) }
        return Attachment(root: root, tree: self)
    }

    /// Gives what `options` ask for.
    ///
    /// Errors: `.notFound` for a package or directory that is not there, `.notDirectory`;
    /// `.conflict` when the packages asked for do not go together.
    public func attach(as user: User, _ options: ViewOptions) throws(FileError) -> Attachment {
        guard options.only.isEmpty else {
            var rest = options
            rest.only = []
            return try subset(Set(options.only)).attach(as: user, rest)
        }
        let top = View(generation, options).rootNode
        guard !options.sub.names.isEmpty else { return Attachment(root: top, tree: self) }
        var directory: any Directory = top
        for name in options.sub.names {
            let node: any Node
            do { node = try directory.lookup(name.span.bytes) } catch {
                throw error.at("\(options.sub)")
            }
            guard let next = node.directory else {
                throw FileError(.notDirectory, "\(options.sub)")
            }
            directory = next
        }
        if let union = directory as? UnionDirectory {
            directory = View(generation, options, root: union.place).rootNode
        } else if let base = directory as? BaseDirectory {
            directory = BaseDirectory(asRoot: base)
        }
        return Attachment(root: directory, tree: self)
    }

    /// How many subsets are kept; who asks for more waits for each to be made.
    ///
    /// None has its table in the cache, where it would drive those of whole environments out.
    private static let subsetLimit = 16

    private func subset(_ names: Set<String>) throws(FileError) -> UnionTree {
        if let known = subsets.withLock({ $0[names] }) { return known }
        for name in names where !packages.contains(where: { $0.name == name }) {
            throw FileError(.notFound, "only=\(name): no such package")
        }
        return try making.withLock { _ throws(FileError) -> UnionTree in
            // Made by now for one who was before us?
            if let known = subsets.withLock({ $0[names] }) { return known }
            let tree = try UnionTree(
                packages: packages.filter { names.contains($0.name) },
                rules: maker.rules.limited(to: names),
                base: generation.base,
                environment: maker.environment
            )
            subsets.withLock { subsets in
                if subsets.count >= Self.subsetLimit { subsets.removeAll() }
                subsets[names] = tree
            }
            return tree
        }
    }

    /// What the packages hold: the files that are to be seen, and their bytes.
    public func statfs() throws(FileError) -> Statfs {
        var figures = Statfs()
        figures.blocks = (generation.table.fileBytes &+ 4095) / 4096
        figures.files = generation.table.files
        figures.id = maker.key.words.0
        return figures
    }

    /// The name of the first package that knows one.
    public func name(ofUser uid: UInt32) -> [UInt8]? {
        name(uid, in: \.users, root: uid) { $0.userName(uid) }
    }

    /// The name of the first package that knows one.
    public func name(ofGroup gid: UInt32) -> [UInt8]? {
        name(gid, in: \.groups, root: gid) { $0.groupName(gid) }
    }

    private func name(
        _ id: UInt32,
        in names: WritableKeyPath<OwnerNames, [UInt32: [UInt8]?]>,
        root: UInt32,
        _ find: (Index) -> [UInt8]?
    ) -> [UInt8]? {
        if let known = owners.withLock({ $0[keyPath: names][id] }) { return known }
        var found: [UInt8]?
        for package in packages where found == nil { found = find(package.index) }
        if found == nil, root == 0 { found = Array("root".utf8) }
        owners.withLock { owners in
            // A base may have more owners than anybody wants to keep.
            if owners[keyPath: names].count < 4096 { owners[keyPath: names][id] = .some(found) }
        }
        return found
    }

    var current: Generation { generation }
    var currentMaker: UnionMaker { maker }
}
