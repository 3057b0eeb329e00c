import CaptureTree
package import FileTree
package import UnionTree

/// Directories of other trees that are seen in a view, whatever its packages have there.
package struct ViewMounts: Sendable {
    /// Opens such a directory.
    package typealias Open = @Sendable () throws(FileError) -> any Directory

    private var list: [(path: UnionPath, open: Open)] = []

    package init() {}

    /// Adds a directory, which `open` gives, at a path from the root of the packages.
    package mutating func add(_ path: UnionPath, _ open: @escaping Open) {
        list.append((path, open))
    }

    /// Lays them over a view that begins at `sub`.
    ///
    /// Errors: `.unsupported` for a view that begins in one of them; those of opening them.
    package func lay(
        over attachment: Attachment,
        from sub: UnionPath = UnionPath()
    ) throws(FileError) -> Attachment {
        var rules = Rules()
        var opens: [[UInt8]: Open] = [:]
        for (path, open) in list {
            guard !sub.names.starts(with: path.names) else {
                throw FileError(.unsupported, "sub=\(sub): it is in \(path)")
            }
            guard path.names.starts(with: sub.names) else { continue }
            let rest = path.names.dropFirst(sub.names.count)
            let bytes = Array(rest.joined(separator: [UInt8(ascii: "/")]))
            rules.append(Rules.Rule(.through, PathPattern(folder: bytes)))
            opens[bytes] = open
        }
        if opens.isEmpty { return attachment }
        var options = RuledTree.Options()
        options.showsWays = true
        let known = opens
        options.through = { (path) throws(FileError) in
            guard let open = known[path] else { throw FileError(.notFound) }
            return try open()
        }
        let tree = try RuledTree(
            over: attachment.root,
            in: attachment.tree,
            rules: rules,
            options
        )
        return Attachment(root: tree.root, tree: tree, links: attachment.links)
    }
}
