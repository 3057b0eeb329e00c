public import FileTree

/// Copies a tree by the means that every tree has.
public enum TreeCopy {
    /// Copies all that is below `source`, and its own attributes, to `target`, an empty directory.
    public static func copy(_ source: any Directory, to target: any Directory) throws(FileError) {
        var seen: [UInt64: any Node] = [:]
        try copy(source, to: target, &seen)
        try setAttributes(of: target, to: source.stat())
    }

    private static func copy(
        _ source: any Directory,
        to target: any Directory,
        _ seen: inout [UInt64: any Node]
    ) throws(FileError) {
        for name in try TreeText.names(source) {
            let node = try source.lookup(name.span.bytes)
            let stat = try node.stat()
            if stat.links > 1, stat.mode.type != .directory, let first = seen[stat.qid.path] {
                try target.addName(name.span.bytes, for: first)
                continue
            }
            let new = NewNode(permissions: 0o600, uid: 0, gid: 0)
            let made: any Node
            if let directory = node.directory {
                let made_ = try target.createDirectory(name.span.bytes, new)
                try copy(directory, to: made_, &seen)
                made = made_
            } else if let file = node.file {
                let copy = try target.createFile(name.span.bytes, new)
                let bytes = try TreeText.bytes(file)
                if !bytes.isEmpty { try copy.open(.write).write(bytes.span.bytes, at: 0) }
                made = copy
            } else if let link = node.link {
                let text = try link.target()
                made = try target.createLink(name.span.bytes, to: text.span.bytes, new)
            } else {
                made = try target.createNode(
                    name.span.bytes,
                    type: stat.mode.type,
                    device: stat.device,
                    new
                )
            }
            try setAttributes(of: made, to: stat)
            seen[stat.qid.path] = made
        }
    }

    private static func setAttributes(of node: any Node, to stat: FileTree.Stat) throws(FileError) {
        var change = StatChange()
        if stat.mode.type != .symlink { change.permissions = stat.mode.permissions }
        change.uid = stat.uid
        change.gid = stat.gid
        change.modified = .at(stat.modified)
        try node.change(change, by: .superuser)
    }
}
