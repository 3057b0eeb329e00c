import FileTree

/// A directory reached through a link, or below one so reached.
///
/// It has the name and the parent by which the client came, and a qid of its own: a client that
/// met one qid at two places would take them for one directory.
final class FollowedDirectory: Directory {
    private let base: any Directory
    private let name: [UInt8]
    private let container: any Directory
    private let path: UInt64

    init(_ base: any Directory, named node: any Node, in container: any Directory) {
        self.base = base
        self.container = container
        let name = node.nameBytes
        self.name = name
        path = Self.path(below: container, name.span.bytes)
    }

    /// The directory as it lies in the tree.
    static func base(of directory: any Directory) -> any Directory {
        (directory as? FollowedDirectory)?.base ?? directory
    }

    private static func path(below container: any Directory, _ name: RawSpan) -> UInt64 {
        var hash = StableHash(domain: container.qid.path)
        name.withUnsafeBytes { hash.combine($0) }
        return hash.qidPath()
    }

    /// The qid's path of the directory that is called `name` in here.
    func childPath(_ name: RawSpan) -> UInt64 { Self.path(below: self, name) }

    var qid: Qid { Qid(type: .directory, version: base.qid.version, path: path) }

    func stat() throws(FileError) -> Stat {
        var stat = try base.stat()
        stat.qid = qid
        return stat
    }

    var parent: (any Directory)? { container }

    func withName(_ body: (RawSpan) -> Void) {
        let name = name
        body(name.span.bytes)
    }

    func lookup(_ name: RawSpan) throws(FileError) -> any Node {
        let node = try base.lookup(name)
        guard let directory = node.directory else { return node }
        return FollowedDirectory(directory, named: node, in: self)
    }

    func entries(
        from cookie: UInt64,
        _ body: (borrowing DirectoryEntry, RawSpan) -> Bool
    ) throws(FileError) {
        try base.entries(from: cookie, body)
    }

    // What is changed in here is changed where it lies.

    func change(_ change: StatChange, by user: User) throws(FileError) {
        try base.change(change, by: user)
    }

    func createFile(_ name: RawSpan, _ attributes: NewNode) throws(FileError) -> any File {
        try base.createFile(name, attributes)
    }

    func createDirectory(
        _ name: RawSpan,
        _ attributes: NewNode
    ) throws(FileError) -> any Directory {
        let made = try base.createDirectory(name, attributes)
        return FollowedDirectory(made, named: made, in: self)
    }

    func remove(_ name: RawSpan, expected: Removal) throws(FileError) {
        try base.remove(name, expected: expected)
    }

    func rename(
        _ name: RawSpan,
        to target: any Directory,
        _ newName: RawSpan,
        replacing: Bool
    ) throws(FileError) {
        try base.rename(name, to: Self.base(of: target), newName, replacing: replacing)
    }

    func sync() throws(FileError) { try base.sync() }
}

/// A file reached through a link: the target, under the link's name.
final class FollowedFile: File {
    private let base: any File
    private let name: [UInt8]
    private let container: any Directory

    init(_ base: any File, named node: any Node, in container: any Directory) {
        self.base = base
        self.container = container
        name = node.nameBytes
    }

    var qid: Qid { base.qid }
    func stat() throws(FileError) -> Stat { try base.stat() }
    var parent: (any Directory)? { container }
    func withName(_ body: (RawSpan) -> Void) {
        let name = name
        body(name.span.bytes)
    }
    func open(_ mode: OpenMode) throws(FileError) -> any OpenFile { try base.open(mode) }
    func change(_ change: StatChange, by user: User) throws(FileError) {
        try base.change(change, by: user)
    }
    func sync() throws(FileError) { try base.sync() }
}

/// A link shown as a file that holds its target's text.
final class LinkText: File {
    private let link: any Link
    private let text: [UInt8]
    private let container: any Directory

    init(_ link: any Link, in container: any Directory) throws(FileError) {
        self.link = link
        self.container = container
        text = try link.target()
    }

    var qid: Qid {
        let qid = link.qid
        return Qid(type: .file, version: qid.version, path: qid.path)
    }

    func stat() throws(FileError) -> Stat {
        var stat = try link.stat()
        stat.qid = qid
        stat.mode = Mode(.regular, 0o444)
        stat.size = UInt64(text.count)
        return stat
    }

    var parent: (any Directory)? { container }

    func withName(_ body: (RawSpan) -> Void) { link.withName(body) }

    func open(_ mode: OpenMode) throws(FileError) -> any OpenFile {
        guard mode == .read else { throw FileError(.permission) }
        return HeldBytes(text)
    }
}

extension Node {
    /// The name, copied.
    fileprivate var nameBytes: [UInt8] {
        var bytes: [UInt8] = []
        withName { bytes = Array($0) }
        return bytes
    }
}
