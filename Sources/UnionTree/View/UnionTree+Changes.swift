import Archive
public import FileTree

/// A path that is another in one view than in another, or is in one alone.
public struct PathChange: Sendable, Hashable {
    /// What became of it.
    public enum Kind: Sendable {
        /// It is there now.
        case added
        /// It is there no more.
        case gone
        /// It has other bytes, another target, type, mode, owner or attributes.
        case changed
    }

    /// From the root, without a slash in front.
    public var path: [UInt8]
    /// What became of it.
    public var kind: Kind
}

extension UnionTree {
    /// What becomes of paths when a view takes the place of another: of all that packages and rules
    /// come to, sorted; times aside.
    ///
    /// Both are roots of union trees without a base. Where both have one package's directory
    /// nothing below it is looked at. Errors: those of reading files whose hashes are not known.
    public static func changes(
        from old: any Directory,
        to new: any Directory
    ) throws(FileError) -> [PathChange] {
        var changes: [PathChange] = []
        var pending = [(path: [UInt8](), old: Optional(old), new: Optional(new))]
        while let next = pending.popLast() {
            if let old = next.old, let new = next.new, areOne(old, new) { continue }
            var before = try entries(next.old)
            let after = try entries(next.new)
            func path(_ name: [UInt8]) -> [UInt8] {
                next.path.isEmpty ? name : next.path + [UInt8(ascii: "/")] + name
            }
            for (name, stat) in after {
                let path = path(name)
                let node = try next.new?.lookup(name.span.bytes)
                guard let was = before.removeValue(forKey: name) else {
                    changes.append(PathChange(path: path, kind: .added))
                    if let below = node?.directory { pending.append((path, nil, below)) }
                    continue
                }
                let former = try next.old?.lookup(name.span.bytes)
                if let node, let former, try !isSame(former, was, node, stat) {
                    changes.append(PathChange(path: path, kind: .changed))
                }
                let (above, below) = (former?.directory, node?.directory)
                if above != nil || below != nil { pending.append((path, above, below)) }
            }
            for name in before.keys {
                changes.append(PathChange(path: path(name), kind: .gone))
                let node = try next.old?.lookup(name.span.bytes)
                if let above = node?.directory { pending.append((path(name), above, nil)) }
            }
        }
        return changes.sorted { $0.path.lexicographicallyPrecedes($1.path) }
    }

    private static func entries(
        _ directory: (any Directory)?
    ) throws(FileError) -> [[UInt8]: Stat] {
        guard let directory else { return [:] }
        var entries: [[UInt8]: Stat] = [:]
        try directory.entries(from: 0) { entry, name in
            entries[Array(name)] = entry.stat
            return true
        }
        return entries
    }

    private static func isSame(
        _ a: any Node,
        _ was: Stat,
        _ b: any Node,
        _ stat: Stat
    ) throws(FileError) -> Bool {
        guard was.mode == stat.mode, was.uid == stat.uid, was.gid == stat.gid,
            was.device == stat.device
        else { return false }
        if stat.mode.type != .directory, was.qid.path == stat.qid.path, a.link == nil {
            return true
        }
        guard try attributes(a) == attributes(b) else { return false }
        switch stat.mode.type {
        case .symlink: return try a.link?.target() == b.link?.target()
        case .regular:
            guard was.size == stat.size else { return false }
            if stat.size == 0 { return true }
            return try hash(a) == hash(b)
        default: return true
        }
    }

    private static func attributes(_ node: any Node) throws(FileError) -> [[UInt8]] {
        let names = try node.attributeNames()
        var all = [names]
        for name in names.split(separator: 0) {
            all.append(try node.attribute(Array(name).span.bytes))
        }
        return all
    }

    private static func hash(_ node: any Node) throws(FileError) -> ContentID? {
        guard let node = node as? UnionFile,
            let inode = node.view.generation.inode(node.place.entry)
        else { return nil }
        let package = node.view.generation.packages[Int(node.place.entry.package)]
        return try package.unionHash(inode.number)
    }
}
