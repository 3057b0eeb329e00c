import Glibc
import Testing
import Watched

/// What ends and what is killed leaves nothing behind in a store that a collection does not take.
@Suite(.unwatched)
struct LeftoverTests {
    private func pak(_ scratch: Scratch, _ words: String...) throws -> Program.Outcome {
        try Program.pak.run(
            words + ["--store", scratch("store"), "--root", scratch("system")]
        )
    }

    @Test func aCollectionTakesWhatKilledProcessesLeft() throws {
        let scratch = try Scratch()
        try EnvironmentTests.makePackages(scratch)
        _ = try EnvironmentTests.pak(scratch, ["add", scratch("a-1.0-1.deb")])
        let key = String(repeating: "0", count: 64)
        // No process has that number: it is above what the kernel gives any.
        let dead = "\(key).union.99999999.1"
        let living = "\(key).union.\(getpid()).1"
        try scratch.shell(
            """
            mkdir -p store/envs/none store/envs/empty store/envs/locked store/envs/begun \\
                store/tables
            touch store/envs/empty/log store/envs/empty/lock store/envs/locked/lock
            touch store/envs/begun/lock store/envs/begun/log.new
            touch store/tables/\(dead) store/tables/\(living) store/packages/.new.1 store/lease/1.1
            """
        )
        // One that is just being made.
        let lock = open(scratch("store/envs/locked/lock"), O_RDWR | O_CLOEXEC)
        try #require(lock >= 0 && flock(lock, LOCK_EX) == 0)
        defer { close(lock) }
        let gc = try pak(scratch, "gc")
        #expect(gc.status == 0, "\(gc.complaints)")
        #expect(Scratch.names(in: scratch("store/envs")) == ["locked", "main"])
        let tables = Scratch.names(in: scratch("store/tables"))
        #expect(tables.contains(living) && !tables.contains(dead))
        #expect(Scratch.names(in: scratch("store/packages")).count == 1)
        #expect(Scratch.names(in: scratch("store/lease")).isEmpty)
    }

    @Test func aCollectionDoesNotWaitForWhoUsesTheStoreUnlessItIsTold() throws {
        let scratch = try Scratch()
        try EnvironmentTests.makePackages(scratch)
        _ = try EnvironmentTests.pak(scratch, ["add", scratch("a-1.0-1.deb")])
        let lock = open(scratch("store/lock"), O_RDWR | O_CLOEXEC)
        try #require(lock >= 0 && flock(lock, LOCK_SH) == 0)
        defer { close(lock) }
        _ = try EnvironmentTests.pak(scratch, ["rm", "a"])
        let history = try EnvironmentTests.pak(scratch, ["history"]).output
        // Nothing is forgotten for a collection that does not come about.
        let busy = try pak(scratch, "gc", "--keep", "0")
        #expect(busy.status == 7)
        #expect(try EnvironmentTests.pak(scratch, ["history"]).output == history)
        #expect(!history.contains("forgotten"))
        #expect(busy.complaints.contains("store: another command is using it: "))
        #expect(busy.complaints.hasSuffix("\ntry: pak gc --wait 60\n"), "\(busy.complaints)")
        let waiting = try Program.pak.start(
            ["gc", "--wait", "60", "--store", scratch("store"), "--root", scratch("system")]
        )
        flock(lock, LOCK_UN)
        #expect(waiting.wait() == 0)
        #expect(try EnvironmentTests.pak(scratch, ["history"]).output == history)
        let gc = try pak(scratch, "gc", "--keep", "0")
        #expect(gc.status == 0, "\(gc.complaints)")
        #expect(gc.output.contains("- a 1.0-1\n"))
    }

    @Test(.enabled(if: Visitor.own.hasFUSE && geteuid() == 0, "no mounts can be made here"))
    func aMountThatIsTakenAwayTakesItsLeaseAlong() throws {
        let scratch = try Scratch()
        try EnvironmentTests.makePackages(scratch)
        _ = try EnvironmentTests.pak(scratch, ["add", scratch("a-1.0-1.deb")])
        try scratch.makeDirectory("at")
        let running = try Program.pak.start(
            ["mount", "-f", "-e", "main", scratch("at"), "--store", scratch("store")]
        )
        try scratch.shell("timeout 60 sh -c 'until [ -e at/usr/bin/a ]; do :; done'")
        #expect(Scratch.names(in: scratch("store/lease")).count == 1)
        let end = try Program.pak.run("umount", scratch("at"))
        #expect(end.status == 0, "\(end.complaints)")
        #expect(running.wait() == 0)
        #expect(Scratch.names(in: scratch("store/lease")).isEmpty)
    }

    @Test func whoListsOrCollectsLeavesOutWhatIsDeletedMeanwhile() throws {
        let scratch = try Scratch()
        try EnvironmentTests.makePackages(scratch)
        _ = try EnvironmentTests.pak(scratch, ["add", scratch("a-1.0-1.deb")])
        // Another takes the log away after the folder was found and before it is read.
        let script = """
            export PAK_STORE='\(scratch("store"))' PAK_ROOT='\(scratch("system"))'
            pak='\(Program.pak.path)'
            ( for i in $(seq 12); do "$pak" env create x$((i % 3)) >/dev/null 2>&1
                "$pak" env delete x$((i % 3)) >/dev/null 2>&1; done ) & other=$!
            while kill -0 $other 2>/dev/null; do
                "$pak" env list >/dev/null || exit 1
                "$pak" gc --wait 60 >/dev/null || exit 2
            done
            """
        let run = try Program(path: "/bin/sh").run("-c", script)
        #expect(run.status == 0, "\(run.complaints)")
    }
}
