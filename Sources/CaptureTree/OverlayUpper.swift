public import Archive
public import FileTree

/// Reads back what overlayfs has kept of changes, into a tree that keeps them itself.
///
/// What comes of it is what the tree would have if it had been changed by the same calls, with two
/// exceptions: where a file of several names was changed under one of them, overlayfs has taken
/// that name for a file of its own. Such files are changed under all of their names, and told. And
/// where the host's root made the changes a file of another user's is taken for one that was given to
/// him, also when he has made it himself.
public struct OverlayUpper {
    /// What is not as overlayfs has shown it.
    public internal(set) var losses: [Unpacker.Loss] = []
    /// When the first change can have been made: a time before that was set by somebody.
    private let start: Timestamp
    private let maker: Maker
    /// The nodes made of files that have several names.
    private var made: [UInt64: any Node] = [:]
    /// The permissions of files that had to be opened to whoever reads them.
    var modes: [UInt64: UInt32] = [:]
    /// Paths that cannot be kept at all.
    var unread: Set<[UInt8]> = []

    /// Who has made the changes.
    public enum Maker: Sendable {
        /// A user who is nobody else in the view.
        case user
        /// A user who is root in the view: whose files are, beside root's, is noted at them.
        case viewRoot
        /// The host's root: files belong to whom the command gave them, and nothing is noted of that.
        case hostRoot
    }

    /// Makes a reader of changes that were made from `start` on.
    public init(since start: Timestamp, by maker: Maker) {
        self.start = start
        self.maker = maker
    }

    /// Does to the directory at `path` of a tree what `upper`, an upper directory, says.
    ///
    /// `check` comes first, for all that there are.
    ///
    /// Errors: those of both trees, with the path.
    public mutating func apply(
        _ upper: any Directory,
        to root: any Directory,
        at path: [UInt8]
    ) throws(FileError) {
        var target = root
        for name in path.split(separator: UInt8(ascii: "/")).map(Array.init) {
            guard let found = try target.node(named: name.span.bytes)?.directory else {
                target = try target.createDirectory(
                    name.span.bytes,
                    NewNode(permissions: 0o755, uid: 0, gid: 0)
                )
                continue
            }
            target = found
        }
        try apply(upper, to: target, Array(path.drop { $0 == UInt8(ascii: "/") }))
        try setRootAttributes(of: target, from: upper)
    }

    /// Upper directories have these permissions before anything is changed.
    private static let untouched: UInt32 = 0o755

    /// Sets what was said of a directory that has changes of its own; it never was what is below.
    private func setRootAttributes(
        of target: any Directory,
        from upper: any Directory
    ) throws(FileError) {
        let (stat, marks) = (try stat(upper), OverlayMarks(upper))
        // It was made for the view, as root's, and the attributes below are not its.
        let made = Stat(qid: stat.qid, mode: stat.mode)
        var change = owner(stat, marks, over: made)
        if stat.mode.permissions != Self.untouched {
            change.permissions = stat.mode.permissions
        }
        if !change.isEmpty { try target.change(change, by: .superuser) }
    }

    /// Whom the command gave a file to that was as `before` has it.
    private func owner(_ stat: Stat, _ marks: OverlayMarks, over before: Stat) -> StatChange {
        var change = StatChange()
        change.uid = marks.uid
        change.gid = marks.gid
        guard maker == .hostRoot else { return change }
        if stat.uid != before.uid { change.uid = stat.uid }
        if stat.gid != before.gid { change.gid = stat.gid }
        return change
    }

    private mutating func apply(
        _ upper: any Directory,
        to target: any Directory,
        _ path: [UInt8]
    ) throws(FileError) {
        for name in try Self.names(upper) {
            let path = path.isEmpty ? name : path + [UInt8(ascii: "/")] + name
            if unread.contains(path) { continue }
            do throws(FileError) {
                try apply(upper.lookup(name.span.bytes), name, to: target, path)
            } catch {
                throw error.context == nil ? error.at(PathText.display(path)) : error
            }
        }
    }

