import FileTree
import Glibc
import NineP
import NinePServer
import Synchronization
import Testing
import TreeConformance

@testable import NinePClient

@Suite struct RemoteBaseTests {
    static let text = """
        d 755 0 0 1000 /
        d 755 0 0 1000 /usr
        d 755 0 0 1000 /usr/bin
        f 755 0 0 1234567 /usr/bin/tool *700000:7
        f 644 1000 1000 77 /usr/empty =
        f 600 0 0 77 /usr/note =hello
        d 700 0 0 5 /a
        d 700 0 0 5 /a/b
        f 644 0 0 5 /a/b/c *131072:3
        f 644 0 0 5 /a/b/d *262144:4

        """
    static let root = User(uid: 0, gid: 0, name: "root", isOwner: true)
    /// A clock that only tests move on, in nanoseconds.
    final class Time: Sendable {
        let now = Atomic<UInt64>(1_000_000_000_000)
        func pass(_ milliseconds: UInt64) {
            now.add(milliseconds * 1_000_000, ordering: .relaxed)
        }
    }

    /// What is dialed: one server after another, each on a socketpair of its own.
    final class Place: Sendable {
        private let state: Mutex<(descriptors: [Int32], dials: Int)>
        init(_ descriptors: [Int32]) { state = Mutex((descriptors, 0)) }
        var dials: Int { state.withLock { $0.dials } }
        func add(_ descriptor: Int32) { state.withLock { $0.descriptors.append(descriptor) } }
        func dial(_ wish: Dialect, patience: Int, messageSize: Int) throws(FileError) -> Client {
            let next = state.withLock { state -> Int32? in
                state.dials += 1
                return state.descriptors.isEmpty ? nil : state.descriptors.removeFirst()
            }
            guard let next else { throw FileError(.inputOutput, "nobody listens") }
            return try Client(
                Conversation(input: next, output: next, closing: true),
                wish: wish,
                messageSize: messageSize,
                patience: patience
            )
        }
    }

    static func base(
        _ place: Place,
        _ dialect: Dialect = .linux,
        _ options: RemoteBase.Options = .init()
    ) throws -> RemoteBase {
        try RemoteBase(name: "9p!test", aname: "", options) { () throws(FileError) in
            try place.dial(
                dialect,
                patience: options.patience,
                messageSize: options.messageSize
            )
        }
    }

    static func served(_ tree: any Tree) throws -> Int32 {
        try NinePClientTests.served { (other) throws(FileError) in
            try Server(tree: tree).serve(input: other, output: other)
        }
    }

    static func fields(_ dialect: Dialect) -> TreeText.Fields {
        switch dialect {
        case .plain: [.times, .modes, .positions]
        case .unix: [.times, .modes, .owners, .positions]
        case .linux: .all
        }
    }

    static func find(_ path: String, _ root: any Directory) throws -> any Node {
        var node: any Node = root
        for name in path.split(separator: "/") {
            node = try #require(node.directory).lookup(Array(name.utf8).span.bytes)
        }
        return node
    }

