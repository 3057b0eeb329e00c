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
        do throws(FileError) { try open(upper, path, rules) } catch {
            throw error.context == nil ? error.at(PathText.display(path)) : error
        }
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
        guard let directory = node.directory else { return }
        for name in try directory.names() {
            let path = path.isEmpty ? name : path + [UInt8(ascii: "/")] + name
            do throws(FileError) {
                try open(directory.lookup(name.span.bytes), path, rules)
            } catch {
                throw error.context == nil ? error.at(PathText.display(path)) : error
            }
        }
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
            let own = try ExtendedAttribute.portable(of: node).filter {
                !OverlayMarks.isMark($0.name)
            }
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