    private mutating func apply(
        _ node: any Node,
        _ name: [UInt8],
        to target: any Directory,
        _ path: [UInt8]
    ) throws(FileError) {
        let stat = try stat(node)
        let old = try target.node(named: name.span.bytes)
        if stat.mode.type == .characterDevice, stat.device == 0 {
            if let old { try Self.remove(old, name, from: target) }
            return
        }
        if let directory = node.directory {
            return try apply(directory, stat, name, over: old, in: target, path)
        }
        if stat.links > 1, let first = made[stat.qid.path] {
            if let old { try Self.remove(old, name, from: target) }
            return try target.addName(name.span.bytes, for: first)
        }
        var marks = OverlayMarks(node)
        let isFromBelow = OverlayMarks.attribute("user.overlay.origin", of: node) != nil
        if isFromBelow, let owner = marks.owner {
            // Moved, also onto another: it was theirs before.
            let before = try old?.stat()
            if before?.uid != owner.uid || before?.gid != owner.gid {
                marks.uid = marks.uid ?? owner.uid
                marks.gid = marks.gid ?? owner.gid
            }
        }
        let isSame = old.map { isFromBelow || marks.isCopy || $0.link != nil }
        let kept: (any Node)?
        if isSame == true, let old, try old.stat().mode.type == marks.device?.type ?? stat.mode.type
        {
            kept = try change(old, to: node, stat, marks, path)
        } else {
            kept = nil
        }
        if let kept {
            if stat.links > 1 { made[stat.qid.path] = kept }
            return
        }
        // What cannot be read takes nothing away.
        let source = stat.mode.type == .regular ? try node.file?.open(.read) : nil
        if let old { try Self.remove(old, name, from: target) }
        let new = try make(node, source, stat, marks, name, in: target)
        if stat.links > 1 { made[stat.qid.path] = new }
        if marks.isOfSeveral {
            let what = "moved or linked by one of several names: a file of its own"
            losses.append(Unpacker.Loss(path: path, what: what))
        }
        try setOwner(of: new, stat, marks)
        try setAttributes(of: new, from: node, stat, marks, isNew: true)
    }

    /// Makes a file that was there what `node` is; nil where it cannot become that.
    private mutating func change(
        _ old: any Node,
        to node: any Node,
        _ stat: Stat,
        _ marks: OverlayMarks,
        _ path: [UInt8]
    ) throws(FileError) -> (any Node)? {
        switch marks.device?.type ?? stat.mode.type {
        case .characterDevice, .blockDevice:
            guard try old.stat().device == marks.device?.number else { return nil }
        case .regular:
            guard let file = old.file, let new = node.file else { return nil }
            let before = try old.stat()
            if try !Self.isSame(file, before.size, new, stat.size) {
                try Self.copy(new.open(.read), stat.size, to: file)
                if before.links > 1 {
                    let what = "changed under one of \(before.links) names: under all of them"
                    losses.append(Unpacker.Loss(path: path, what: what))
                }
            }
        case .symlink:
            guard try old.link?.target() == node.link?.target() else { return nil }
        default: return nil
        }
        try setOwner(of: old, stat, marks)
        try setAttributes(of: old, from: node, stat, marks, isNew: false)
        return old
    }

    private mutating func apply(
        _ directory: any Directory,
        _ stat: Stat,
        _ name: [UInt8],
        over old: (any Node)?,
        in target: any Directory,
        _ path: [UInt8]
    ) throws(FileError) {
        let marks = OverlayMarks(directory)
        let isOpaque =
            OverlayMarks.attribute("user.overlay.opaque", of: directory) == Array("y".utf8)
        if let below = old?.directory, !isOpaque {
            try setOwner(of: below, stat, marks)
            try apply(directory, to: below, path)
            return try setAttributes(of: below, from: directory, stat, marks, isNew: false)
        }
        if let old { try Self.remove(old, name, from: target) }
        let made = try target.createDirectory(
            name.span.bytes,
            try attributes(stat, marks, in: target)
        )
        try setOwner(of: made, stat, marks)
        try apply(directory, to: made, path)
        try setAttributes(of: made, from: directory, stat, marks, isNew: true)
    }

