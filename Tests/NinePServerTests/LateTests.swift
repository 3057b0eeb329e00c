import FileTree
import Glibc
import NineP
import Testing
import TreeConformance

@testable import NinePServer

@Suite struct LateTests {
    /// A conversation in which fid 1 is open on a file that has to wait.
    private func slow(
        _ dialect: Dialect = .linux,
        server: Server? = nil,
        _ configure: (inout Configuration) -> Void = { _ in }
    ) throws -> (Talk, Gate) {
        let tree = (server?.tree as? SlowTree) ?? SlowTree()
        let talk = try Talk(tree, server: server, configure)
        try talk.begin(dialect)
        let open = dialect == .linux ? "Tlopen 1 0\nRlopen ..." : "Topen 1 0\nRopen ..."
        try talk.run("Twalk 0 1 slow\nRwalk ...\n" + open)
        return (talk, tree.gate)
    }

    @Test func whatHasToWaitHoldsNothingElse() throws {
        let (talk, gate) = try slow()
        try talk.send("Tread tag 900 fid 1 offset 0 count 3")
        gate.awaitWaiting(1)
        try talk.run("Tgetattr 0 0x7ff\nRgetattr ...")
        gate.open()
        #expect(try talk.receive() == "Rread tag 900 count 3 'sss'")
        // Once there is nothing to wait for, it is answered where it is read.
        try talk.run("Tread 1 0 2\nRread 'ss'")
    }

    @Test(arguments: [Dialect.linux, .plain])
    func aWriteThatTakesLongHoldsNothingElse(_ dialect: Dialect) throws {
        let tree = SlowTree()
        let talk = try Talk(tree)
        try talk.begin(dialect)
        let open = dialect == .linux ? "Tlopen 1 1\nRlopen ..." : "Topen 1 1\nRopen ..."
        try talk.run("Twalk 0 1 slow\nRwalk ...\n" + open)
        try talk.send("Twrite tag 900 fid 1 offset 0 count 3 'abc'")
        try talk.send("Twrite tag 901 fid 1 offset 666 count 1 'd'")
        tree.gate.awaitWaiting(2)
        try talk.run("Twalk 0 2\nRwalk ...")
        // What is given up is done all the same, and not answered.
        try talk.send("Twrite tag 902 fid 1 offset 0 count 1 'e'")
        tree.gate.awaitWaiting(3)
        try talk.run("Tflush 902\nRflush")
        tree.gate.open()
        let answers = Set([try talk.receive(), try talk.receive()])
        let error =
            dialect == .linux ? "Rlerror tag 901 ecode 5" : "Rerror tag 901 ename 'i/o error'"
        #expect(answers == ["Rwrite tag 900 count 3", error])
        try talk.run("Twrite 1 0 xy\nRwrite 2")
    }

    @Test func anErrorOfALateReadIsItsAnswer() throws {
        let (talk, gate) = try slow(.plain)
        try talk.send("Tread tag 900 fid 1 offset 666 count 3")
        gate.awaitWaiting(1)
        gate.open()
        #expect(try talk.receive() == "Rerror tag 900 ename 'i/o error'")
    }

    @Test func aFlushedReadIsNeverAnsweredAndItsTagIsFree() throws {
        let (talk, gate) = try slow()
        try talk.send("Tread tag 900 fid 1 offset 0 count 3")
        gate.awaitWaiting(1)
        try talk.run("Tflush 900\nRflush")
        gate.awaitCancelled(1)
        try talk.send("Tread tag 900 fid 1 offset 0 count 2")
        gate.open()
        #expect(try talk.receive() == "Rread tag 900 count 2 'ss'")
        try talk.run("Tgetattr 0 0x7ff\nRgetattr ...")
    }

