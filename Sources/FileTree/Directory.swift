/// A directory: names, each of one node.
///
/// A name given to a method is one legal component (`FileName.isLegal`): servers see to that
/// before any tree is asked. `..` is the server's, too, by way of `parent`: trees step down.
public protocol Directory: Node {
    /// Finds one name.
    ///
    /// Errors: `.notFound`.
    func lookup(_ name: RawSpan) throws(FileError) -> any Node

    /// Finds one name, and tells the attributes of what it stands for.
    ///
    /// The default looks it up and then asks the node; a tree that learns both at once saves the
    /// second way there. Errors: those of `lookup` and of the node's `stat`.
    func entry(named name: RawSpan) throws(FileError) -> NamedEntry

    /// Steps down through `names` one after the other, and adds the qid of each node found to
    /// `qids`; returns the last.
    ///
    /// When it throws, `qids` holds those found before the name that failed. The default looks
    /// one name up after the other; a tree that can step without making an object a step does.
    func walk(_ names: PathNames, _ qids: inout WalkedQids) throws(FileError) -> any Node

    /// Shows the entries from position `cookie` on, without `.` and `..`, until there are no more
    /// or `body` returns false.
    ///
    /// The cookie of the start is 0; each entry comes with the cookie of the one behind it. Names
    /// come in an order that stays, and a change of the directory does not move an entry that
    /// was there before and after it. Errors: `.badDirectoryOffset` for a cookie never given.
    func entries(
        from cookie: UInt64,
        _ body: (borrowing DirectoryEntry, RawSpan) -> Bool
    ) throws(FileError)

    /// What a listing that begins now is of, for who can keep it up to the end: this directory as it
    /// is now, where another state takes its place at once.
    ///
    /// Cookies of this are of no other. The default is the directory itself.
    var listed: any Directory { get }

    /// Whether `listNodes` learns what `lookup` would ask for once more.
    var listsNodes: Bool { get }

    /// Shows entries as `entries` does, each with its node, for who needs most of them.
    ///
    /// To be called of those only that say `listsNodes`: of others `body` must not ask the tree.
    func listNodes(
        from cookie: UInt64,
        _ body: (borrowing DirectoryEntry, RawSpan, _ node: any Node) -> Bool
    ) throws(FileError)

    /// Makes an empty file. Errors: `.exists`, `.readOnly`, `.noSpace`.
    func createFile(_ name: RawSpan, _ attributes: NewNode) throws(FileError) -> any File

    /// Makes an empty directory. Errors: `.exists`, `.readOnly`, `.noSpace`.
    func createDirectory(_ name: RawSpan, _ attributes: NewNode) throws(FileError) -> any Directory

    /// Makes a symbolic link. Errors: `.exists`, `.readOnly`, `.noSpace`.
    func createLink(
        _ name: RawSpan,
        to target: RawSpan,
        _ attributes: NewNode
    ) throws(FileError) -> any Node

    /// Makes a device, fifo or socket as data. Errors: `.exists`, `.readOnly`, `.noSpace`.
    func createNode(
        _ name: RawSpan,
        type: FileType,
        device: UInt64,
        _ attributes: NewNode
    ) throws(FileError) -> any Node

    /// Gives `node`, of the same tree, another name here. Errors: `.exists`, `.crossDevice`.
    func addName(_ name: RawSpan, for node: any Node) throws(FileError)

    /// Removes a name, and with its last name the file once nobody holds it.
    ///
    /// Errors: `.notFound`, `.notEmpty`, and `.isDirectory` or `.notDirectory` when it is not
    /// what is `expected`.
    func remove(_ name: RawSpan, expected: Removal) throws(FileError)

    /// Moves the node called `name` to `newName` in `target`, a directory of the same tree.
    ///
    /// A node that has the new name goes, in the same moment, if `replacing`; else `.exists`.
    func rename(
        _ name: RawSpan,
        to target: any Directory,
        _ newName: RawSpan,
        replacing: Bool
    ) throws(FileError)
}

