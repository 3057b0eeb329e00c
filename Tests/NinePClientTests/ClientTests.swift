import FileTree
import Glibc
import NineP
import NinePClient
import NinePServer
import Testing
import TreeConformance

@Suite struct ClientTests {
    static func tree() throws -> MemoryTree {
        var text = "d 755 0 0 1 /many\n"
        for number in 0..<3000 { text += "f 644 0 0 1 /many/file\(number) =x\n" }
        return try MemoryTree.make(text + "f 640 7 8 99 /big *300000:5\n")
    }

    @Test(arguments: Dialect.allCases)
    func theDialectWishedForIsSpoken(dialect: Dialect) throws {
        let client = try client(of: MemoryTree(), dialect)
        #expect(client.dialect == dialect)
        #expect(client.messageSize == 131_096)
    }

    @Test(arguments: Dialect.allCases, [4096, 131_096])
    func bytesAndNamesComeWholeWhateverTheMessageSize(dialect: Dialect, size: Int) throws {
        let client = try client(of: Self.tree(), dialect, messageSize: size)
        let root = try client.attach(as: "root", user: 0)
        let big = try root.walk("/big")
        #expect(try big.stat().stat.size == 300_000)
        try big.open()
        let bytes = try big.readAll()
        #expect(bytes.count == 300_000)
        #expect(try big.readAll(from: 299_990) == Array(bytes[299_990...]))
        #expect(try big.readAll(from: 400_000).isEmpty)
        let many = try root.walk("many")
        try many.open()
        let names = try many.entries().map { String(decoding: $0.name, as: UTF8.self) }
        #expect(names.count == 3000)
        #expect(Set(names) == Set((0..<3000).map { "file\($0)" }))
    }

    @Test(arguments: Dialect.allCases)
    func errorsComeBackAsTheKindTheyLeftAs(dialect: Dialect) throws {
        let root = try client(of: Self.tree(), dialect).attach(as: "root", user: 0)
        #expect(#expect(throws: FileError.self) { try root.walk("nothing") }?.kind == .notFound)
        #expect(#expect(throws: FileError.self) { try root.walk("many/x") }?.kind == .notFound)
        #expect(#expect(throws: FileError.self) { try root.walk("big/x") }?.kind == .notDirectory)
    }

    @Test(arguments: Dialect.allCases)
    func whatIsWrittenIsRead(dialect: Dialect) throws {
        let root = try client(of: Self.tree(), dialect).attach(as: "root", user: 0)
        let file = try root.walk([])
        let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try file.create(Array("new".utf8), permissions: 0o640, [.read, .write])
        try file.write(bytes, at: 0)
        #expect(try file.readAll() == bytes)
        let found = try root.walk("new")
        #expect(try found.stat().stat.mode.permissions == 0o640)
        var change = StatChange()
        change.size = 5
        change.permissions = 0o600
        try found.change(change)
        #expect(try found.stat().stat.size == 5)
        #expect(try found.stat().stat.mode.permissions == 0o600)
        try root.rename(Array("new".utf8), to: root, Array("other".utf8))
        try root.remove(Array("other".utf8))
        #expect(throws: FileError.self) { try root.walk("other") }
        try root.makeDirectory(Array("folder".utf8), permissions: 0o755)
        #expect(try root.walk("folder").qid.type == .directory)
    }

    @Test func manyRequestsMayBeSentBeforeTheFirstReply() throws {
        let tree = try Self.tree()
        let descriptor = try served { (other) throws(FileError) in
            try Server(tree: tree).serve(input: other, output: other)
        }
        var talk = Conversation(input: descriptor, output: descriptor, closing: true)
        try talk.queue(
            Tversion(msize: 8192, version: Dialect.linux.version.bytes),
            tag: Wire.noTag
        )
        try talk.flush()
        #expect(try talk.receive().type == .rversion)
        talk.dialect = .linux
        try talk.queue(
            Tattach(fid: 0, authFid: Wire.noFid, uname: .empty, aname: .empty, userNumber: 0),
            tag: 0
        )
        for tag in 1...100 as ClosedRange<UInt16> {
            try talk.queue(Tgetattr(fid: 0, mask: 0x7ff), tag: tag)
        }
        try talk.flush()
        #expect(try talk.receive().type == .rattach)
        for tag in 1...100 as ClosedRange<UInt16> {
            let frame = try talk.receive()
            #expect(frame.type == .rgetattr && frame.tag == tag)
        }
        let isLeft = talk.hasMessage
        #expect(!isLeft)
    }

    @Test func aServerThatHangsUpIsAnError() throws {
        let descriptor = try served { _ throws(FileError) in }
        let error = #expect(throws: FileError.self) {
            try Client(Conversation(input: descriptor, output: descriptor, closing: true))
        }
        #expect(error?.kind == .inputOutput)
    }

    @Test(arguments: ["", "tcp", "vsock!a!b", "unix", "nothing", "fd!x"])
    func anAddressThatMeansNothingIsRefused(address: String) {
        let error = #expect(throws: FileError.self) { try Client(dial: address) }
        #expect(error?.kind == .invalid)
    }

    @Test func aSocketThatIsNotThereIsNotFound() {
        let error = #expect(throws: FileError.self) { try Client(dial: "unix!/nowhere/socket") }
        #expect(error?.kind == .notFound)
    }
}
