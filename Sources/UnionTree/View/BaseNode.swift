import FileTree

/// A file of the base where no package has one, as the view shows it: read-only and masked.
protocol BaseNode: Node {
    var view: View { get }
    var container: any Directory { get }
    var inner: any Node { get }
}

extension View {
    /// Wraps what the base has in a directory of a union.
    func node(ofBase inner: any Node, in container: UnionDirectory) -> any Node {
        node(ofBase: inner, in: container, container.hash)
    }

    fileprivate func node(
        ofBase inner: any Node,
        in container: any Directory,
        _ path: UInt64
    ) -> any Node {
        if let directory = inner.directory {
            return BaseDirectory(self, directory, in: container, path)
        }
        if let link = inner.link { return BaseLink(self, link, in: container) }
        if let file = inner.file { return BaseFile(self, file, in: container) }
        return options.showsDevices
            ? BaseDevice(self, inner, in: container) : BaseBlank(self, inner, in: container)
    }

    /// What the base tells of a node that is shown.
    func shown(_ found: NamedEntry, _ node: any Node) -> NamedEntry {
        var stat = options.masked(found.stat)
        if node.directory != nil { stat.qid.path = node.qidPath }
        return NamedEntry(node, stat)
    }
}

extension BaseNode {
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

/// A device, fifo or socket of the base where those are shown.
final class BaseDevice: BaseNode {
    let view: View
    let inner: any Node
    let container: any Directory

    fileprivate init(_ view: View, _ inner: any Node, in container: any Directory) {
        self.view = view
        self.inner = inner
        self.container = container
    }
}

/// A regular file of the base.
final class BaseFile: BaseNode, File {
    let view: View
    private let bytes: any File
    let container: any Directory

    fileprivate init(_ view: View, _ inner: any File, in container: any Directory) {
        self.view = view
        bytes = inner
        self.container = container
    }

    var inner: any Node { bytes }

    func open(_ mode: OpenMode) throws(FileError) -> any OpenFile {
        guard mode == .read else { throw FileError(.readOnly) }
        return try bytes.open(mode)
    }
}

/// A device, fifo or socket of the base where those are not shown.
final class BaseBlank: BaseNode, File {
    let view: View
    let inner: any Node
    let container: any Directory

    fileprivate init(_ view: View, _ inner: any Node, in container: any Directory) {
        self.view = view
        self.inner = inner
        self.container = container
    }

    func open(_ mode: OpenMode) throws(FileError) -> any OpenFile {
        guard mode == .read else { throw FileError(.readOnly) }
        return HeldBytes()
    }
}

/// A symbolic link of the base.
final class BaseLink: BaseNode, Link {
    let view: View
    private let inside: any Link
    let container: any Directory

    fileprivate init(_ view: View, _ inner: any Link, in container: any Directory) {
        self.view = view
        inside = inner
        self.container = container
    }

    var inner: any Node { inside }

    func target() throws(FileError) -> [UInt8] { try inside.target() }
}

/// A directory of the base below which no package has anything.
final class BaseDirectory: BaseNode, Directory {
    let view: View
    private let names: any Directory
    let container: any Directory
    private let path: UInt64
    private let isRoot: Bool

    fileprivate init(
        _ view: View,
        _ inner: any Directory,
        in container: any Directory,
        _ parent: UInt64
    ) {
        self.view = view
        names = inner
        self.container = container
        isRoot = false
        var path: UInt64 = 0
        inner.withName { path = Self.qidPath($0, in: parent, view) }
        self.path = path
    }

    /// Makes the same directory the root of a view.
    init(asRoot directory: BaseDirectory) {
        view = directory.view
        names = directory.names
        container = directory.container
        path = directory.path
        isRoot = true
    }

    /// The qid's path of a directory called `name`: like those of packages it is made of names,
    /// since a directory of the host may be seen at two paths.
    static func qidPath(_ name: RawSpan, in parent: UInt64, _ view: View) -> UInt64 {
        NameHash.path(parent, name.withUnsafeBytes { view.generation.hash($0) })
    }

    var inner: any Node { names }

    var parent: (any Directory)? { isRoot ? nil : container }

    func withName(_ body: (RawSpan) -> Void) {
        if isRoot { body(rootName.span.bytes) } else { names.withName(body) }
    }

    var qid: Qid {
        var qid = names.qid
        qid.path = path
        return qid
    }

    var qidPath: UInt64 { path }

    func stat() throws(FileError) -> Stat {
        var stat = try view.options.masked(names.stat())
        stat.qid.path = path
        return stat
    }

    func lookup(_ name: RawSpan) throws(FileError) -> any Node {
        view.node(ofBase: try names.lookup(name), in: self, path)
    }

    func entry(named name: RawSpan) throws(FileError) -> NamedEntry {
        let found = try names.entry(named: name)
        return view.shown(found, view.node(ofBase: found.node, in: self, path))
    }

    func entries(
        from cookie: UInt64,
        _ body: (borrowing DirectoryEntry, RawSpan) -> Bool
    ) throws(FileError) {
        try names.entries(from: cookie) { entry, name in
            body(shown(entry, name), name)
        }
    }

    var listsNodes: Bool { names.listsNodes }

    func listNodes(
        from cookie: UInt64,
        _ body: (borrowing DirectoryEntry, RawSpan, _ node: any Node) -> Bool
    ) throws(FileError) {
        try names.listNodes(from: cookie) { entry, name, node in
            body(shown(entry, name), name, view.node(ofBase: node, in: self, path))
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
