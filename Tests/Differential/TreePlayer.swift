public import FileTree
import TreeConformance

/// Does operations to a `Directory`, whatever tree it is of.
public final class TreePlayer: Player {
    /// What it is, for people.
    public let name: String
    /// Nil while the tree is opened again.
    private var opened: (any Directory)?
    private let reopen: (() throws(FileError) -> any Directory)?
    private let user = User(uid: 0, gid: 0, name: "root", isOwner: true)
    private var held = [(node: any File, open: any OpenFile)?](
        repeating: nil,
        count: Operation.slots
    )

    /// Plays to the tree below `root`.
    ///
    /// `reopen` opens the tree again, of which nobody holds anything by then, and gives its root;
    /// nil where nothing can be opened again.
    public init(
        _ name: String,
        _ root: any Directory,
        reopen: (() throws(FileError) -> any Directory)? = nil
    ) {
        self.name = name
        self.opened = root
        self.reopen = reopen
    }

    /// Carries an operation out.
    public func apply(_ operation: Operation) -> Outcome {
        do throws(Failure) { return try perform(operation) } catch {
            return Outcome(number: error.number)
        }
    }

    private func perform(_ operation: Operation) throws(Failure) -> Outcome {
        switch operation {
        case .create(let path, let permissions):
            try change(in: path) { (directory, name) throws(FileError) in
                _ = try directory.createFile(name.span.bytes, new(permissions))
            }
        case .makeDirectory(let path, let permissions):
            try change(in: path) { (directory, name) throws(FileError) in
                _ = try directory.createDirectory(name.span.bytes, new(permissions))
            }
        case .makeLink(let path, let target):
            let target = Array(target.utf8)
            try change(in: path) { (directory, name) throws(FileError) in
                _ = try directory.createLink(name.span.bytes, to: target.span.bytes, new(0o777))
            }
        case .makeNode(let path, let isDevice):
            try change(in: path) { (directory, name) throws(FileError) in
                _ = try directory.createNode(
                    name.span.bytes,
                    type: isDevice ? .characterDevice : .fifo,
                    device: isDevice ? 1 << 8 | 3 : 0,
                    new(0o644)
                )
            }
        case .unlink(let path):
            try change(in: path) { (directory, name) throws(FileError) in
                try directory.remove(name.span.bytes, expected: .file)
            }
        case .removeDirectory(let path):
            try change(in: path) { (directory, name) throws(FileError) in
                try directory.remove(name.span.bytes, expected: .directory)
            }
        case .rename(let path, let new):
            try rename(path, to: new)
        case .link(let path, let new):
            let node = try node(path)
            try change(in: new) { (directory, name) throws(FileError) in
                try directory.addName(name.span.bytes, for: node)
            }
        case .write(let path, let bytes, let offset):
            try write(path, .write, bytes, at: offset)
        case .replace(let path, let bytes):
            try write(path, [.write, .truncate], bytes, at: 0)
        case .append(let path, let bytes):
            try write(path, [.write, .append], bytes, at: 0)
        case .resize(let path, let size):
            let file = try file(path)
            try resize(file, size)
            try expectSame(file, path)
        case .permissions(let path, let permissions):
            let node = try node(path)
            guard node.link == nil else { throw Failure(.tooManyLinks) }
            try set(node, path) {
                $0.permissions = permissions & Self.mask(isDirectory: node.directory != nil)
            }
        case .owner(let path, let uid, let gid):
            let node = try node(path)
            try set(node, path) {
                $0.uid = uid
                $0.gid = gid
            }
        case .modified(let path, let seconds, let nanoseconds):
            let node = try node(path)
            try set(node, path) {
                $0.modified = .at(Timestamp(seconds: seconds, nanoseconds: nanoseconds))
            }
        case .attribute(let path, let name, let value):
            let node = try node(path)
            guard node.file != nil || node.directory != nil else { throw Failure(.notPermitted) }
            let name = Array(name.utf8)
            try asking { () throws(FileError) in
                try node.setAttribute(name.span.bytes, to: value?.bytes)
            }
            try expectSame(node, path)
        case .read(let path):
            let file = try file(path)
            return Outcome(
                bytes: try asking { () throws(FileError) in try TreeText.bytes(file) }
            )
        case .stat(let path): return try stat(node(path))
        case .list(let path): return try list(path)
        case .hold(let slot, let path):
            let file = try file(path)
            held[slot] = (
                file, try asking { () throws(FileError) in try file.open([.read, .write]) }
            )
        case .release(let slot): held[slot] = nil
        case .heldWrite(let slot, let bytes, let offset):
            let open = try slotFile(slot).open
            try asking { () throws(FileError) in
                try open.write(bytes.bytes.span.bytes, at: UInt64(offset))
            }
        case .heldRead(let slot):
            let (node, open) = try slotFile(slot)
            var outcome = try stat(node)
            outcome.bytes = try asking { () throws(FileError) in try read(open) }
            return outcome
        case .heldResize(let slot, let size): try resize(slotFile(slot).node, size)
        case .heldPermissions(let slot, let permissions):
            var change = StatChange()
            change.permissions = permissions
            let node = try slotFile(slot).node
            try asking { () throws(FileError) in try node.change(change, by: user) }
        case .reopen:
            held = held.map { _ in nil }
            if let reopen {
                opened = nil
                opened = try asking { () throws(FileError) in try reopen() }
            }
        }
        return Outcome()
    }