    private func make(
        _ node: any Node,
        _ source: (any OpenFile)?,
        _ stat: Stat,
        _ marks: OverlayMarks,
        _ name: [UInt8],
        in target: any Directory
    ) throws(FileError) -> any Node {
        let new = try attributes(stat, marks, in: target)
        if let device = marks.device {
            return try target.createNode(
                name.span.bytes,
                type: device.type,
                device: device.number,
                new
            )
        }
        switch stat.mode.type {
        case .regular:
            let file = try target.createFile(name.span.bytes, new)
            if let source, stat.size > 0 { try Self.copy(source, stat.size, to: file) }
            return file
        case .symlink:
            let text = try node.link?.target() ?? []
            return try target.createLink(name.span.bytes, to: text.span.bytes, new)
        default:
            return try target.createNode(
                name.span.bytes,
                type: stat.mode.type,
                device: stat.device,
                new
            )
        }
    }

    /// What a file is made with: whose it is then, nobody has said.
    private func attributes(
        _ stat: Stat,
        _ marks: OverlayMarks,
        in directory: any Directory
    ) throws(FileError) -> NewNode {
        let permissions = stat.mode.permissions
        switch maker {
        case .user: return NewNode(permissions: permissions, uid: stat.uid, gid: stat.gid)
        case .viewRoot:
            let (uid, gid) = marks.owner ?? (0, 0)
            return NewNode(permissions: permissions, uid: uid, gid: gid)
        case .hostRoot: break
        }
        let above = try directory.stat()
        let handsDown = above.mode.permissions & Mode.setGroup != 0
        return NewNode(permissions: permissions, uid: 0, gid: handsDown ? above.gid : 0)
    }

    /// Sets whose a file is and what may be done with it, where that is other than it was; of a
    /// directory before anything is made in it, which it may hand its group down to.
    private func setOwner(
        of target: any Node,
        _ stat: Stat,
        _ marks: OverlayMarks
    ) throws(FileError) {
        let owner = owner(stat, marks, over: try target.stat())
        if !owner.isEmpty { try target.change(owner, by: .superuser) }
        // To be given to another takes set-id bits.
        if stat.mode.type == .symlink { return }
        var change = StatChange()
        change.permissions = stat.mode.permissions
        let known = try target.stat().mode.permissions
        if change.permissions != known { try target.change(change, by: .superuser) }
    }

    /// Sets times and attributes that are other than they were; a time only where it can be no
    /// clock's.
    private func setAttributes(
        of target: any Node,
        from node: any Node,
        _ stat: Stat,
        _ marks: OverlayMarks,
        isNew: Bool
    ) throws(FileError) {
        let before = try target.stat()
        var change = StatChange()
        let isDirectory = stat.mode.type == .directory
        if before.modified != stat.modified, isNew || !isDirectory && stat.modified < start {
            change.modified = .at(stat.modified)
        }
        if !change.isEmpty { try target.change(change, by: .superuser) }
        if stat.mode.type == .symlink { return }
        let own = try Self.attributes(of: node, stat)
        let old = try ExtendedAttribute.portable(of: target)
        for attribute in own where !old.contains(attribute) {
            try target.setAttribute(attribute.name.span.bytes, to: attribute.value)
        }
        for attribute in old where !own.contains(where: { $0.name == attribute.name }) {
            // Of a file that had to be copied the copy has users' attributes alone.
            if marks.isCopy, !attribute.name.starts(with: "user.".utf8) { continue }
            try target.setAttribute(attribute.name.span.bytes, to: nil)
        }
    }

    /// The attributes that a file has beside ours and the kernel's.
    static func attributes(
        of node: any Node,
        _ stat: Stat
    ) throws(FileError) -> [ExtendedAttribute] {
        try ExtendedAttribute.portable(of: node).filter { !OverlayMarks.isMark($0.name) }
            .map { $0.within(namespaceOf: stat.uid) }
    }

    // MARK: Trees

    private static func names(_ directory: any Directory) throws(FileError) -> [[UInt8]] {
        try directory.names().sorted(by: MemberPath.precedes)
    }

    private static func remove(
        _ node: any Node,
        _ name: [UInt8],
        from directory: any Directory
    ) throws(FileError) {
        if let inner = node.directory {
            for child in try names(inner) {
                try remove(inner.lookup(child.span.bytes), child, from: inner)
            }
        }
        try directory.remove(name.span.bytes, expected: .any)
    }
}
