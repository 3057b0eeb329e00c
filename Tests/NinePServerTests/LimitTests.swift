import FileTree
import Glibc
import NineP
import ScratchFolder
import Synchronization
import Testing
import TreeConformance

@testable import NinePServer

@Suite struct LimitTests {
    /// Lines that a server wrote.
    final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        func add(_ line: String) { lines.withLock { $0.append(line) } }
        var all: [String] { lines.withLock { $0 } }
    }

    @Test func tooManyConversationsAreToldSo() throws {
        let folder = try ScratchFolder()
        let lines = Lines()
        var configuration = Configuration()
        configuration.limits.connections = 1
        configuration.log = { lines.add($0) }
        let server = Server(tree: MemoryTree(), configuration: configuration)
        try server.listen(on: .unix(path: "\(folder.path)/s"))
        let one = try Talk(socket: TransportTests.dial("\(folder.path)/s"))
        try one.begin(.plain)
        let two = try Talk(socket: TransportTests.dial("\(folder.path)/s"))
        #expect(Talk.untagged(try two.receive()) == "Rerror ename 'Too many open files'")
        #expect(try two.receive() == "-")
        #expect(lines.all.count == 1)
        // The one that is there goes on.
        try one.run("Twalk 0 1\nRwalk")
        server.drain()
    }

    @Test func aPeerThatAgreesOnNoVersionLosesItsPlace() throws {
        let folder = try ScratchFolder()
        var configuration = Configuration()
        configuration.limits.silence = 500
        let server = Server(tree: MemoryTree(), configuration: configuration)
        try server.listen(on: .unix(path: "\(folder.path)/s"))
        let silent = try Talk(socket: TransportTests.dial("\(folder.path)/s"))
        let half = try Talk(socket: TransportTests.dial("\(folder.path)/s"))
        half.send(bytes: [19, 0, 0, 0, 100])
        let good = try Talk(socket: TransportTests.dial("\(folder.path)/s"))
        try good.begin(.plain)
        #expect(try silent.receive() == "-")
        #expect(try half.receive() == "-")
        // Who has agreed on one may be silent for ever.
        try good.run("Twalk 0 1\nRwalk")
        server.drain()
    }

    @Test func linesThatPeersBringAboutAreCountedWhenTheyAreMany() {
        let lines = Lines()
        let time = Atomic<UInt64>(5_000_000_000)
        let clock = { @Sendable in time.load(ordering: .relaxed) }
        let complaints = Complaints(to: { lines.add($0) }, clock: clock)
        for number in 0..<25 { complaints.log("line \(number)") }
        #expect(lines.all == (0..<10).map { "line \($0)" })
        time.store(6_000_000_000, ordering: .relaxed)
        complaints.log("another")
        #expect(lines.all[10...] == ["15 more such lines were left out", "another"])
    }

    @Test func aFaultBelowIsLoggedAndAMissingFileIsNot() throws {
        let lines = Lines()
        var configuration = Configuration()
        configuration.log = { lines.add($0) }
        let tree = BrokenTree()
        let talk = try Talk(server: Server(tree: tree, configuration: configuration))
        try talk.begin(.linux)
        try talk.run(
            """
            Twalk 0 1 none
            Rlerror 2
            Twalk 0 1 broken
            Rlerror 5
            """
        )
        #expect(lines.all.count == 1)
        #expect(lines.all.first?.hasSuffix(": disk 7: i/o error") == true, "\(lines.all)")
    }

    /// A directory in which a name cannot be looked up.
    final class BrokenTree: Tree, Directory {
        let qid = Qid(type: .directory, version: 1, path: 1)
        var parent: (any Directory)? { nil }
        func withName(_ body: (RawSpan) -> Void) {
            let name = Array("/".utf8)
            body(name.span.bytes)
        }
        func stat() throws(FileError) -> Stat { Stat(qid: qid, mode: Mode(.directory, 0o755)) }
        func lookup(_ name: RawSpan) throws(FileError) -> any Node {
            guard Array(name) == Array("broken".utf8) else {
                throw FileError(.notFound, "not here")
            }
            throw FileError(.inputOutput, "disk 7")
        }
        func entries(
            from cookie: UInt64,
            _ body: (borrowing DirectoryEntry, RawSpan) -> Bool
        ) throws(FileError) {}
        func attach(as user: User, to name: String) throws(FileError) -> FileTree.Attachment {
            Attachment(root: self, tree: self)
        }
    }

    @Test func tooManyFidsAreRefused() throws {
        let talk = try Talk { $0.limits.fids = 3 }
        try talk.begin(.plain)
        try talk.run(
            """
            Twalk 0 1
            Rwalk
            Twalk 0 2
            Rwalk
            Twalk 0 3
            Rerror 'Too many open files'
            Tclunk 1
            Rclunk
            Twalk 0 3
            Rwalk
            """
        )
    }

    static let malformed: [[UInt8]] = [
        [6, 0, 0, 0, 120, 1, 0],
        [0, 0, 0, 0],
        [0xff, 0xff, 0xff, 0xff, 120, 1, 0],
        [7, 0, 0, 0, 120, 1, 0],
        [12, 0, 0, 0, 120, 1, 0, 0, 0, 0, 0, 0],
        [7, 0, 0, 0, 121, 1, 0],
        [7, 0, 0, 0, 3, 1, 0],
        [7, 0, 0, 0, 255, 1, 0],
        // Twrite whose count says more than there is.
        [23, 0, 0, 0, 118, 1, 0, 0, 0, 0, 0] + [UInt8](repeating: 0, count: 8) + [
            255, 255, 255, 255,
        ],
        // Twalk with a name that goes past the end.
        [19, 0, 0, 0, 110, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 9, 0],
    ]

    @Test(arguments: malformed)
    func aMalformedMessageEndsThatConversationAlone(bytes: [UInt8]) throws {
        let lines = Lines()
        var configuration = Configuration()
        configuration.log = { lines.add($0) }
        let server = Server(tree: MemoryTree(), configuration: configuration)
        let good = try Talk(server: server)
        try good.begin(.linux)
        let bad = try Talk(server: server)
        try bad.begin(.linux)
        // What came before it in the same piece is answered.
        bad.send(bytes: try MessageText.message("Tgetattr 0 0x7ff", tag: 9, .linux) + bytes)
        #expect(try bad.receive().hasPrefix("Rgetattr tag 9"))
        #expect(try bad.receive() == "-")
        try good.run("Tgetattr 0 0x7ff\nRgetattr ...")
        #expect(lines.all.count == 1)
        #expect(lines.all.first?.contains("corrupted file entry") == true)
        #expect(server.statistics.contains("malformed 1\n"))
    }

    @Test func everyTruncationOfAMessageOnlyWaits() throws {
        let talk = try Talk()
        try talk.begin(.linux)
        let message = try MessageText.message("Twalk 0 1 a b c", tag: 5, .linux)
        for byte in message { talk.send(bytes: [byte]) }
        #expect(try talk.receive() == "Rlerror tag 5 ecode 2")
        // A peer that goes away inside of a message is no malformed one.
        talk.send(bytes: Array(message.dropLast()))
        shutdown(talk.socket, Int32(SHUT_WR))
        #expect(try talk.receive() == "-")
    }

    @Test func aLargeWriteComesWhole() throws {
        let tree = try MemoryTree.make("f 644 0 0 1 file =")
        let talk = try Talk(tree)
        try talk.begin(.linux, msize: 1 << 20)
        try talk.run("Twalk 0 1 file\nRwalk ...\nTlopen 1 2\nRlopen ...")
        let data = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 3) }
        var bytes = [UInt8](repeating: 0, count: 23)
        bytes.withUnsafeMutableBytes { bytes in
            bytes.storeBytes(of: UInt32(23 + data.count), as: UInt32.self)
            bytes[4] = MessageType.twrite.rawValue
            bytes[7] = 1
            bytes.storeBytes(of: UInt32(data.count), toByteOffset: 19, as: UInt32.self)
        }
        talk.send(bytes: bytes + data)
        #expect(Talk.untagged(try talk.receive()) == "Rwrite count 1000000")
        let name = Array("file".utf8)
        let file = try #require(try tree.root.lookup(name.span.bytes).file)
        #expect(try TreeText.bytes(file) == data)
    }

    @Test func traceShowsEveryMessageAsText() throws {
        let lines = Lines()
        let talk = try Talk(MemoryTree.make("f 644 0 0 1 file *10000:1")) {
            $0.trace = { lines.add($0) }
        }
        try talk.begin(.linux)
        try talk.run(
            "Twalk 0 1 nothing\nRlerror 2\nTwalk 0 1 file\nRwalk ...\nTlopen 1 0\nRlopen ..."
        )
        try talk.send("Tread tag 77 fid 1 offset 0 count 9000")
        _ = talk.receiveBytes()
        let all = lines.all
        #expect(all.first == "Tversion tag 65535 msize 65536 version '9P2000.L'")
        #expect(all.contains("Tread tag 77 fid 1 offset 0 count 9000"))
        #expect(all.last == "Rread tag 77 count 9000 ...")
        #expect(all.count == 12)
    }

    @Test func statisticsTellEachKindOfMessage() throws {
        let talk = try Talk()
        try talk.begin(.linux)
        for _ in 0..<10 { try talk.run("Tgetattr 0 0x7ff\nRgetattr ...") }
        try talk.run("Tversion 8192 9P2000\nRversion 8192 9P2000")
        let text = talk.server.statistics
        #expect(text.contains("connections 1\n"))
        #expect(text.contains("\nTgetattr 10 p50 "))
        #expect(text.contains("\nTattach 1 p50 "))
    }
}
