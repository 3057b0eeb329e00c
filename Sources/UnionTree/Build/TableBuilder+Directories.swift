import Archive
import FileTree

extension TableBuilder {
    /// Sets mode, owner and time of a directory by those who list it.
    ///
    /// Packages whose format owns its directories have to agree; a plain folder or tar counts
    /// only where none of those lists the directory. The time is the latest, so that it does not
    /// depend on an order and never goes back when a package comes. In a stack the topmost layer
    /// that lists it decides all.
    mutating func setAttributes(_ number: Int) {
        var listed = parts.owners[parts.owners(of: parts.records[number])].filter {
            packages[Int($0.package)].index.isListed($0.number)
        }
        if rules.mode == .stack { listed = Array(listed.suffix(1)) }
        guard !listed.isEmpty else { return }
        let latest = listed.map { file($0).inode.modified }.max() ?? Timestamp(seconds: 0)
        parts.records[number].modifiedSeconds = latest.seconds
        parts.records[number].modifiedNanoseconds = latest.nanoseconds
        // The root is whatever was packed: a tar's "./" has the mode of somebody's folder.
        guard number > 0 || rules.mode == .stack else { return }
        let deciding = listed.filter { packages[Int($0.package)].ownsDirectories }
        if deciding.isEmpty || rules.mode == .stack {
            if let least = leastID(listed) { parts.records[number].attributes = least }
            return
        }
        if let least = leastID(deciding) { parts.records[number].attributes = least }
        guard deciding.count > 1, !agree(deciding) else { return }
        let path = path(number)
        if let chosen = preferred(deciding, path) {
            parts.records[number].attributes = chosen
            parts.records[number].flags |= DirectoryRecord.settled
        } else {
            conflicts.append(Conflict(.dirmeta, path, deciding.map(side)))
        }
    }

    private func leastID(_ entries: [TableEntry]) -> TableEntry? {
        entries.min { packages[Int($0.package)].id < packages[Int($1.package)].id }
    }

    private func agree(_ directories: [TableEntry]) -> Bool {
        let (index, first) = file(directories[0])
        return directories.dropFirst().allSatisfy { other in
            let (another, inode) = file(other)
            return index.hasDirectory(first, like: inode, of: another)
        }
    }

    /// Reports holes and opaque directories that hide nothing.
    mutating func checkCut(
        _ node: PlanNode,
        _ group: [TableEntry],
        _ visible: [TableEntry],
        _ spot: Spot
    ) throws(FileError) {
        guard rules.mode == .set || reportsLayers else { return }
        var unused: [UInt32]
        switch rules.mode {
        case .set:
            unused = group.contains { !visible.contains($0) } ? [] : Array(node.cuts)
        case .stack:
            let lowest = group.map(\.package).min() ?? UInt32.max
            unused = node.cuts.filter { $0 <= lowest }
        }
        guard !unused.isEmpty else { return }
        let path = path(spot)
        addUnused(unused, path)
    }

    /// Reports what is to be hidden below a path where there is nothing.
    mutating func leave(_ node: PlanNode, _ path: UnionPath) {
        guard rules.mode == .set || reportsLayers else { return }
        for (name, child) in node.children {
            let path = path.appending(name)
            if !child.cuts.isEmpty { addUnused(Array(child.cuts), path) }
            leave(child, path)
        }
    }

    private mutating func addUnused(_ unused: [UInt32], _ path: UnionPath) {
        if let base, Self.has(base, path) { return }
        let sides = unused.sorted().map { number in
            Conflict.Side(
                package: packages[Int(number)].name,
                id: packages[Int(number)].id,
                mode: nil
            )
        }
        conflicts.append(Conflict(.hole, path, sides))
    }

    private static func has(_ base: any Directory, _ path: UnionPath) -> Bool {
        var node: any Node = base
        for name in path.names {
            guard let directory = node.directory else { return false }
            // Whatever the error: what cannot be found is not hidden either.
            guard let next = try? directory.lookup(name.span.bytes) else { return false }
            node = next
        }
        return true
    }
}
