import Archive
import FileTree

extension TableBuilder {
    /// Adds what the candidates of one name come to, if anything.
    mutating func resolve(
        _ group: [TableEntry],
        _ name: [UInt8],
        _ node: PlanNode?,
        in directory: Int
    ) throws(FileError) {
        let spot = Spot(directory: directory, name: name)
        var candidates = group
        var hidesBase = false
        if let node {
            if !node.moved.isEmpty {
                candidates += node.moved
                candidates.sort { ($0.package, $0.number) < ($1.package, $1.number) }
            }
            let all = candidates
            candidates = node.visible(all, rules.mode)
            hide(all, but: candidates)
            hidesBase = !node.cuts.isEmpty
            if hidesBase { try checkCut(node, all, candidates, spot) }
            if let alias = node.alias {
                return try resolveAlias(alias, candidates, name, in: directory)
            }
        }
        let choice =
            switch rules.mode {
            case .set: try chooseOfSet(candidates, spot)
            case .stack: try chooseOfStack(candidates, spot)
            }
        switch choice {
        case .file(let entry):
            if rules.mode == .set, candidates.count > 1 {
                parts.addRivals(candidates, in: directory)
            }
            parts.append(entry, name)
            if let node { leave(node, path(spot)) }
        case .directories(let found, let hidesMore):
            if rules.mode == .set, found.count < candidates.count {
                parts.addRivals(candidates, in: directory)
            }
            if found.count == 1, node == nil, !hidesMore {
                parts.append(found[0], name)
                return
            }
            var record = DirectoryRecord()
            if hidesBase || hidesMore { record.flags |= DirectoryRecord.hidesBase }
            try add(record, found, node, name, in: directory)
        case .nothing:
            guard let node else { return }
            var record = DirectoryRecord()
            if node.isReal {
                if hidesBase { record.flags |= DirectoryRecord.hidesBase }
                try add(record, [], node, name, in: directory)
            } else if hidesBase || base == nil || node.children.isEmpty {
                leave(node, path(spot))
                guard hidesBase, base != nil else { return }
                addExtra(TableEntry.hole, name, [])
            } else {
                record.flags |= DirectoryRecord.needsBase
                try add(record, [], node, name, in: directory)
            }
        }
    }

    private mutating func resolveAlias(
        _ alias: PlanNode.Alias,
        _ candidates: [TableEntry],
        _ name: [UInt8],
        in directory: Int
    ) throws(FileError) {
        let path = path(directory).appending(name)
        let above = self.path(directory)
        var sides: [Conflict.Side] = []
        for candidate in candidates {
            let (index, inode) = file(candidate)
            if inode.mode.type == .directory { continue }
            hide(candidate)
            if inode.mode.type == .symlink,
                let target = above.resolve(Array(index.linkTarget(inode))),
                try plan.canonical(target) == alias.to
            {
                continue
            }
            sides.append(side(candidate))
        }
        if !sides.isEmpty {
            let detail = "it is in the way of the alias to \(alias.to)"
            conflicts.append(Conflict(.alias, path, sides, detail: detail))
        }
        if let link = alias.link { addExtra(TableEntry.link, name, link) }
    }
}
