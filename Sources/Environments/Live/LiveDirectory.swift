import FileTree
import Synchronization

/// A directory of a live tree: a path from the root, and the directory that was there when it was
/// walked to.
///
/// What it is itself stays that: its attributes can be asked for when it is gone. Names in it are
/// those of the directory that the newest state has at its path; none, when it has none.
///
/// A listing goes on in the state in which it was begun. Its positions say which that is: a node is
/// of all who list it, and a server may come to have another for the same directory meanwhile.
final class LiveDirectory: Directory {
    private let live: LiveTree
    /// The names from the root on.
    let path: [[UInt8]]
    private let known: Mutex<Known>

    private struct Known {
        /// The directory at the path, in the state of that number; nil where there is none.
        var directory: (any Directory)?
        var number: UInt64
        /// What it was when last there was one.
        var last: any Directory
    }

    /// The root.
    convenience init(_ live: LiveTree, _ state: LiveTree.State) {
        self.init(live, [], state.root, state.number)
    }

    private init(
        _ live: LiveTree,
        _ path: [[UInt8]],
        _ directory: any Directory,
        _ number: UInt64
    ) {
        self.live = live
        self.path = path
        known = Mutex(Known(directory: directory, number: number, last: directory))
    }

    /// The directory of the newest state, and that state's number.
    private func newest() throws(FileError) -> (directory: any Directory, number: UInt64) {
        let state = live.state
        let kept = known.withLock { known in
            known.number == state.number ? (known.directory, true) : (nil, false)
        }
        if kept.1 {
            guard let directory = kept.0 else { throw FileError(.notFound) }
            return (directory, state.number)
        }
        let found = try state.directory(at: path)
        known.withLock { known in
            // Another thread may know a later one by now.
            guard known.number < state.number else { return }
            known.number = state.number
            known.directory = found
            if let found { known.last = found }
        }
        guard let found else { throw FileError(.notFound) }
        return (found, state.number)
    }

    /// What it is, or was when it was there last.
    private var last: any Directory {
        // Gone: then it is still known what it was.
        _ = try? newest()
        return known.withLock { $0.last }
    }

    private func node(
        _ node: any Node,
        at path: [[UInt8]],
        _ number: UInt64
    ) -> any Node {
        guard let directory = node.directory else { return node }
        return LiveDirectory(live, path, directory, number)
    }

    var qid: Qid { last.qid }
    var qidPath: UInt64 { known.withLock { $0.last.qidPath } }
    func stat() throws(FileError) -> Stat { try last.stat() }

    var parent: (any Directory)? {
        guard !path.isEmpty else { return nil }
        let state = live.state
        var directory = state.root
        for name in path.dropLast() {
            // The directories above one that is gone may be gone, too.
            guard let next = try? directory.lookup(name.span.bytes).directory else {
                return known.withLock { $0.last.parent }
            }
            directory = next
        }
        return LiveDirectory(live, path.dropLast(), directory, state.number)
    }

    func withName(_ body: (RawSpan) -> Void) { known.withLock { $0.last }.withName(body) }

    func attribute(_ name: RawSpan) throws(FileError) -> [UInt8] { try last.attribute(name) }
    func attributeNames() throws(FileError) -> [UInt8] { try last.attributeNames() }

    func lookup(_ name: RawSpan) throws(FileError) -> any Node {
        let (directory, number) = try newest()
        let found = try directory.lookup(name)
        guard found.directory != nil else { return found }
        return node(found, at: path + [Array(name)], number)
    }

    func walk(_ names: PathNames, _ qids: inout WalkedQids) throws(FileError) -> any Node {
        let (directory, number) = try newest()
        let found = try directory.walk(names, &qids)
        guard found.directory != nil else { return found }
        var whole = path
        var names = names
        while let name = names.next() { whole.append(Array(name)) }
        return node(found, at: whole, number)
    }

    /// The directory of the newest state: who holds that sees no other.
    var listed: any Directory {
        // Where there is none a listing says so.
        (try? newest().directory) ?? self
    }

    func entries(
        from cookie: UInt64,
        _ body: (borrowing DirectoryEntry, RawSpan) -> Bool
    ) throws(FileError) {
        let directory: any Directory
        let mark: UInt64
        var start = cookie
        if let begun = live.state(listedTo: cookie) {
            guard let found = try begun.directory(at: path) else { throw FileError(.notFound) }
            (directory, mark) = (found, LiveTree.State.mark(begun.number))
            start = cookie & UInt64(UInt32.max)
        } else {
            let state = try newest()
            (directory, mark) = (state.directory, LiveTree.State.mark(state.number))
        }
        try directory.entries(from: start) { entry, name in
            // A longer one is of the real disk, which has one state.
            guard entry.next <= UInt64(UInt32.max) else { return body(entry, name) }
            return body(DirectoryEntry(stat: entry.stat, next: mark | entry.next), name)
        }
    }

    // MARK: - Changes

    // Packages take none: these are for what is laid over them.

    func change(_ change: StatChange, by user: User) throws(FileError) {
        try newest().directory.change(change, by: user)
    }

    func setAttribute(_ name: RawSpan, to value: [UInt8]?) throws(FileError) {
        try newest().directory.setAttribute(name, to: value)
    }

    func sync() throws(FileError) { try last.sync() }

    func createFile(_ name: RawSpan, _ attributes: NewNode) throws(FileError) -> any File {
        try newest().directory.createFile(name, attributes)
    }

    func createDirectory(
        _ name: RawSpan,
        _ attributes: NewNode
    ) throws(FileError) -> any Directory {
        let (directory, number) = try newest()
        let made = try directory.createDirectory(name, attributes)
        return LiveDirectory(live, path + [Array(name)], made, number)
    }

    func createLink(
        _ name: RawSpan,
        to target: RawSpan,
        _ attributes: NewNode
    ) throws(FileError) -> any Node {
        try newest().directory.createLink(name, to: target, attributes)
    }

    func createNode(
        _ name: RawSpan,
        type: FileType,
        device: UInt64,
        _ attributes: NewNode
    ) throws(FileError) -> any Node {
        try newest().directory.createNode(name, type: type, device: device, attributes)
    }

    func addName(_ name: RawSpan, for node: any Node) throws(FileError) {
        try newest().directory.addName(name, for: node)
    }

    func remove(_ name: RawSpan, expected: Removal) throws(FileError) {
        try newest().directory.remove(name, expected: expected)
    }

    func rename(
        _ name: RawSpan,
        to target: any Directory,
        _ newName: RawSpan,
        replacing: Bool
    ) throws(FileError) {
        guard let live = target as? LiveDirectory, live.live === self.live else {
            throw FileError(.crossDevice)
        }
        try newest().directory.rename(
            name,
            to: live.newest().directory,
            newName,
            replacing: replacing
        )
    }
}
