public import Archive
public import FileTree

extension UnionTree {
    /// A package that has a path.
    public struct Owner: Sendable, Hashable {
        /// The package's name.
        public var package: String
        /// The package's identity.
        public var id: ContentID
        /// Whether its file is the one that is shown, or its directory among those that are.
        public var isShown: Bool
    }

    /// The packages that have a path, in the order of their names; none when no package does.
    ///
    /// Also those whose file a rule or another layer hides, as far as they have the directory
    /// above it.
    public func owners(of path: UnionPath) -> [Owner] {
        let generation = current
        var place = Place.shared(0, generation.table.directory(0))
        var hash = generation.hash(ofDirectory: place)
        var holders = generation.table.owners(generation.table.directory(0))
        for name in path.names {
            holders = name.withUnsafeBytes { name in
                holders.compactMap { holder in
                    let found = generation.withIndex(holder.package) {
                        $0.lookup(holder.number, name)
                    }
                    guard let found, let found else { return nil }
                    return TableEntry(package: holder.package, number: found)
                }
            }
            let step = name.withUnsafeBytes { generation.step(place, hash, $0) }
            guard step.outcome == .found || step.outcome == .foundIfBelow else {
                return owners(holders) { _ in false }
            }
            place = step.place
            hash = step.hash
            if place.entry.package == TableEntry.directory {
                // What aliases moved here, and less what is hidden.
                holders = generation.table.owners(generation.table.directory(place.entry.number))
            }
        }
        let shown = place.entry
        if shown.package == TableEntry.directory { return owners(holders) { _ in true } }
        // One that is blocked shows nothing there, even if another shows the same bytes.
        let blocked = Set(
            currentMaker.rules.blocks.filter { path.names.starts(with: $0.path.names) }
                .map(\.package)
        )
        return owners(holders) { holder in
            holder == shown
                || !blocked.contains(generation.packages[Int(holder.package)].name)
                    && isSame(holder, shown)
        }
    }

    /// Whether two packages' entries are one file: identical ones are one object of all owners.
    private func isSame(_ a: TableEntry, _ b: TableEntry) -> Bool {
        guard currentMaker.rules.mode == .set, let first = current.inode(a),
            let second = current.inode(b)
        else { return false }
        let packages = current.packages
        // What cannot be read is shared with nobody.
        return
            (try? packages[Int(a.package)].hasFile(
                first,
                like: second,
                of: packages[Int(b.package)]
            )) == true
    }

    private func owners(
        _ holders: [TableEntry],
        _ isShown: (TableEntry) -> Bool
    ) -> [Owner] {
        holders.map { holder in
            let package = current.packages[Int(holder.package)]
            return Owner(package: package.name, id: package.id, isShown: isShown(holder))
        }
        .sorted { ($0.package, $0.id) < ($1.package, $1.id) }
    }

    /// What the packages disagree in, sorted: the layers of a stack, and those of a set where an
    /// answer has settled it.
    ///
    /// Hashes what it compares; takes as long as a first start.
    public func conflicts() throws(FileError) -> [Conflict] { try currentMaker.report() }

    /// A path of the base that packages hide.
    public struct Shadow: Sendable, Hashable {
        /// The path.
        public var path: UnionPath
        /// The package whose file is shown instead; nil where a hole or a link of an alias is.
        public var package: String?
    }

    /// What packages hide of the base, sorted; a hidden directory stands for all below it.
    public func shadowed() throws(FileError) -> [Shadow] {
        guard let base = current.base else { return [] }
        var found: [Shadow] = []
        let root = Place.shared(0, current.table.directory(0))
        try addShadows(root, UnionPath(), base, &found)
        return found.sorted { $0.path < $1.path }
    }

    private func addShadows(
        _ place: Place,
        _ path: UnionPath,
        _ below: any Directory,
        _ found: inout [Shadow]
    ) throws(FileError) {
        let names: [[UInt8]]
        do throws(FileError) { names = try below.names() } catch {
            // Whose names nobody here can list, of those none is missed.
            guard error.kind == .permission, !path.names.isEmpty else { throw error }
            return
        }
        let hash = current.hash(ofDirectory: place)
        let hidesAll =
            place.entry.package == TableEntry.directory
            && current.table.directory(place.entry.number).has(DirectoryRecord.hidesBase)
        for name in names {
            let step = name.withUnsafeBytes { current.step(place, hash, $0) }
            let path = path.appending(name)
            let isFound = step.outcome == .found || step.outcome == .foundIfBelow
            if hidesAll || step.outcome == .hidden {
                found.append(Shadow(path: path, package: owner(step, isFound)))
                continue
            }
            guard isFound else { continue }
            let node = try below.node(named: name.span.bytes)
            if step.isDirectory, let next = node?.directory {
                try addShadows(step.place, path, next, &found)
            } else if step.outcome == .found {
                found.append(Shadow(path: path, package: owner(step, true)))
            }
        }
    }

    private func owner(_ step: Step, _ isFound: Bool) -> String? {
        guard isFound else { return nil }
        var entry = step.place.entry
        if entry.package == TableEntry.directory {
            entry = current.table.owners(current.table.directory(entry.number)).first ?? entry
        }
        return entry.isPackage ? current.packages[Int(entry.package)].name : nil
    }
}
