import FileTree

/// A file of the base where no package has one, as the view shows it: read-only and masked.
///
/// `@unchecked Sendable`: a class with heirs cannot be `Sendable` plainly; nothing of it changes.
class BaseNode: Node, @unchecked Sendable {
    let view: View
    let container: any Directory
    private let inner: any Node

    fileprivate init(_ view: View, _ inner: any Node, in container: any Directory) {
        self.view = view
        self.inner = inner
        self.container = container
    }

    /// Wraps what the base has in a directory of a union.
    static func make(_ inner: any Node, in container: UnionDirectory) -> any Node {
        make(inner, container.view, container, container.hash)
    }

    /// What the base tells of a node that is shown.
    static func shown(_ found: NamedEntry, _ node: any Node, _ view: View) -> NamedEntry {
        var stat = view.options.masked(found.stat)
        if node.directory != nil { stat.qid.path = node.qidPath }
        return NamedEntry(node, stat)
    }

    fileprivate static func make(
        _ inner: any Node,
        _ view: View,
        _ container: any Directory,
        _ path: UInt64
    ) -> any Node {
        if let directory = inner.directory {
            return BaseDirectory(view, directory, in: container, path)
        }
        if let link = inner.link { return BaseLink(view, link, in: container) }
        if let file = inner.file { return BaseFile(view, file, in: container) }
        return view.options.showsDevices
            ? BaseNode(view, inner, in: container) : BaseBlank(view, inner, in: container)
    }

    // A subclass is not asked for a protocol's default: these have to be its own.
    var file: (any File)? { nil }
    var directory: (any Directory)? { nil }
    var link: (any Link)? { nil }

    var qid: Qid { inner.qid }

    var qidPath: UInt64 { inner.qidPath }

    func stat() throws(FileError) -> Stat { try view.options.masked(inner.stat()) }

    var parent: (any Directory)? { container }

    func withName(_ body: (RawSpan) -> Void) { inner.withName(body) }

    func attribute(_ name: RawSpan) throws(FileError) -> [UInt8] {
        let isShown = name.withUnsafeBytes { view.options.shows(attribute: $0) }
        guard isShown else { throw FileError(.noAttribute) }
        return try inner.attribute(name)
    }

    func attributeNames() throws(FileError) -> [UInt8] {
        let names = try inner.attributeNames().split(separator: 0)
        let shown = names.filter { name in
            name.withUnsafeBytes { view.options.shows(attribute: $0) }
        }
        return shown.flatMap { $0 + [0] }
    }
}

/// A regular file of the base.
///
/// `@unchecked Sendable`: the language has an heir say it again; nothing of it changes.
final class BaseFile: BaseNode, File, @unchecked Sendable {
    private let bytes: any File

    fileprivate init(_ view: View, _ inner: any File, in container: any Directory) {
        bytes = inner
        super.init(view, inner, in: container)
    }

    override var file: (any File)? { self }

    func open(_ mode: OpenMode) throws(FileError) -> any OpenFile {
        guard mode == .read else { throw FileError(.readOnly) }
        return try bytes.open(mode)
    }
}

/// A device, fifo or socket of the base where those are not shown.
///
/// `@unchecked Sendable`: the language has an heir say it again; nothing of it changes.
final class BaseBlank: BaseNode, File, @unchecked Sendable {
    override var file: (any File)? { self }

    func open(_ mode: OpenMode) throws(FileError) -> any OpenFile {
        guard mode == .read else { throw FileError(.readOnly) }
        return HeldBytes()
    }
}

/// A symbolic link of the base.
///
/// `@unchecked Sendable`: the language has an heir say it again; nothing of it changes.
final class BaseLink: BaseNode, Link, @unchecked Sendable {
    private let inner: any Link

    fileprivate init(_ view: View, _ inner: any Link, in container: any Directory) {
        self.inner = inner
        super.init(view, inner, in: container)
    }

    override var link: (any Link)? { self }

    func target() throws(FileError) -> [UInt8] { try inner.target() }
}

/// A directory of the base below which no package has anything.
///
/// `@unchecked Sendable`: the language has an heir say it again; nothing of it changes.
final class BaseDirectory: BaseNode, Directory, @unchecked Sendable {
    private let inner: any Directory
    private let path: UInt64
    private let isRoot: Bool

    fileprivate init(
        _ view: View,
        _ inner: any Directory,
        in container: any Directory,
        _ parent: UInt64
    ) {
        self.inner = inner
        isRoot = false
        var path: UInt64 = 0
        inner.withName { path = Self.qidPath($0, in: parent, view) }
        self.path = path
        super.init(view, inner, in: container)
    }

    /// Makes the same directory the root of a view.
    init(asRoot directory: BaseDirectory) {
        inner = directory.inner
        path = directory.path
        isRoot = true
        super.init(directory.view, directory.inner, in: directory.container)
    }

    /// The qid's path of a directory called `name`: like those of packages it is made of names,
    /// since a directory of the host may be seen at two paths.
    static func qidPath(_ name: RawSpan, in parent: UInt64, _ view: View) -> UInt64 {
        NameHash.path(parent, name.withUnsafeBytes { view.generation.hash($0) })
    }

    override var directory: (any Directory)? { self }

    override var parent: (any Directory)? { isRoot ? nil : container }

    override func withName(_ body: (RawSpan) -> Void) {
        if isRoot { body(rootName.span.bytes) } else { super.withName(body) }
    }

    override var qid: Qid {
        var qid = super.qid
        qid.path = path
        return qid
    }

    override var qidPath: UInt64 { path }

    override func stat() throws(FileError) -> Stat {
        var stat = try super.stat()
        stat.qid.path = path
        return stat
    }

    func lookup(_ name: RawSpan) throws(FileError) -> any Node {
        BaseNode.make(try inner.lookup(name), view, self, path)
    }

    func entry(named name: RawSpan) throws(FileError) -> NamedEntry {
        let found = try inner.entry(named: name)
        return BaseNode.shown(found, BaseNode.make(found.node, view, self, path), view)
    }

    func entries(
        from cookie: UInt64,
        _ body: (borrowing DirectoryEntry, RawSpan) -> Bool
    ) throws(FileError) {
        try inner.entries(from: cookie) { entry, name in
            body(shown(entry, name), name)
        }
    }

    var listsNodes: Bool { inner.listsNodes }

    func listNodes(
        from cookie: UInt64,
        _ body: (borrowing DirectoryEntry, RawSpan, _ node: any Node) -> Bool
    ) throws(FileError) {
        try inner.listNodes(from: cookie) { entry, name, node in
            body(shown(entry, name), name, BaseNode.make(node, view, self, path))
        }
    }

    private func shown(_ entry: borrowing DirectoryEntry, _ name: RawSpan) -> DirectoryEntry {
        var stat = view.options.masked(entry.stat)
        if stat.qid.type.contains(.directory) {
            stat.qid.path = Self.qidPath(name, in: path, view)
        }
        return DirectoryEntry(stat: stat, next: entry.next)
    }
}