    /// The bits of a mode that are set: a set-group-id directory gives its group to what is made
    /// in it, which a server leaves to its client's kernel.
    static func mask(isDirectory: Bool) -> UInt32 { isDirectory ? 0o1777 : 0o7777 }

    /// All that is there now.
    public func snapshot() throws(FileError) -> Snapshot {
        var snapshot = Snapshot()
        guard let opened else { throw FileError(.notFound, name) }
        try add(opened, "", to: &snapshot)
        return snapshot
    }

    private func add(
        _ node: any Node,
        _ path: String,
        to snapshot: inout Snapshot
    ) throws(FileError) {
        let stat: Stat
        do { stat = try node.stat() } catch { throw error.at(path) }
        var entry = Snapshot.Entry(mode: stat.mode, uid: stat.uid, gid: stat.gid)
        entry.modified = Snapshot.comparable(stat.modified)
        entry.device = stat.device
        for name in try node.attributeNames().split(separator: 0).map(Array.init) {
            entry.attributes[name] = try node.attribute(name.span.bytes)
        }
        if let link = node.link { entry.target = try link.target() }
        if let file = node.file {
            do { entry.bytes = try TreeText.bytes(file) } catch { throw error.at(path) }
            guard UInt64(entry.bytes.count) == stat.size else {
                throw FileError(.malformed, "\(path): \(entry.bytes.count) bytes of \(stat.size)")
            }
        }
        let hasOneName = node.directory != nil || stat.links < 2
        snapshot.add(path, entry, identity: hasOneName ? 0 : stat.qid.path)
        guard let directory = node.directory else { return }
        for name in try TreeText.names(directory) {
            let child: any Node
            do { child = try directory.lookup(name.span.bytes) } catch { throw error.at(path) }
            let text = String(decoding: name, as: UTF8.self)
            try add(child, path.isEmpty ? text : path + "/" + text, to: &snapshot)
        }
    }
}

// MARK: - What operations are made of

extension TreePlayer {
    private func asking<Value>(_ body: () throws(FileError) -> Value) throws(Failure) -> Value {
        do throws(FileError) { return try body() } catch { throw Failure(error.kind) }
    }

    private func new(_ permissions: UInt32) -> NewNode {
        NewNode(permissions: permissions, uid: 0, gid: 0)
    }

    private func node(_ path: String) throws(Failure) -> any Node {
        guard let opened else { throw Failure(.notFound) }
        var node: any Node = opened
        for name in path.split(separator: "/").map({ Array($0.utf8) }) {
            guard let directory = node.directory else { throw Failure(.notDirectory) }
            node = try asking { () throws(FileError) in try directory.lookup(name.span.bytes) }
        }
        return node
    }

