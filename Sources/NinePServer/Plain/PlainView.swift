import FileTree

/// A tree as plain 9P2000 clients see it, which know no symbolic links and not every name.
///
/// A link is shown as what it leads to inside the attached tree, as a file that holds the
/// target's text, or not at all. Nodes are wrapped only where a link is: a walk that meets none
/// costs what it costs without a view.
struct PlainView: Sendable {
    let root: any Directory
    let links: LinkView
    let user: User

    /// Makes the view of an attached tree.
    init(_ attachment: Attachment, user: User) {
        root = attachment.root
        links = attachment.links
        self.user = user
    }

    /// Steps down as `Directory.walk` does, through links where they are followed.
    func walk(
        from directory: any Directory,
        _ names: PathNames,
        _ qids: inout WalkedQids
    ) throws(FileError) -> any Node {
        if Self.areOrdinary(names) {
            var found = WalkedQids()
            let node: (any Node)?
            let failure: FileError?
            do {
                node = try directory.walk(names, &found)
                failure = nil
            } catch {
                node = nil
                failure = error
            }
            if !Self.hasLink(found) {
                for index in 0..<found.count { qids.append(found[index]) }
                if let node { return Self.plain(node) }
                if let failure { throw failure }
            }
        }
        var node: any Node = directory
        var names = names
        while let name = names.next() {
            guard let directory = node.directory else { throw FileError(.notDirectory) }
            try checkWalk(directory)
            let next = try step(from: directory, name)
            qids.append(next.qid)
            node = next
        }
        return node
    }

    /// Refuses a step from a directory that this user may not walk.
    func checkWalk(_ directory: any Directory) throws(FileError) {
        if user.isOwner { return }
        let stat = try directory.stat()
        guard user.may(.execute, stat) else { throw FileError(.permission) }
    }

    /// Finds one name as the client spells it.
    func step(
        from directory: any Directory,
        _ name: UnsafeRawBufferPointer
    ) throws(FileError) -> any Node {
        let node: any Node
        if !PlainName.isOrdinary(name) {
            guard let name = PlainName.unescape(name), name.withUnsafeBytes(FileName.isLegal)
            else { throw FileError(.notFound) }
            node = try directory.lookup(name.span.bytes)
        } else {
            node = try directory.lookup(name.bytes)
        }
        guard let link = node.link else { return Self.plain(node) }
        return try show(link, in: directory)
    }

    /// A device, fifo or socket as a file that nobody may open; anything else as it is.
    private static func plain(_ node: any Node) -> any Node {
        guard node.file == nil, node.directory == nil, node.link == nil else { return node }
        return OpaqueFile(node)
    }

    /// Shows entries as `Directory.entries` does, names as they are to be spelled.
    func entries(
        of directory: any Directory,
        from cookie: UInt64,
        _ body: (borrowing DirectoryEntry, RawSpan) -> Bool
    ) throws(FileError) {
        var failure: FileError?
        try directory.entries(from: cookie) { entry, name in
            var stat = entry.stat
            if stat.mode.type == .symlink {
                if links == .hide { return true }
                do throws(FileError) {
                    guard let link = try directory.lookup(name).link else { return true }
                    stat = try show(link, in: directory).stat()
                } catch {
                    // Gone since it was listed.
                    if error.kind == .notFound { return true }
                    failure = error
                    return false
                }
            } else if stat.mode.type != .regular, stat.mode.type != .directory {
                stat = OpaqueFile.shown(stat)
            } else if stat.mode.type == .directory {
                // Below a followed link a directory has a qid of its own.
                if let followed = directory as? FollowedDirectory {
                    stat.qid.path = followed.childPath(name)
                }
            }
            let shown = DirectoryEntry(stat: stat, next: entry.next)
            return Self.spell(name) { body(shown, $0) }
        }
        if let failure { throw failure }
    }

    /// Shows a node's name as it is spelled.
    func withName(of node: any Node, _ body: (RawSpan) -> Void) {
        node.withName { name in Self.spell(name, body) }
    }

    private static func spell<Result>(_ name: RawSpan, _ body: (RawSpan) -> Result) -> Result {
        let escaped = name.withUnsafeBytes { PlainName.isPlain($0) ? nil : PlainName.escape($0) }
        guard let escaped else { return body(name) }
        return body(escaped.span.bytes)
    }

    private static func areOrdinary(_ names: PathNames) -> Bool {
        var names = names
        while let name = names.next() {
            if !PlainName.isOrdinary(name) { return false }
        }
        return true
    }

    private static func hasLink(_ qids: WalkedQids) -> Bool {
        for index in 0..<qids.count where qids[index].type.contains(.symlink) { return true }
        return false
    }
}
