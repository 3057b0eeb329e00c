import Glibc
import Testing
import Watched

/// What a signal does to pak itself, before a command begins and after it has ended.
@Suite(.unwatched, .enabled(if: Visitor.whyNone == nil, "\(Visitor.whyNone ?? "")"))
struct ViewSignalTests {
    private func start(
        _ scratch: Scratch,
        _ options: [String],
        _ script: String,
        output: Int32? = nil
    ) throws -> Program.Running {
        let (program, words) = try Visitor.own.program(.pak, scratch)
        try scratch.makeDirectory("home/build")
        return try program.start(
            ["-C", scratch("home/build")] + words + ["capture"] + options
                + ["--", "sh", "-c", script],
            output: output
        )
    }

    /// What captures have left.
    private static func folders(_ scratch: Scratch) -> [String] {
        Scratch.names(in: scratch("home")).filter { $0.hasPrefix("pak-capture.") }
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP, SIGQUIT])
    func aSignalBeforeTheCommandEndsPakAndTheCommandNeverBegins(_ number: Int32) throws {
        let scratch = try Scratch()
        // The rules are read before the command begins, and have no end here.
        let rules = scratch("rules")
        try #require(mkfifo(rules, 0o600) == 0)
        let made = scratch("made.tar")
        let running = try start(scratch, ["--rules", rules, "-o", made], "echo began")
        var writer: Int32 = -1
        for _ in 0..<Patience.seconds * 1000 where writer < 0 {
            writer = open(rules, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
            if writer < 0 { poll(nil, 0, 1) }
        }
        try #require(writer >= 0)
        defer { close(writer) }
        running.send(number)
        // It does not first go on to what the command is started by.
        #expect(running.output.rest() == "")
        // By the signal itself, and not with a status that stands for it.
        #expect(running.waitForWord() & 0x7f == number)
        #expect(access(made, F_OK) != 0)
        #expect(Self.folders(scratch) == [])
    }

    @Test func pakEndsByTheSignalThatItsCommandEndsBy() throws {
        let scratch = try Scratch()
        let running = try start(scratch, ["--list"], "kill -TERM $$")
        #expect(running.waitForWord() & 0x7f == SIGTERM)
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func aSignalAfterTheCommandEndsPak(_ number: Int32) throws {
        let scratch = try Scratch()
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        for end in ends { try #require(fcntl(end, F_SETFD, FD_CLOEXEC) == 0) }
        // The list is more than is read here and the pipe holds: whoever writes it is at it until it is read.
        let script = "d=$(printf %0200d 1); mkdir /usr/$d && cd /usr/$d && touch $(seq 1000)"
        let running = try start(scratch, ["--list"], script, output: ends[1])
        close(ends[1])
        let lines = Program.Lines(ends[0])
        #expect(lines.next()?.hasPrefix("A usr/") == true)
        running.send(number)
        #expect(lines.rest().split(separator: "\n").count < 1000)
        #expect(running.waitForWord() & 0x7f == number)
        #expect(Self.folders(scratch) == [])
    }
}
