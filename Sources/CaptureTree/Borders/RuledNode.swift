import FileTree

/// A node of a capture, or of a directory mounted in it, under the rules that hold there.
protocol RuledNode: Node {
    var tree: RuledTree { get }
    var inner: any Node { get }
    /// The mount that the node is in; nil for the capture itself.
    var mount: Mount? { get }
}

extension RuledTree {
    /// The node that shows one of the capture, or one of a mount, under the rules.
    func node(_ inner: any Node, _ mount: Mount?) -> any Node {
        if let directory = inner.directory { return RuledDirectory(self, directory, mount) }
        if let file = inner.file { return RuledFile(self, file, mount) }
        if let link = inner.link { return RuledLink(self, link, mount) }
        return RuledDevice(self, inner, mount)
    }
}

extension RuledNode {
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

/// A device, fifo or socket under rules.
final class RuledDevice: RuledNode {
    let tree: RuledTree
    let inner: any Node
    let mount: Mount?

    fileprivate init(_ tree: RuledTree, _ inner: any Node, _ mount: Mount?) {
        self.tree = tree
        self.inner = inner
        self.mount = mount
    }
}

/// A file of bytes under rules.
final class RuledFile: RuledNode, File {
    let tree: RuledTree
    private let bytes: any File
    let mount: Mount?

    init(_ tree: RuledTree, _ inner: any File, _ mount: Mount?) {
        self.tree = tree
        bytes = inner
        self.mount = mount
    }

    var inner: any Node { bytes }

    func open(_ mode: OpenMode) throws(FileError) -> any OpenFile {
        if !mode.isDisjoint(with: [.write, .truncate]) { try checkChange() }
        return try bytes.open(mode)
    }
}

/// A link under rules.
final class RuledLink: RuledNode, Link {
    let tree: RuledTree
    private let inside: any Link
    let mount: Mount?

    init(_ tree: RuledTree, _ inner: any Link, _ mount: Mount?) {
        self.tree = tree
        inside = inner
        self.mount = mount
    }

    var inner: any Node { inside }

    func target() throws(FileError) -> [UInt8] { try inside.target() }
}

/// A directory under rules; see `RuledDirectory+Directory.swift`.
final class RuledDirectory: RuledNode {
    let tree: RuledTree
    let names: any Directory
    let mount: Mount?

    init(_ tree: RuledTree, _ inner: any Directory, _ mount: Mount?) {
        self.tree = tree
        names = inner
        self.mount = mount
    }

    var inner: any Node { names }
}
