import FileTree

extension PlainView {
    /// The most links on the way to one file, as Linux has it.
    private static var mostHops: Int { 40 }

    /// What stands for a link that was found in `directory`.
    func show(_ link: any Link, in directory: any Directory) throws(FileError) -> any Node {
        switch links {
        case .hide: throw FileError(.notFound)
        case .text: return try LinkText(link, in: directory)
        case .follow: break
        }
        let target: any Node
        do {
            var hops = 0
            target = try resolve(link, &hops)
        } catch {
            // Dangling, cyclic, or not for this user: shown as what it says.
            return try LinkText(link, in: directory)
        }
        if let end = target.directory {
            guard !isAncestor(end, of: directory) else { return try LinkText(link, in: directory) }
            return FollowedDirectory(end, named: link, in: directory)
        }
        guard let file = target.file else { return try LinkText(link, in: directory) }
        return FollowedFile(file, named: link, in: directory)
    }

    /// Follows a link to its end, inside the attached tree.
    private func resolve(_ link: any Link, _ hops: inout Int) throws(FileError) -> any Node {
        hops += 1
        guard hops <= Self.mostHops else { throw FileError(.tooManyLinks) }
        let target = try link.target()
        var node: any Node = root
        if target.first != UInt8(ascii: "/"), let start = link.parent { node = start }
        for part in target.split(separator: UInt8(ascii: "/")) {
            let name = Array(part)
            guard let directory = node.directory else { throw FileError(.notDirectory) }
            try checkWalk(directory)
            if name == [UInt8(ascii: ".")] { continue }
            if name == Array("..".utf8) {
                if !isRoot(directory), let parent = directory.parent { node = parent }
                continue
            }
            guard name.withUnsafeBytes(FileName.isLegal) else { throw FileError(.illegalName) }
            node = try directory.lookup(name.span.bytes)
            if let next = node.link { node = try resolve(next, &hops) }
        }
        return node
    }

    private func isRoot(_ directory: any Directory) -> Bool {
        directory.qid.path == root.qid.path
    }

    /// Whether a client that goes into `target` at `place` would come by `target` again.
    private func isAncestor(_ target: any Directory, of place: any Directory) -> Bool {
        var step: (any Directory)? = place
        while let directory = step {
            if FollowedDirectory.base(of: directory).qid.path == target.qid.path { return true }
            if isRoot(directory) { return false }
            step = directory.parent
        }
        return false
    }
}
