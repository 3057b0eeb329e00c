import FileTree
import Synchronization

/// A tree whose nodes are all made beforehand, so that what is counted is the server's alone.
final class FixedTree: Tree {
    let root: FixedNode

    init(_ root: FixedNode) { self.root = root }

    func attach(as user: User, to name: String) throws(FileError) -> Attachment {
        Attachment(root: root, tree: self)
    }

    func name(ofUser uid: UInt32) -> [UInt8]? { nil }
    func name(ofGroup gid: UInt32) -> [UInt8]? { nil }
}

/// A directory of such a tree.
final class FixedNode: Directory {
    let name: [UInt8]
    let children: [FixedNode]
    let qid: Qid
    /// Set once, before the tree is served, and not counted.
    private let container = Atomic<Unmanaged<FixedNode>?>(nil)

    init(_ name: String, _ path: UInt64, _ children: [FixedNode] = []) {
        self.name = Array(name.utf8)
        self.children = children
        qid = Qid(type: .directory, version: 1, path: path)
        for child in children {
            child.container.store(Unmanaged.passUnretained(self), ordering: .relaxed)
        }
    }

    var parent: (any Directory)? {
        container.load(ordering: .relaxed)?.takeUnretainedValue()
    }

    func stat() throws(FileError) -> Stat { Stat(qid: qid, mode: Mode(.directory, 0o755)) }

    func withName(_ body: (RawSpan) -> Void) {
        let name = name
        body(name.span.bytes)
    }

    func lookup(_ name: RawSpan) throws(FileError) -> any Node {
        // Plain loops: iterators cost an allocation each while nothing is optimised.
        var index = 0
        while index < children.count {
            if children[index].isCalled(name) { return children[index] }
            index += 1
        }
        throw FileError(.notFound)
    }

    private func isCalled(_ wanted: RawSpan) -> Bool {
        guard name.count == wanted.byteCount else { return false }
        var place = 0
        while place < name.count {
            guard name[place] == wanted.unsafeLoad(fromByteOffset: place, as: UInt8.self) else {
                return false
            }
            place += 1
        }
        return true
    }

    func entries(
        from cookie: UInt64,
        _ body: (borrowing DirectoryEntry, RawSpan) -> Bool
    ) throws(FileError) {
        for (place, child) in children.enumerated().dropFirst(Int(min(cookie, 1000))) {
            let entry = DirectoryEntry(stat: try child.stat(), next: UInt64(place + 1))
            let name = child.name
            guard body(entry, name.span.bytes) else { return }
        }
    }
}
