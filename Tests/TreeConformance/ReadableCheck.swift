public import FileTree

/// Checks that a tree reads as a reference tree does, and keeps the promises of `Tree`, `Node`
/// and `Directory` that its text does not show.
///
/// The same check serves a tree itself, one behind a 9P server, and one behind a kernel's mount.
public struct ReadableCheck {
    private let fields: TreeText.Fields
    /// What was found wrong, a line each; empty when the tree conforms.
    public private(set) var failures: [String] = []
    /// How many promises were looked at.
    public private(set) var checks = 0

    /// Checks `root` against `reference`.
    ///
    /// - Parameters:
    ///   - root: the tree to be checked.
    ///   - reference: what it shall look like.
    ///   - fields: what of the attributes reaches the client.
    public init(_ root: any Directory, against reference: any Directory, _ fields: TreeText.Fields)
    {
        self.fields = fields
        do {
            let expected = try TreeText.describe(reference, fields)
            let actual = try TreeText.describe(root, fields)
            compareLines(expected, actual)
            try walk(root, path: "/")
        } catch {
            failures.append("\(error)")
        }
    }

    private mutating func expect(_ condition: Bool, _ what: @autoclosure () -> String) {
        checks += 1
        if !condition { failures.append(what()) }
    }

    private mutating func expect(
        _ kind: FileError.Kind,
        _ what: String,
        _ body: () throws(FileError) -> Void
    ) {
        checks += 1
        do {
            try body()
            failures.append("\(what): no error, \(kind) expected")
        } catch {
            // Kinds that share a number cannot be told apart behind 9P2000.L.
            if error.kind.number != kind.number {
                failures.append("\(what): \(error), not \(kind)")
            }
        }
    }

    private mutating func compareLines(_ expected: String, _ actual: String) {
        let expected = expected.split(separator: "\n")
        let actual = actual.split(separator: "\n")
        expect(expected == actual, "the trees differ")
        let difference = actual.difference(from: expected)
        for change in difference.prefix(20) {
            switch change {
            case .insert(_, let line, _): failures.append("+ \(line)")
            case .remove(_, let line, _): failures.append("- \(line)")
            }
        }
    }

    private mutating func walk(_ directory: any Directory, path: String) throws(FileError) {
        try checkListing(directory, path)
        let missing = Array("no such name".utf8)
        expect(.notFound, "\(path): lookup of a missing name") { () throws(FileError) in
            _ = try directory.lookup(missing.span.bytes)
        }
        for name in try TreeText.names(directory) {
            let childPath = path + TreeText.escape(name)
            let child = try directory.lookup(name.span.bytes)
            var shown: [UInt8] = []
            child.withName { shown = Array($0) }
            expect(shown == name, "\(childPath): the node's name is \(TreeText.escape(shown))")
            expect(
                child.parent?.qid.path == directory.qid.path,
                "\(childPath): not its parent's child"
            )
            let again = try directory.lookup(name.span.bytes)
            expect(again.qid == child.qid, "\(childPath): the qid changes between look-ups")
            let stat = try child.stat()
            expect(stat.qid == child.qid, "\(childPath): stat has another qid")
            expect(
                stat.qid.type.contains(.directory) == (child.directory != nil),
                "\(childPath): the qid's type is not the node's"
            )
            if let next = child.directory { try walk(next, path: childPath + "/") }
            if let file = child.file { try checkFile(file, stat, childPath) }
        }
    }

    private mutating func checkListing(
        _ directory: any Directory,
        _ path: String
    ) throws(FileError) {
        var whole: [(name: [UInt8], next: UInt64, qid: Qid)] = []
        try directory.entries(from: 0) { entry, name in
            whole.append((Array(name), entry.next, entry.stat.qid))
            return true
        }
        expect(
            Set(whole.map { $0.name }).count == whole.count,
            "\(path): a name is listed twice"
        )
        if directory.listsNodes {
            var nodes: [(name: [UInt8], next: UInt64, qid: Qid, node: any Node)] = []
            try directory.listNodes(from: 0) { entry, name, node in
                nodes.append((Array(name), entry.next, entry.stat.qid, node))
                return true
            }
            expect(
                nodes.map(\.name) == whole.map(\.name) && nodes.map(\.next) == whole.map(\.next),
                "\(path): listed with nodes it has other names"
            )
            for (name, _, qid, node) in nodes {
                let found = try directory.lookup(name.span.bytes)
                let (stat, other) = (try node.stat(), try found.stat())
                let isFound = node.qidPath == qid.path && stat == other
                expect(isFound, "\(path)\(TreeText.escape(name)): listed with another node")
            }
        }
        guard fields.contains(.positions) else { return }
        // Every position is one to go on from; a large directory is tried at some.
        for place in stride(from: 0, to: whole.count, by: max(1, whole.count / 16)) {
            var rest: [[UInt8]] = []
            try directory.entries(from: whole[place].next) { _, name in
                rest.append(Array(name))
                return rest.count < 3
            }
            let expected = whole[(place + 1)...].prefix(3).map { $0.name }
            expect(rest == Array(expected), "\(path): listing from entry \(place) goes astray")
            let name = whole[place].name
            let found = try directory.lookup(name.span.bytes)
            expect(
                found.qid.path == whole[place].qid.path,
                "\(path)\(TreeText.escape(name)): listed with another qid"
            )
        }
    }

    private mutating func checkFile(
        _ file: any File,
        _ stat: Stat,
        _ path: String
    ) throws(FileError) {
        let bytes = try TreeText.bytes(file)
        expect(UInt64(bytes.count) == stat.size, "\(path): \(bytes.count) bytes of \(stat.size)")
        let pieces = try TreeText.bytes(file, piece: max(7, bytes.count / 5 + 1))
        expect(pieces == bytes, "\(path): odd pieces give other bytes")
        let open = try file.open(.read)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16, alignment: 16)
        defer { buffer.deallocate() }
        for offset in [stat.size, stat.size + 1, stat.size + 0x1_0000_0000] {
            let count = try open.read(into: buffer, at: offset)
            expect(count == 0, "\(path): \(count) bytes at \(offset), behind the end")
        }
        if bytes.count > 20 {
            let middle = bytes.count / 2
            try open.prepare(at: UInt64(middle), count: 10, until: Cancellation())
            let count = try open.read(
                into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<10]),
                at: UInt64(middle)
            )
            expect(
                Array(buffer[..<count]) == Array(bytes[middle..<middle + count]) && count > 0,
                "\(path): other bytes in the middle"
            )
        }
        if !stat.mode.type.qidKind.contains(.directory) {
            expect(file.directory == nil, "\(path): a file that is a directory")
        }
    }
}