    static func bytes(_ path: String, _ root: any Directory) throws -> [UInt8] {
        try TreeText.bytes(try #require(try find(path, root).file))
    }

    @Test(arguments: Dialect.allCases, [8192 + 24, 131_096])
    func aBaseReadsAsTheTreeItself(dialect: Dialect, messageSize: Int) throws {
        let text = dialect == .plain ? Self.text : Self.text + RemoteTreeTests.links
        let tree = try MemoryTree.make(text)
        var options = RemoteBase.Options()
        options.messageSize = messageSize
        let base = try Self.base(Place([Self.served(tree)]), dialect, options)
        let check = ReadableCheck(base.root, against: tree.root, Self.fields(dialect))
        #expect(check.failures.isEmpty, "\(check.failures.joined(separator: "\n"))")
        #expect(check.checks > 40)
    }

    @Test(arguments: Dialect.allCases, Dialect.allCases)
    func aBaseOverABaseReadsAsTheTreeItself(outer: Dialect, inner: Dialect) throws {
        let tree = try MemoryTree.make(Self.text)
        let lower = try Self.base(Place([Self.served(tree)]), inner)
        let upper = try Self.base(Place([Self.served(lower)]), outer)
        let fields = Self.fields(outer).intersection(Self.fields(inner))
        let check = ReadableCheck(upper.root, against: tree.root, fields)
        #expect(check.failures.isEmpty, "\(check.failures.joined(separator: "\n"))")
        let qid = try Self.find("/usr/note", tree.root).qid
        #expect(try Self.find("/usr/note", upper.root).qid.path == qid.path)
    }

    @Test(arguments: Dialect.allCases)
    func aLargeDirectoryIsListedWhole(dialect: Dialect) throws {
        let tree = try MemoryTree.make(
            (0..<2000).map { "f 644 0 0 1 /d/name-\($0) =\($0)" }.joined(separator: "\n")
        )
        let base = try Self.base(Place([Self.served(tree)]), dialect)
        let check = ReadableCheck(base.root, against: tree.root, Self.fields(dialect))
        #expect(check.failures.isEmpty, "\(check.failures.joined(separator: "\n"))")
    }

    @Test func whatIsRememberedIsBoundedWhateverTheTree() throws {
        var text = (0..<1000).map { "f 644 0 0 1 /d\($0 % 50)/name-\($0) =\($0)" }
        text += (0..<8).map { "f 644 0 0 1 /big-\($0) *300000:\($0)" }
        let tree = try MemoryTree.make(text.joined(separator: "\n"))
        var options = RemoteBase.Options()
        options.entries = 100
        options.listingBytes = 64 << 10
        options.fileBytes = 1 << 20
        options.fids = 8
        let server = Server(tree: tree)
        let end = try NinePClientTests.served { (other) throws(FileError) in
            try server.serve(input: other, output: other)
        }
        let base = try Self.base(Place([end]), .linux, options)
        let check = ReadableCheck(base.root, against: tree.root, .all)
        #expect(check.failures.isEmpty, "\(check.failures.joined(separator: "\n"))")
        #expect(base.remembered.bytes <= 64 << 10 + 1 << 20 + 100 * 512)
        #expect(base.remembered.entries <= 100 * 5 + 8)
        // The root's own fid, those held, and what 32 look-ups at a time have on their way.
        let fids = server.statistics.split(separator: "\n").first { $0.hasPrefix("fids ") }
        let count = try #require(fids.flatMap { Int($0.dropFirst(5)) })
        #expect(count <= 8 + 64)
    }

    @Test func aChangeShowsOnceItsTimeHasCome() throws {
        let time = Time()
        var options = RemoteBase.Options()
        options.clock = { time.now.load(ordering: .relaxed) }
        let tree = try MemoryTree.make("f 644 0 0 1 /f =old\n")
        let base = try Self.base(Place([Self.served(tree)]), .linux, options)
        #expect(try Self.bytes("/f", base.root) == Array("old".utf8))
        let file = try #require(try Self.find("/f", tree.root).file)
        try file.open([.write, .truncate]).write(Array("newer".utf8).span.bytes, at: 0)
        let made = NewNode(permissions: 0o644, uid: 0, gid: 0)
        #expect(throws: FileError.self) { try Self.find("/g", base.root) }
        _ = try tree.root.createFile(Array("g".utf8).span.bytes, made)
        // Attributes and what is not there are believed for a while; bytes as long as the version.
        #expect(try Self.find("/f", base.root).stat().size == 3)
        #expect(throws: FileError(.notFound)) { try Self.find("/g", base.root) }
        #expect(try Self.bytes("/f", base.root) == Array("newer".utf8))
        time.pass(1001)
        #expect(try Self.find("/f", base.root).stat().size == 5)
        #expect(try Self.find("/g", base.root).stat().size == 0)
    }

    @Test func anotherFileUnderTheNameIsNotTakenForTheFirst() throws {
        let time = Time()
        var options = RemoteBase.Options()
        options.clock = { time.now.load(ordering: .relaxed) }
        options.fids = 1
        let tree = try MemoryTree.make("f 644 0 0 1 /f =old\nf 644 0 0 1 /g =g\n")
        let base = try Self.base(Place([Self.served(tree)]), .linux, options)
        let node = try Self.find("/f", base.root)
        let name = Array("f".utf8)
        try tree.root.remove(name.span.bytes, expected: .file)
        _ = try tree.root.createFile(
            name.span.bytes,
            NewNode(permissions: 0o644, uid: 0, gid: 0)
        )
        time.pass(2000)
        _ = try Self.find("/g", base.root)
        let error = #expect(throws: FileError.self) { try node.stat() }
        #expect(error?.kind == .notFound)
    }

    @Test(arguments: Dialect.allCases)
    func aServerThatComesBackIsDialedAndNodesLiveOn(dialect: Dialect) throws {
        let time = Time()
        var options = RemoteBase.Options()
        options.clock = { time.now.load(ordering: .relaxed) }
        let tree = try MemoryTree.make(Self.text)
        let first = try Self.served(tree)
        let place = Place([first])
        let base = try Self.base(place, dialect, options)
        let node = try Self.find("/usr/bin/tool", base.root)
        let open = try #require(node.file).open(.read)
        let reference = try Self.bytes("/usr/bin/tool", tree.root)
        shutdown(first, Int32(SHUT_RDWR))
        time.pass(2000)
        // Nobody listens: a clear error, and no second attempt for a while.
        let error = #expect(throws: FileError.self) { try node.stat() }
        #expect(error?.kind == .inputOutput)
        #expect(error?.context?.hasPrefix("9p!test: ") == true)
        let dials = place.dials
        #expect(throws: FileError.self) { try node.stat() }
        #expect(place.dials == dials)
        place.add(try Self.served(tree))
        time.pass(2000)
        #expect(try node.stat().size == 700_000)
        var buffer = [UInt8](repeating: 0, count: 300_000)
        let count = try buffer.withUnsafeMutableBytes { buffer in
            try open.read(into: buffer, at: 0)
        }
        #expect(count == 300_000 && buffer[...] == reference[..<300_000])
    }

    @Test func aFileChangedWhileTheServerWasAwayIsRefused() throws {
        let time = Time()
        var options = RemoteBase.Options()
        options.clock = { time.now.load(ordering: .relaxed) }
        let tree = try MemoryTree.make("f 644 0 0 1 /f *300000:1\n")
        let first = try Self.served(tree)
        let place = Place([first])
        let base = try Self.base(place, .linux, options)
        let open = try #require(try Self.find("/f", base.root).file).open(.read)
        shutdown(first, Int32(SHUT_RDWR))
        try #require(try Self.find("/f", tree.root).file).open(.write)
            .write([1].span.bytes, at: 200_000)
        place.add(try Self.served(tree))
        time.pass(2000)
        var buffer = [UInt8](repeating: 0, count: 10)
        let error = #expect(throws: FileError.self) {
            try buffer.withUnsafeMutableBytes { _ = try open.read(into: $0, at: 0) }
        }
        #expect(error?.kind == .inputOutput)
        #expect(error?.context == "9p!test: /f: changed while the server was away")
    }

