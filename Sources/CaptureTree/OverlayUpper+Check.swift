import Archive
public import FileTree

extension OverlayUpper {
    /// Makes sure that all of `upper`, an upper directory that is changed for that, can be read.
    ///
    /// To be called for every upper directory before the first is applied: what a command has
    /// closed to its owner, whose files they all are, is opened to him, and how it was is noted.
    ///
    /// What no package can be made of is told then, too: it would be refused if the kernel asked.
    /// `rules` say what is in packages at all.
    ///
    /// Errors: what cannot be read, with its path; then no change has been made of any tree.
    public mutating func check(
        _ upper: any Directory,
        at path: [UInt8],
        _ rules: Rules
    ) throws(FileError) {
        let path = Array(path.drop { $0 == UInt8(ascii: "/") })
        var waiting: [(node: any Node, path: [UInt8], depth: Int)] = [(upper, path, 0)]
        while let (node, path, depth) = waiting.popLast() {
            do throws(FileError) {
                // It is applied by steps within steps.
                guard depth < Self.deepest else {
                    leaveOut(path, "it is too deep: not kept", rules)
                    continue
                }
                try open(node, path, rules)
                let names = try node.directory?.names() ?? []
                // The first comes up first.
                for name in names.reversed() {
                    let below = path.isEmpty ? name : path + [UInt8(ascii: "/")] + name
                    guard let inner = try found(name, in: node, below, rules) else { continue }
                    waiting.append((inner, below, depth + 1))
                }
            } catch {
                throw error.context == nil ? error.at(PathText.display(path)) : error
            }
        }
    }

    /// So many names below an upper directory, and no more: the kernel has no limit there.
    private static var deepest: Int { 1024 }

    /// What a name leads to; nil where its path is longer than the host takes one.
    private mutating func found(
        _ name: [UInt8],
        in node: any Node,
        _ path: [UInt8],
        _ rules: Rules
    ) throws(FileError) -> (any Node)? {
        do throws(FileError) { return try node.directory?.lookup(name.span.bytes) } catch {
            guard error.kind == .nameTooLong else { throw error }
            leaveOut(path, "its path is too long: not kept", rules)
            return nil
        }
    }

    /// Notes what cannot be kept at all, and tells it where it would be of a package.
    private mutating func leaveOut(_ path: [UInt8], _ what: String, _ rules: Rules) {
        unread.insert(path)
        if rules.exports(path) { losses.append(Unpacker.Loss(path: path, what: what)) }
    }

    private mutating func open(
        _ node: any Node,
        _ path: [UInt8],
        _ rules: Rules
    ) throws(FileError) {
        let stat = try node.stat()
        let needed: UInt32 = node.directory != nil ? 0o700 : 0o400
        let permissions = stat.mode.permissions
        if node.directory != nil || node.file != nil, permissions & needed != needed {
            var change = StatChange()
            change.permissions = permissions | needed
            try node.change(change, by: .superuser)
            // A file of several names is met again.
            if modes[stat.qid.path] == nil { modes[stat.qid.path] = permissions }
        }
        if let file = node.file { _ = try file.open(.read) }
        try tellMisfit(node, path, rules)
    }

    private mutating func tellMisfit(
        _ node: any Node,
        _ path: [UInt8],
        _ rules: Rules
    ) throws(FileError) {
        var what: String?
        if !PathReach(of: path).isMember {
            // What is below it is so, too.
            let above = Array(path[..<max(0, MemberPath.nameStart(path) - 1)])
            let isFirst = PathReach(of: above).isMember
            what = isFirst ? "no package has paths of that length or depth" : nil
        } else if node.file != nil || node.directory != nil {
            let own = try Self.attributes(of: node, node.stat())
            if !ExtendedAttribute.fit(own) { what = "no package has room for its attributes" }
        }
        guard let what, rules.exports(path) else { return }
        losses.append(Unpacker.Loss(path: path, what: what))
    }

    /// The attributes of a node as the command has left them.
    func stat(_ node: any Node) throws(FileError) -> Stat {
        var stat = try node.stat()
        if let permissions = modes[stat.qid.path] {
            stat.mode = Mode(stat.mode.type, permissions)
        }
        return stat
    }
}
