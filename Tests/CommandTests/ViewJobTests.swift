import Glibc
import Testing
import Watched

/// Whoever waits for pak sees it stopped when its command is, and never else.
@Suite(.unwatched) struct ViewJobTests {
    /// A view whose command says each line that it reads, or that of whoever runs it.
    private final class Job {
        let running: Program.Running
        let keeper: pid_t
        let command: pid_t
        private let views: Views
        private let input: Int32

        init(
            _ maker: Views.Maker,
            _ steps: [String],
            _ work: String = ":",
            _ start: (Views, [String], Int32) throws -> Program.Running = {
                try $0.start($1, input: $2, apart: true)
            }
        ) throws {
            var ends: [Int32] = [0, 0]
            let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
            try #require(socketpair(AF_UNIX, kind, 0, &ends) == 0)
            defer { close(ends[0]) }
            input = ends[1]
            views = try Views(maker)
            let script = "echo $0; while read line; do \(work); echo $line; done; exit 3"
            running = try start(views, steps + ["--", "sh", "-c", script, "up"], ends[0])
            try #require(running.output.next() == "up")
            keeper = try #require(try Program.children(of: running.process).first)
            // What answers calls is the elder.
            command = try #require(try Program.children(of: keeper).last)
        }

        /// Whether the command reads a line and says it.
        func answers(_ line: String) -> Bool {
            let bytes = Array("\(line)\n".utf8)
            return write(input, bytes, bytes.count) == bytes.count && running.output.next() == line
        }

        /// Waits for a stop; the signal that it was by, or 0 when there was something else.
        func stop() -> Int32 {
            let word = running.waitForChange()
            return word & 0xff == 0x7f ? word >> 8 & 0xff : 0
        }

        /// Ends the command, and tells whether pak ends like it.
        func ends() -> Bool {
            shutdown(input, Int32(SHUT_WR))
            return running.wait() == 3
        }

        /// Waits for the end behind whatever stops there are.
        func end() -> Int32 {
            while running.waitForChange() == 0xffff {}
            return running.wait()
        }

        deinit { close(input) }
    }

    private static let isContinued: Int32 = 0xffff

    @Test(arguments: Views.Maker.allHere, ViewDeathTests.spaces)
    func pakIsStoppedAndContinuedWithItsCommand(_ maker: Views.Maker, _ steps: [String]) throws {
        let job = try Job(maker, steps)
        for round in 1...10 {
            kill(job.command, SIGSTOP)
            #expect(job.stop() != 0)
            kill(job.command, SIGCONT)
            #expect(job.running.waitForChange() == Self.isContinued)
            #expect(job.answers("round \(round)"))
        }
        #expect(job.ends())
    }

    @Test(arguments: Views.Maker.allHere, [SIGTSTP, SIGTTIN, SIGTTOU])
    func theCommandIsStoppedAndContinuedByPak(_ maker: Views.Maker, _ number: Int32) throws {
        for steps in ViewDeathTests.spaces {
            let job = try Job(maker, steps)
            for round in 1...5 {
                job.running.send(number)
                #expect(job.stop() == number)
                job.running.send(SIGCONT)
                #expect(job.running.waitForChange() == Self.isContinued)
                #expect(job.answers("round \(round)"))
            }
            #expect(job.ends())
        }
    }

    @Test(arguments: Views.Maker.allHere, ViewDeathTests.spaces)
    func aStoppedCommandThatIsKilledEndsPak(_ maker: Views.Maker, _ steps: [String]) throws {
        let job = try Job(maker, steps)
        kill(job.command, SIGSTOP)
        #expect(job.stop() != 0)
        kill(job.command, SIGKILL)
        #expect(job.end() == 128 + SIGKILL)
    }

    @Test(arguments: Views.Maker.allHere, ViewDeathTests.spaces)
    func theKeeperOfAStoppedCommandThatIsKilledEndsPak(
        _ maker: Views.Maker,
        _ steps: [String]
    ) throws {
        let job = try Job(maker, steps)
        kill(job.command, SIGSTOP)
        #expect(job.stop() != 0)
        kill(job.keeper, SIGKILL)
        #expect(job.end() == 128 + SIGKILL)
        #expect(job.running.output.rest() == "")
    }

    @Test(arguments: Views.Maker.allHere, ViewDeathTests.spaces)
    func nothingIsLeftWhenTheStarterIsKilledAndItsKeeperStopped(
        _ maker: Views.Maker,
        _ steps: [String]
    ) throws {
        // In the group of this process: the kernel itself continues one that is left alone.
        let job = try Job(maker, steps) { try $0.start($1, input: $2) }
        kill(job.keeper, SIGSTOP)
        job.running.send(SIGKILL)
        #expect(job.running.output.rest() == "")
        #expect(job.running.wait() == 128 + SIGKILL)
    }

    @Test(arguments: Views.Maker.allHere, ViewDeathTests.spaces)
    func aStopOfTheWholeJobIsOverWithPaks(_ maker: Views.Maker, _ steps: [String]) throws {
        let job = try Job(maker, steps)
        for round in 1...5 {
            kill(-job.running.process, SIGSTOP)
            #expect(job.stop() == SIGSTOP)
            job.running.send(SIGCONT)
            #expect(job.running.waitForChange() == Self.isContinued)
            #expect(job.answers("round \(round)"))
        }
        #expect(job.ends())
    }

    @Test(.enabled(if: geteuid() == 0, "it takes root to have calls answered that change nothing"))
    func whatAnswersCallsGoesOnWithPak() throws {
        let job = try Job(.root, ["-answer", ViewDeathTests.host], "chown 0:0 .")
        kill(-job.running.process, SIGSTOP)
        #expect(job.stop() == SIGSTOP)
        job.running.send(SIGCONT)
        #expect(job.answers("again"))
        #expect(job.ends())
    }

    @Test(arguments: Views.Maker.allHere, ViewDeathTests.spaces)
    func whereNobodyWouldContinueItPakIsNotStopped(
        _ maker: Views.Maker,
        _ steps: [String]
    ) throws {
        let job = try Job(maker, steps) { try $0.startAlone($1, input: $2) }
        job.running.send(SIGTSTP)
        #expect(job.answers("one"))
        // Often enough for a SIGCONT to meet whatever pak does about the stop.
        for round in 1...200 {
            kill(job.command, SIGSTOP)
            try #require(try stops(job.command))
            job.running.send(SIGCONT)
            try #require(job.answers("round \(round)"))
        }
        kill(job.command, SIGSTOP)
        try #require(try stops(job.command))
        kill(job.command, SIGKILL)
        // Of its own stop nothing is told.
        #expect(job.running.waitForChange() == SIGKILL)
    }

    /// Waits until a process is stopped.
    private func stops(_ process: pid_t) throws -> Bool {
        for _ in 0..<Patience.seconds * 1000 {
            let text = String(decoding: try TextFile.bytes("/proc/\(process)/stat"), as: UTF8.self)
            if text.split(separator: ")").last?.hasPrefix(" T") == true { return true }
            poll(nil, 0, 1)
        }
        return false
    }
}
