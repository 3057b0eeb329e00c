import FileTree

/// A node of a capture, or of a directory mounted in it, under the rules that hold there.
///
/// `@unchecked Sendable`: a class with heirs cannot be `Sendable` plainly; nothing of it changes.
class RuledNode: Node, @unchecked Sendable {
    let tree: RuledTree
    let inner: any Node
    /// The mount that the node is in; nil for the capture itself.
    let mount: Mount?

    fileprivate init(_ tree: RuledTree, _ inner: any Node, _ mount: Mount?) {
        self.tree = tree
        self.inner = inner
        self.mount = mount
    }

    static func make(_ tree: RuledTree, _ inner: any Node, _ mount: Mount?) -> RuledNode {
        if let directory = inner.directory { return RuledDirectory(tree, directory, mount) }
        if let file = inner.file { return RuledFile(tree, file, mount) }
        if let link = inner.link { return RuledLink(tree, link, mount) }
        return RuledNode(tree, inner, mount)
    }

    // A subclass is not asked for a protocol's default: these have to be its own.
    var file: (any File)? { nil }
    var directory: (any Directory)? { nil }
    var link: (any Link)? { nil }

    var qid: Qid { mount?.shown(inner.qid) ?? inner.qid }

    var qidPath: UInt64 { mount?.shown(path: inner.qidPath) ?? inner.qidPath }

    func stat() throws(FileError) -> Stat {
        let stat = try inner.stat()
        return mount?.shown(stat) ?? stat
    }

    /// The names that lead to it now.
    var path: [[UInt8]] {
        var names: [[UInt8]] = []
        var node = inner
        while let parent = node.parent {
            node.withName { names.append(Array($0)) }
            node = parent
        }
        return (mount?.path ?? []) + names.reversed()
    }

    /// Whether it is the directory at which another tree is seen.
    private var isMountPoint: Bool { mount != nil && inner.parent == nil }

    var parent: (any Directory)? {
        if let parent = inner.parent { return RuledDirectory(tree, parent, mount) }
        guard let mount else { return nil }
        // Nothing there may have that name: the directory above is the nearest that there is.
        var directory: any Directory = tree.root
        for name in mount.path.dropLast() {
            guard let next = try? directory.lookup(name.span.bytes).directory else { break }
            directory = next
        }
        return directory
    }

    func withName(_ body: (RawSpan) -> Void) {
        guard isMountPoint, let mount else { return inner.withName(body) }
        let name = mount.name
        body(name.span.bytes)
    }

    /// Refuses a change where a rule denies it.
    func checkChange() throws(FileError) {
        if mount?.isWay == true { throw FileError(.readOnly) }
        let mounts = tree.mounts
        if mounts.denies, mounts.denies(path) { throw FileError(.readOnly) }
    }

    func change(_ change: StatChange, by user: User) throws(FileError) {
        if !change.isEmpty { try checkChange() }
        try inner.change(change, by: user)
    }

    func attribute(_ name: RawSpan) throws(FileError) -> [UInt8] { try inner.attribute(name) }

    func attributeNames() throws(FileError) -> [UInt8] { try inner.attributeNames() }

    func setAttribute(_ name: RawSpan, to value: [UInt8]?) throws(FileError) {
        try checkChange()
        try inner.setAttribute(name, to: value)
    }

    func sync() throws(FileError) { try inner.sync() }
}

/// A file of bytes under rules.
///
/// `@unchecked Sendable`: the language has an heir say it again; nothing of it changes.
final class RuledFile: RuledNode, File, @unchecked Sendable {
    private let bytes: any File

    init(_ tree: RuledTree, _ inner: any File, _ mount: Mount?) {
        bytes = inner
        super.init(tree, inner, mount)
    }

    override var file: (any File)? { self }

    func open(_ mode: OpenMode) throws(FileError) -> any OpenFile {
        if !mode.isDisjoint(with: [.write, .truncate]) { try checkChange() }
        return try bytes.open(mode)
    }
}

/// A link under rules.
///
/// `@unchecked Sendable`: the language has an heir say it again; nothing of it changes.
final class RuledLink: RuledNode, Link, @unchecked Sendable {
    private let inside: any Link

    init(_ tree: RuledTree, _ inner: any Link, _ mount: Mount?) {
        inside = inner
        super.init(tree, inner, mount)
    }

    override var link: (any Link)? { self }

    func target() throws(FileError) -> [UInt8] { try inside.target() }
}

/// A directory under rules; see `RuledDirectory+Directory.swift`.
///
/// `@unchecked Sendable`: the language has an heir say it again; nothing of it changes.
final class RuledDirectory: RuledNode, @unchecked Sendable {
    let names: any Directory

    init(_ tree: RuledTree, _ inner: any Directory, _ mount: Mount?) {
        names = inner
        super.init(tree, inner, mount)
    }

    override var directory: (any Directory)? { self }
}
