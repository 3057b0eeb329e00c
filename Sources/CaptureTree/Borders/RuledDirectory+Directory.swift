import FileTree

extension RuledDirectory: Directory {
    func lookup(_ name: RawSpan) throws(FileError) -> any Node {
        let mounts = tree.mounts
        if !mounts.list.isEmpty, let mount = mounts.mount(at: path + [Array(name)]) {
            return RuledDirectory(tree, mount.root, mount)
        }
        do throws(FileError) {
            return tree.node(try names.lookup(name), mount)
        } catch {
            guard error.kind == .notFound, !mounts.ways.isEmpty,
                let way = mounts.way(at: path + [Array(name)])
            else { throw error }
            return RuledDirectory(tree, way.root, way)
        }
    }

    func entry(named name: RawSpan) throws(FileError) -> NamedEntry {
        guard tree.mounts.list.isEmpty else {
            let node = try lookup(name)
            return NamedEntry(node, try node.stat())
        }
        let found = try names.entry(named: name)
        let stat = mount?.shown(found.stat) ?? found.stat
        return NamedEntry(tree.node(found.node, mount), stat)
    }

    var listed: any Directory { RuledDirectory(tree, names.listed, mount) }

    func walk(_ names: PathNames, _ qids: inout WalkedQids) throws(FileError) -> any Node {
        let mounts = tree.mounts
        // Where no mount is below, and no qid is another's, the capture steps by itself.
        if mount == nil, mounts.list.isEmpty || !mounts.holds(path) {
            return tree.node(try self.names.walk(names, &qids), nil)
        }
        var names = names
        var node: any Node = self
        while let name = names.next() {
            guard let directory = node.directory else { throw FileError(.notDirectory) }
            node = try directory.lookup(name.bytes)
            qids.append(node.qid)
        }
        return node
    }

    /// Cookies of mounts whose names nothing else has: beyond those that trees give, and below
    /// those that the server keeps for the two dots.
    private static var firstMount: UInt64 { 0x7fff_ffff_fff0_0000 }

    func entries(
        from cookie: UInt64,
        _ body: (borrowing DirectoryEntry, RawSpan) -> Bool
    ) throws(FileError) {
        let mounts = tree.mounts
        let here = mounts.list.isEmpty ? [] : mounts.mounts(in: path)
        let isOfMounts =
            cookie >= Self.firstMount && cookie - Self.firstMount <= UInt64(here.count)
            && !here.isEmpty
        if !isOfMounts {
            var isOver = false
            try names.entries(from: cookie) { entry, name in
                let hidden = here.first { !$0.isWay && $0.name.elementsEqual(Array(name)) }
                var stat = mount?.shown(entry.stat) ?? entry.stat
                // A mount that cannot be asked shows as what it hides.
                if let hidden, let root = try? hidden.root.stat() { stat = hidden.shown(root) }
                isOver = !body(DirectoryEntry(stat: stat, next: entry.next), name)
                return !isOver
            }
            if isOver { return }
        }
        let first = isOfMounts ? Int(cookie - Self.firstMount) : 0
        for (number, mount) in here.enumerated().dropFirst(first) {
            let hidden = mount.name
            if try names.node(named: hidden.span.bytes) != nil { continue }
            let entry = DirectoryEntry(
                stat: mount.shown(try mount.root.stat()),
                next: Self.firstMount + UInt64(number) + 1
            )
            let name = mount.name
            guard body(entry, name.span.bytes) else { return }
        }
    }

    // MARK: - Changes

    /// Checks that a name can be made here, and gives its path.
    private func checkNew(_ name: RawSpan) throws(FileError) {
        if mount?.isWay == true { throw FileError(.readOnly) }
        let mounts = tree.mounts
        guard mounts.denies || !mounts.list.isEmpty else { return }
        let path = path + [Array(name)]
        if mounts.mount(at: path) != nil { throw FileError(.exists) }
        if mounts.denies(path) { throw FileError(.readOnly) }
    }

    /// Checks that what has a name here can be moved or removed.
    private func checkOld(_ name: RawSpan) throws(FileError) {
        let mounts = tree.mounts
        guard mounts.denies || !mounts.list.isEmpty else { return }
        let path = path + [Array(name)]
        if mounts.denies(path) || mounts.deniesBelow(path) { throw FileError(.readOnly) }
        if mounts.holds(path) { throw FileError(.busy) }
    }

    func createFile(_ name: RawSpan, _ attributes: NewNode) throws(FileError) -> any File {
        try checkNew(name)
        return RuledFile(tree, try names.createFile(name, attributes), mount)
    }

    func createDirectory(
        _ name: RawSpan,
        _ attributes: NewNode
    ) throws(FileError) -> any Directory {
        try checkNew(name)
        return RuledDirectory(tree, try names.createDirectory(name, attributes), mount)
    }

    func createLink(
        _ name: RawSpan,
        to target: RawSpan,
        _ attributes: NewNode
    ) throws(FileError) -> any Node {
        try checkNew(name)
        return tree.node(try names.createLink(name, to: target, attributes), mount)
    }

    func createNode(
        _ name: RawSpan,
        type: FileType,
        device: UInt64,
        _ attributes: NewNode
    ) throws(FileError) -> any Node {
        try checkNew(name)
        let made = try names.createNode(name, type: type, device: device, attributes)
        return tree.node(made, mount)
    }

    func addName(_ name: RawSpan, for node: any Node) throws(FileError) {
        guard let node = node as? any RuledNode, node.tree === tree, node.mount === mount else {
            throw FileError(.crossDevice)
        }
        try checkNew(name)
        try node.checkChange()
        try names.addName(name, for: node.inner)
    }

    func remove(_ name: RawSpan, expected: Removal) throws(FileError) {
        try checkOld(name)
        try names.remove(name, expected: expected)
    }

    func rename(
        _ name: RawSpan,
        to target: any Directory,
        _ newName: RawSpan,
        replacing: Bool
    ) throws(FileError) {
        guard let target = target as? RuledDirectory, target.tree === tree,
            target.mount === mount
        else { throw FileError(.crossDevice) }
        try checkOld(name)
        try target.checkOld(newName)
        try names.rename(name, to: target.names, newName, replacing: replacing)
    }
}
