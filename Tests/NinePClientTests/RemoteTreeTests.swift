import CaptureTree
import FileTree
import NineP
import NinePClient
import Testing
import TreeConformance

@Suite struct RemoteTreeTests {
    static let tree = """
        d 755 0 0 1000 /
        d 755 0 0 1000 /usr
        d 755 0 0 1000 /usr/bin
        f 755 0 0 1234567 /usr/bin/tool *100000:7
        f 644 1000 1000 77 /usr/empty =
        f 600 0 0 77 /usr/note =hello
        d 700 0 0 5 /a
        d 700 0 0 5 /a/b
        f 644 0 0 5 /a/b/c *70000:3
        """
    static let links = "\nl 777 0 0 1000 /usr/lib ../a/b\n"
    static let root = User(uid: 0, gid: 0, name: "root", isOwner: true)

    static func open(_ tree: some Tree, _ dialect: Dialect) throws -> (
        any Directory, any Directory
    ) {
        let remote = RemoteTree(try client(of: tree, dialect))
        return (
            try tree.attach(as: root, to: "").root, try remote.attach(as: root, to: "").root
        )
    }

    @Test(arguments: Dialect.allCases)
    func aServedTreeReadsAsTheTreeItself(dialect: Dialect) throws {
        let text = dialect == .plain ? Self.tree : Self.tree + Self.links
        let (local, remote) = try Self.open(MemoryTree.make(text), dialect)
        // 9P2000 tells owners by name and no link counts at all, 9P2000.u no counts.
        let fields: TreeText.Fields =
            switch dialect {
            case .plain: [.times, .modes]
            case .unix: [.times, .modes, .owners]
            case .linux: .all
            }
        let check = ReadableCheck(remote, against: local, fields)
        #expect(check.failures.isEmpty, "\(check.failures.joined(separator: "\n"))")
        #expect(check.checks > 20)
    }

    @Test(arguments: [false, true])
    func aServedTreeCanBeChangedAsTheTreeItself(isCapture: Bool) throws {
        let memory = try MemoryTree.make("d 755 0 0 1 /place\n")
        var tree: any Tree = memory
        if isCapture {
            tree = try CaptureTree(layer: .inMemory(), over: memory.root, in: memory)
        }
        let (_, remote) = try Self.open(tree, .linux)
        let place = try #require(try remote.lookup(Array("place".utf8).span.bytes).directory)
        let check = WritableCheck(place)
        #expect(check.failures.isEmpty, "\(check.failures.joined(separator: "\n"))")
        #expect(check.checks > 200)
    }
}