    @Test func whatIsFlushedInTheLineIsNotKept() throws {
        let tree = SlowTree()
        let pool = Pool(limit: 1)
        let wire = LateReplies.Wire(
            output: -1,
            isSocket: false,
            counters: Counters(),
            trace: nil,
            complain: { _ in }
        )
        let late = LateReplies(pool: pool, limits: Limits(), wire: wire)
        defer {
            tree.gate.open()
            late.end()
            pool.stop()
        }
        let user = User(uid: 0, gid: 0, name: "glenda", isOwner: true)
        let root = try tree.attach(as: user, to: "").root
        let node = try root.lookup(Array("slow".utf8).span.bytes)
        let file = try #require(node.file).open(.read)
        func request(_ tag: UInt16) -> LateRequest {
            LateRequest(tag: tag, dialect: .linux, answer: .read(file, offset: 0, count: 1))
        }
        try late.submit(request(1))
        tree.gate.awaitWaiting(1)
        weak var kept: LateRequest?
        for _ in 0..<3 {
            let next = request(2)
            kept = next
            try late.submit(next)
            late.flush(2)
        }
        #expect(kept == nil)
    }

    @Test func flushesAreAnsweredWhileAThousandReadsWait() throws {
        let (talk, gate) = try slow { $0.limits.threads = 2 }
        for tag in 30_000..<31_000 { try talk.send("Tread tag \(tag) fid 1 offset 0 count 1") }
        gate.awaitWaiting(2)
        // Those that run, those in line, and again what is flushed already.
        for tag in [30_000, 30_001, 30_500, 30_999, 30_500, 7] {
            try talk.run("Tflush \(tag)\nRflush")
        }
        gate.open()
        var tags: Set<UInt16> = []
        for _ in 0..<996 {
            let reply = try #require(talk.receiveBytes())
            tags.insert(UInt16(reply[5]) | UInt16(reply[6]) << 8)
        }
        let isExact = tags == Set(30_000..<31_000).subtracting([30_000, 30_001, 30_500, 30_999])
        #expect(isExact)
        try talk.run("Tgetattr 0 0x7ff\nRgetattr ...")
    }

    /// Whatever the threads do, a flushed request's reply never comes behind its Rflush.
    @Test func noReplyComesBehindItsRflush() throws {
        let (talk, gate) = try slow()
        for tag in 1000..<1100 { try talk.send("Tread tag \(tag) fid 1 offset 0 count 1") }
        gate.awaitWaiting(1)
        var bytes: [UInt8] = []
        for tag in 1000..<1100 {
            bytes += try MessageText.message("Tflush \(tag)", tag: UInt16(tag + 1000), .linux)
        }
        gate.open()
        talk.send(bytes: bytes)
        var flushed: Set<UInt16> = []
        while flushed.count < 100 {
            let reply = try #require(talk.receiveBytes())
            let tag = UInt16(reply[5]) | UInt16(reply[6]) << 8
            if reply[4] == MessageType.rflush.rawValue {
                flushed.insert(tag - 1000)
            } else {
                #expect(!flushed.contains(tag))
            }
        }
        try talk.run("Tgetattr 0 0x7ff\nRgetattr ...")
    }

    @Test func aTagInUseIsRefused() throws {
        let (talk, gate) = try slow()
        try talk.send("Tread tag 900 fid 1 offset 0 count 3")
        gate.awaitWaiting(1)
        try talk.send("Tgetattr tag 900 fid 0 request_mask 2047")
        #expect(try talk.receive() == "Rlerror tag 900 ecode 71")
        gate.open()
        #expect(try talk.receive() == "Rread tag 900 count 3 'sss'")
    }

    @Test func aClunkWhileAReadWaitsIsSafe() throws {
        let (talk, gate) = try slow()
        try talk.send("Tread tag 900 fid 1 offset 0 count 3")
        gate.awaitWaiting(1)
        try talk.run("Tclunk 1\nRclunk")
        gate.open()
        #expect(try talk.receive() == "Rread tag 900 count 3 'sss'")
    }