/// What a name stands for.
public struct NamedEntry {
    /// The file.
    public var node: any Node
    /// Its attributes when it was found.
    public var stat: Stat

    /// Makes an entry.
    public init(_ node: any Node, _ stat: Stat) {
        self.node = node
        self.stat = stat
    }
}

/// What a name to be removed has to stand for.
public enum Removal: Sendable {
    /// Whatever it is.
    case any
    /// Anything but a directory.
    case file
    /// A directory.
    case directory
}

/// The attributes of a node to be made.
public struct NewNode: Sendable {
    /// The twelve lower bits of the mode.
    public var permissions: UInt32
    /// The owner.
    public var uid: UInt32
    /// The group.
    public var gid: UInt32

    /// Makes the attributes.
    public init(permissions: UInt32, uid: UInt32, gid: UInt32) {
        self.permissions = permissions
        self.uid = uid
        self.gid = gid
    }
}

/// One entry while a directory is listed; its name comes beside it.
@frozen
public struct DirectoryEntry {
    /// The attributes, links as themselves.
    public var stat: Stat
    /// The position behind this entry.
    public var next: UInt64

    /// Makes an entry.
    @inlinable
    public init(stat: Stat, next: UInt64) {
        self.stat = stat
        self.next = next
    }
}

extension Directory {
    /// This directory.
    public var directory: (any Directory)? { self }

    /// Looks the name up, and asks the node.
    public func entry(named name: RawSpan) throws(FileError) -> NamedEntry {
        let node = try lookup(name)
        return NamedEntry(node, try node.stat())
    }

    /// This directory.
    public var listed: any Directory { self }

    /// False: names are looked up.
    public var listsNodes: Bool { false }

    /// Looks each name up; one that is gone meanwhile is left out.
    public func listNodes(
        from cookie: UInt64,
        _ body: (borrowing DirectoryEntry, RawSpan, _ node: any Node) -> Bool
    ) throws(FileError) {
        try entries(from: cookie) { entry, name in
            // Gone since it was listed: as if it had been gone before.
            guard let node = try? lookup(name) else { return true }
            return body(entry, name, node)
        }
    }

    /// Looks one name up after the other.
    public func walk(_ names: PathNames, _ qids: inout WalkedQids) throws(FileError) -> any Node {
        var node: any Node = self
        var names = names
        while let name = names.next() {
            guard let directory = node.directory else { throw FileError(.notDirectory) }
            node = try directory.lookup(name.bytes)
            qids.append(node.qid)
        }
        return node
    }

    /// Refuses: nothing can be changed here.
    public func createFile(_ name: RawSpan, _ attributes: NewNode) throws(FileError) -> any File {
        throw FileError(.readOnly)
    }

    /// Refuses: nothing can be changed here.
    public func createDirectory(
        _ name: RawSpan,
        _ attributes: NewNode
    ) throws(FileError) -> any Directory {
        throw FileError(.readOnly)
    }

    /// Refuses: nothing can be changed here.
    public func createLink(
        _ name: RawSpan,
        to target: RawSpan,
        _ attributes: NewNode
    ) throws(FileError) -> any Node {
        throw FileError(.readOnly)
    }

    /// Refuses: nothing can be changed here.
    public func createNode(
        _ name: RawSpan,
        type: FileType,
        device: UInt64,
        _ attributes: NewNode
    ) throws(FileError) -> any Node {
        throw FileError(.readOnly)
    }

    /// Refuses: nothing can be changed here.
    public func addName(_ name: RawSpan, for node: any Node) throws(FileError) {
        throw FileError(.readOnly)
    }

    /// Refuses: nothing can be changed here.
    public func remove(_ name: RawSpan, expected: Removal) throws(FileError) {
        throw FileError(.readOnly)
    }

    /// Refuses: nothing can be changed here.
    public func rename(
        _ name: RawSpan,
        to target: any Directory,
        _ newName: RawSpan,
        replacing: Bool
    ) throws(FileError) {
        throw FileError(.readOnly)
    }
}
