import Glibc
import Testing
import Watched

/// How a view ends: by its command, its keeper, its starter, each killed in turn.
///
/// That nothing is left shows in the command's output: it ends when the last that holds it does.
@Suite(.unwatched) struct ViewDeathTests {
    static let host = "bind:h/:v/"
    /// Two generations that would go on for ever, in a group of their own, and say who they are.
    static let family = "setsid sh -c 'sleep 1000 & echo $! $$; wait' & read line; wait"

    /// With processes of its own, and without.
    static let spaces = [[host], ["-own", host, "proc:v/proc"]]

    @Test(arguments: Views.Maker.allHere, spaces)
    func nothingIsLeftWhenTheCommandEnds(_ maker: Views.Maker, _ steps: [String]) throws {
        let outcome = try Views(maker).run(
            steps + [
                "--", "sh", "-c", "setsid sh -c 'sleep 1000 & sleep 1000' & echo done; exit 3",
            ]
        )
        #expect(outcome.output == "done\n")
        #expect(outcome.status == 3)
    }

    @Test(arguments: Views.Maker.allHere, spaces)
    func nothingIsLeftWhenTheStarterIsKilled(_ maker: Views.Maker, _ steps: [String]) throws {
        let views = try Views(maker)
        let (running, input) = try start(views, steps)
        defer { close(input) }
        _ = try #require(running.output.next())
        running.send(SIGKILL)
        #expect(running.output.rest() == "")
        #expect(running.wait() == 128 + SIGKILL)
    }

    @Test(arguments: Views.Maker.allHere, spaces)
    func nothingIsLeftWhenTheKeeperIsKilled(_ maker: Views.Maker, _ steps: [String]) throws {
        let views = try Views(maker)
        let (running, input) = try start(views, steps)
        defer { close(input) }
        _ = try #require(running.output.next())
        kill(try #require(Program.children(of: running.process).first), SIGKILL)
        #expect(running.output.rest() == "")
        #expect(running.wait() == 128 + SIGKILL)
    }

    @Test(arguments: Views.Maker.allHere, spaces)
    func nothingIsLeftWhenTheCommandIsKilled(_ maker: Views.Maker, _ steps: [String]) throws {
        let views = try Views(maker)
        let (running, input) = try start(views, steps)
        defer { close(input) }
        _ = try #require(running.output.next())
        let keeper = try #require(Program.children(of: running.process).first)
        kill(try #require(Program.children(of: keeper).first), SIGKILL)
        #expect(running.output.rest() == "")
        #expect(running.wait() == 128 + SIGKILL)
    }

    @Test(arguments: Views.Maker.allHere, [SIGTERM, SIGHUP, SIGINT, SIGUSR1])
    func aSignalGoesOnToTheCommand(_ maker: Views.Maker, _ number: Int32) throws {
        // A shell that waits is at once told of a signal, whenever it comes; one that reads may have
        // looked for the last time before.
        let waiting = "trap 'echo caught; exit 5' \(number); echo ready; sleep 1000 & wait"
        for steps in Self.spaces {
            let views = try Views(maker)
            let running = try views.start(steps + ["--", "sh", "-c", waiting])
            #expect(running.output.next() == "ready")
            running.send(number)
            #expect(running.output.rest() == "caught\n")
            #expect(running.wait() == 5)
        }
    }

    @Test(arguments: Views.Maker.allHere)
    func whoIsKilledBySignalEndsByIt(_ maker: Views.Maker) throws {
        let views = try Views(maker)
        let (running, input) = try start(views, Self.spaces[0])
        defer { close(input) }
        _ = try #require(running.output.next())
        running.send(SIGTERM)
        #expect(running.output.rest() == "")
        #expect(running.wait() == 128 + SIGTERM)
    }

    @Test(arguments: Views.Maker.allHere)
    func aDescriptorThatThereIsNoRoomForEndsTheView(_ maker: Views.Maker) throws {
        let words = ["-tight", Self.host, "fill:x/a", "fill:x/b", "--", "true"]
        let outcome = try Views(maker).run(words)
        #expect(outcome.complaints.contains("Too many open files"), "\(outcome.complaints)")
        #expect(outcome.status == 125)
    }

    @Test(.enabled(if: geteuid() == 0, "it takes root to hide /proc"))
    func whatAnswersCallsEndsWhereTheKernelListsNoChildren() throws {
        let views = try Views(.root)
        // All but what a program looks for when it starts.
        let hide = """
            mkdir proc && mount --bind /proc proc && mount -t tmpfs none /proc &&
            ln -s "$PWD/proc/self" /proc/self && exec "$@"
            """
        let outcome = try Program(path: "/usr/bin/env").run(
            ["-C", views.scratch.path, "unshare", "-m", "sh", "-c", hide, "sh", "./viewcheck"]
                + ["-answer", Self.host, "--", "sh", "-c", "echo done; exit 3"]
        )
        #expect(outcome.output == "done\n", "\(outcome.complaints)")
        #expect(outcome.status == 3)
    }

    private func start(
        _ views: Views,
        _ steps: [String]
    ) throws -> (running: Program.Running, input: Int32) {
        var input: [Int32] = [0, 0]
        try #require(
            socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &input) == 0
        )
        let running = try views.start(
            steps + ["--", "sh", "-c", Self.family],
            input: input[0]
        )
        close(input[0])
        return (running, input[1])
    }
}
