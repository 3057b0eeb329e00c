import FileTree

/// A look at all that a tree has, whatever it answers: one that was made of broken bytes may say
/// anything, and do no harm.
enum HostileVisit {
    /// Visits no more nodes than that.
    static func of(_ directory: any Directory, nodes: Int) {
        var left = nodes
        visit(directory, &left)
    }

    private static func visit(_ directory: any Directory, _ left: inout Int) {
        var names: [[UInt8]] = []
        // Errors are as good as answers here.
        try? directory.entries(from: 0) { _, name in
            names.append(Array(name))
            return names.count < 100
        }
        for name in names where left > 0 {
            left -= 1
            guard let node = try? directory.lookup(name.span.bytes) else { continue }
            _ = try? node.stat()
            _ = try? node.attributeNames()
            _ = node.parent?.parent?.qid
            _ = try? node.link?.target()
            _ = try? node.file?.open(.read)
            if let next = node.directory { visit(next, &left) }
        }
    }
}