    @Test func anotherVersionEndsAllThatWaits() throws {
        let (talk, gate) = try slow()
        try talk.send(
            "Tread tag 900 fid 1 offset 0 count 3",
            "Tread tag 901 fid 1 offset 0 count 3"
        )
        gate.awaitWaiting(2)
        try talk.run("Tversion 8192 9P2000.L\nRversion 8192 9P2000.L")
        gate.awaitCancelled(2)
        gate.open()
        try talk.run("Tgetattr 0 1\nRlerror 9")
    }

    @Test func oneConversationsReadsDoNotKeepAnothersFromTheirTurn() throws {
        let tree = SlowTree()
        var configuration = Configuration()
        configuration.limits.threads = 1
        let server = Server(tree: tree, configuration: configuration)
        let (first, gate) = try slow(server: server)
        let (second, _) = try slow(server: server)
        for tag in 1000..<1500 { try first.send("Tread tag \(tag) fid 1 offset 0 count 1") }
        gate.awaitWaiting(1)
        try second.send("Tread tag 900 fid 1 offset 0 count 1")
        gate.open()
        #expect(try second.receive() == "Rread tag 900 count 1 's'")
        for _ in 0..<500 { #expect(first.receiveBytes() != nil) }
    }

    @Test func aPeerThatDoesNotReadHoldsNobody() throws {
        let tree = SlowTree()
        let server = Server(tree: tree)
        let (deaf, gate) = try slow(server: server)
        // Far more than a socket takes: the server's thread for it waits.
        for tag in 0..<100 { try deaf.send("Tread tag \(tag) fid 1 offset 0 count 60000") }
        gate.awaitWaiting(1)
        let (other, _) = try slow(server: server)
        try other.send("Tread tag 900 fid 1 offset 0 count 2")
        gate.open()
        #expect(try other.receive() == "Rread tag 900 count 2 'ss'")
        try other.run("Tread 1 0 1\nRread 's'")
    }

    @Test func tooManyThatWaitAreRefused() throws {
        let (talk, gate) = try slow {
            $0.limits.requests = 2
            $0.limits.bytes = 1 << 20
        }
        try talk.send("Tread 1 0 1", "Tread 1 0 1")
        gate.awaitWaiting(2)
        try talk.run("Tread 1 0 1\nRlerror 11")
        gate.open()
        _ = (talk.receiveBytes(), talk.receiveBytes())
        let (greedy, _) = try slow { $0.limits.bytes = 100 }
        try greedy.run("Tread 1 0 101\nRlerror 12")
    }

    @Test func aLateReplyStillComesWhenThePeerSendsNoMore() throws {
        let (talk, gate) = try slow()
        try talk.send("Tread tag 900 fid 1 offset 0 count 3")
        gate.awaitWaiting(1)
        shutdown(talk.socket, Int32(SHUT_WR))
        gate.open()
        #expect(try talk.receive() == "Rread tag 900 count 3 'sss'")
        #expect(try talk.receive() == "-")
    }

    @Test func drainingAnswersWhatWasReceived() throws {
        let (talk, gate) = try slow()
        try talk.send("Tread tag 900 fid 1 offset 0 count 3")
        gate.awaitWaiting(1)
        let server = talk.server
        try Worker.start { server.drain(within: 10_000) }
        gate.open()
        #expect(try talk.receive() == "Rread tag 900 count 3 'sss'")
        #expect(try talk.receive() == "-")
        server.wait()
        // No more conversations are taken.
        let late = try Talk(SlowTree(), server: server)
        #expect(try late.receive() == "-")
    }

    @Test func drainingBreaksOffWhatDoesNotEnd() throws {
        let (talk, gate) = try slow()
        try talk.send("Tread tag 900 fid 1 offset 0 count 3")
        gate.awaitWaiting(1)
        talk.server.drain(within: 1)
        #expect(try talk.receive() == "-")
        talk.server.wait()
        gate.open()
    }
}