    @Test func attributesAndLinksAreRememberedAndHaveTheServersWords() throws {
        let tree = try MemoryTree.make("f 644 0 0 1 /f =x\nl 777 0 0 1 /l >../f\n")
        let name = Array("user.word".utf8)
        try Self.find("/f", tree.root).setAttribute(name.span.bytes, to: [1, 2])
        let base = try Self.base(Place([Self.served(tree)]))
        for _ in 0..<2 {
            #expect(try Self.find("/f", base.root).attribute(name.span.bytes) == [1, 2])
            #expect(try Self.find("/f", base.root).attributeNames() == name + [0])
            #expect(try Self.find("/l", base.root).link?.target() == Array("../f".utf8))
            let error = #expect(throws: FileError.self) {
                try Self.find("/f", base.root).attribute([120].span.bytes)
            }
            #expect(error?.kind == .noAttribute)
        }
        #expect(throws: FileError(.readOnly)) {
            try Self.find("/f", base.root).file?.open(.write)
        }
    }

    @Test func onlyTheOwnerIsAdmittedUnlessAllAre() throws {
        let tree = try MemoryTree.make(Self.text)
        let guest = User(uid: 65534, gid: 65534, name: "nobody", isOwner: false)
        let base = try Self.base(Place([Self.served(tree)]))
        #expect(throws: FileError(.permission)) { try base.attach(as: guest, to: "") }
        var options = RemoteBase.Options()
        options.admission = .anyone
        let open = try Self.base(Place([Self.served(tree)]), .linux, options)
        _ = try open.attach(as: guest, to: "")
    }
}