    private func parent(_ path: String) throws(Failure) -> (any Directory, [UInt8]) {
        let place = path.lastIndex(of: "/")
        let node = try node(place.map { String(path[..<$0]) } ?? "")
        guard let directory = node.directory else { throw Failure(.notDirectory) }
        return (
            directory, Array(path[(place.map { path.index(after: $0) } ?? path.startIndex)...].utf8)
        )
    }

    /// The root has no name that could be changed.
    private func change(
        in path: String,
        _ body: (any Directory, [UInt8]) throws(FileError) -> Void
    ) throws(Failure) {
        guard !path.isEmpty else { throw Failure(.busy) }
        let (directory, name) = try parent(path)
        try asking { () throws(FileError) in try body(directory, name) }
    }

    private func rename(_ path: String, to new: String) throws(Failure) {
        guard !path.isEmpty, !new.isEmpty else { throw Failure(.busy) }
        let (directory, name) = try parent(path)
        let (target, newName) = try parent(new)
        let before = try asking { () throws(FileError) in try directory.lookup(name.span.bytes) }
        try asking { () throws(FileError) in
            try directory.rename(
                name.span.bytes,
                to: target,
                newName.span.bytes,
                replacing: true
            )
        }
        try expectSame(before, new)
    }

    /// A file is the same one to clients after any change of it.
    private func expectSame(_ node: any Node, _ path: String) throws(Failure) {
        guard try self.node(path).qid.path == node.qid.path else { throw Failure(.protocolBotch) }
    }

    /// The file at a path, and what system calls say when it is none.
    private func file(_ path: String) throws(Failure) -> any File {
        let node = try node(path)
        if node.directory != nil { throw Failure(.isDirectory) }
        if node.link != nil { throw Failure(.tooManyLinks) }
        guard let file = node.file else { throw Failure(.invalid) }
        return file
    }

    private func slotFile(_ slot: Int) throws(Failure) -> (node: any File, open: any OpenFile) {
        guard let file = held[slot] else { throw Failure(.unknownFid) }
        return file
    }

    private func write(
        _ path: String,
        _ mode: OpenMode,
        _ bytes: Pattern,
        at offset: Int
    ) throws(Failure) {
        let file = try file(path)
        try asking { () throws(FileError) in
            try file.open(mode).write(bytes.bytes.span.bytes, at: UInt64(offset))
        }
        try expectSame(file, path)
    }

    private func resize(_ file: any File, _ size: Int) throws(Failure) {
        try asking { () throws(FileError) in
            // Whether the time is set where nothing changes depends on the file system.
            guard try file.stat().size != UInt64(size) else { return }
            var change = StatChange()
            change.size = UInt64(size)
            try file.change(change, by: user)
        }
    }

    private func set(
        _ node: any Node,
        _ path: String,
        _ body: (inout StatChange) -> Void
    ) throws(Failure) {
        var change = StatChange()
        body(&change)
        try asking { () throws(FileError) in try node.change(change, by: user) }
        try expectSame(node, path)
    }

    private func stat(_ node: any Node) throws(Failure) -> Outcome {
        let stat = try asking { () throws(FileError) in try node.stat() }
        return Outcome(
            text: HostPlayer.describe(
                mode: stat.mode,
                uid: stat.uid,
                gid: stat.gid,
                links: stat.links,
                size: stat.size
            )
        )
    }

    private func list(_ path: String) throws(Failure) -> Outcome {
        guard let directory = try node(path).directory else { throw Failure(.notDirectory) }
        let names = try asking { () throws(FileError) in try TreeText.names(directory) }
        return Outcome(
            text: names.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
        )
    }

    private func read(_ open: any OpenFile) throws(FileError) -> [UInt8] {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        let count = try open.read(into: buffer, at: 0)
        return Array(buffer[..<count])
    }
}

extension Failure {
    init(_ kind: FileError.Kind) { number = Int32(kind.number) }
}
