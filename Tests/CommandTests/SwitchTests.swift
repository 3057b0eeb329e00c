import FileTree
import Glibc
import NinePClient
import Testing

/// What Haiku's package daemon does to a running system, done to an environment that is served;
/// and readers of one that is switched all the while.
struct SwitchTests {
    /// A store whose `main` is of `a` 1.0-1 (generation 2), served, with `b`, `c` and `a` 1.0-2 at
    /// hand.
    private struct Setting {
        let scratch: Scratch
        let served: Served
        let address: String
        let seen: Editor
        let control: Editor

        init() throws {
            let scratch = try Scratch()
            self.scratch = scratch
            try EnvironmentTests.makePackages(scratch)
            let files = ["b-2.deb", "c-3.deb", "a-1.0-2.deb"].map { scratch($0) }
            _ = try EnvironmentTests.pak(scratch, ["import"] + files)
            _ = try EnvironmentTests.pak(scratch, ["add", scratch("a-1.0-1.deb")])
            address = "unix!\(scratch("socket"))"
            served = try Served(scratch, ["-S", scratch("store"), "-e", "main", "-l", address])
            seen = try Editor(address, "main")
            control = try Editor(address, "ctl")
        }

        func tell(_ words: String...) throws {
            for words in words { try control.write("env/main/ctl", words + "\n") }
        }

        func isThere(_ path: String) -> Bool { (try? seen.read(path)) != nil }
    }

    @Test func activate() throws {
        let setting = try Setting()
        #expect(!setting.isThere("usr/bin/b"))
        try setting.tell("add b")
        #expect(try setting.seen.read("usr/bin/b") == "b\n")
        #expect(setting.served.end() == 0)
    }

    @Test func deactivateWhileAFileOfThePackageIsInUse() throws {
        let setting = try Setting()
        let file = try setting.seen.open("usr/bin/a")
        let walked = try setting.seen.walk("usr/share/doc/a/version")
        let folder = try setting.seen.walk("usr/share/doc/a")
        try setting.tell("rm a")
        #expect(!setting.isThere("usr/bin/a"))
        // Never busy: who has it reads on, also what was not open yet.
        #expect(try String(decoding: file.readAll(), as: UTF8.self) == "a\n")
        try walked.open()
        #expect(try String(decoding: walked.readAll(), as: UTF8.self) == "a 1.0-1\n")
        // Of its directory there is what it was, and none of its names.
        #expect(try folder.stat().stat.mode.type == .directory)
        #expect(throws: FileError.self) { try folder.walk([Array("version".utf8)]) }
        #expect(setting.served.end() == 0)
    }

    @Test func replaceWhileInUse() throws {
        let setting = try Setting()
        let file = try setting.seen.open("usr/share/doc/a/version")
        try setting.tell("add a=1.0-2")
        #expect(try String(decoding: file.readAll(), as: UTF8.self) == "a 1.0-1\n")
        #expect(try setting.seen.read("usr/share/doc/a/version") == "a 1.0-2\n")
        #expect(setting.served.end() == 0)
    }

    @Test func aBlockedEntryIsNotThereAndAnothersIs() throws {
        let setting = try Setting()
        try setting.tell("block a usr/bin/a")
        #expect(!setting.isThere("usr/bin/a"))
        #expect(try setting.seen.read("usr/share/doc/a/version") == "a 1.0-1\n")
        // Who would have been in conflict with it has the place.
        try setting.tell("add c")
        #expect(try setting.seen.read("usr/bin/a") == "c\n")
        #expect(throws: FileError.self) { try setting.tell("not block a usr/bin/a") }
        #expect(try setting.seen.read("usr/bin/a") == "c\n")
        try setting.tell("begin", "rm c", "not block a usr/bin/a", "commit")
        #expect(try setting.seen.read("usr/bin/a") == "a\n")
        #expect(setting.served.end() == 0)
    }

    @Test func anOldStateChosenByName() throws {
        let setting = try Setting()
        try setting.tell("add a=1.0-2", "add b")
        let old = try setting.seen.other("main@2")
        #expect(try old.read("usr/share/doc/a/version") == "a 1.0-1\n")
        let text = try EnvironmentTests.pak(setting.scratch, ["history", "--json"]).output
        #expect(text.contains("\"generation\""))
        let hash = try setting.control.read("env/main/gen").split(separator: " ")[1].prefix(16)
        try setting.tell("gen 2")
        // The state that was current has its name, too.
        let later = try setting.seen.other("main@\(hash)")
        #expect(try later.read("usr/bin/b") == "b\n")
        #expect(!setting.isThere("usr/bin/b"))
        try setting.tell("rm a")
        #expect(try old.read("usr/share/doc/a/version") == "a 1.0-1\n")
        #expect(setting.served.end() == 0)
    }

    /// A program of the package runs; its text is read from the package for as long as it does.
    @Test(.enabled(if: Visitor.whyNone == nil, "\(Visitor.whyNone ?? "")"))
    func aProgramRunsOnWhenItsPackageIsDisabled() throws {
        let scratch = try Scratch()
        try scratch.shell(
            """
            mkdir -p p/usr/bin; cp /bin/cat p/usr/bin/own-cat; echo x >p/usr/x; tar -C p -cf p.tar .
            """
        )
        let packed = scratch("p.pak.zst")
        #expect(
            try Program.pak.run("pack", "--name", "p", "-o", packed, scratch("p.tar")).status == 0
        )
        _ = try EnvironmentTests.pak(scratch, ["add", packed])
        let (input, other) = try Self.pipe()
        defer { for descriptor in [input, other] { close(descriptor) } }
        let words = ["run", "--store", scratch("store"), "--root", scratch("system"), "--"]
        let running = try Program.pak.start(words + ["/usr/bin/own-cat"], input: input)
        #expect(write(other, "one\n", 4) == 4)
        #expect(running.output.next() == "one")
        _ = try EnvironmentTests.pak(scratch, ["rm", "p"])
        // Its package stays for as long as it is used.
        let kept = try EnvironmentTests.pak(scratch, ["gc", "--keep", "0"]).output
        #expect(kept.hasSuffix("0 packages, 0 bytes removed\n"), "\(kept)")
        #expect(write(other, "two\n", 4) == 4)
        #expect(running.output.next() == "two")
        shutdown(other, Int32(SHUT_WR))
        #expect(running.wait() == 0)
        #expect(try EnvironmentTests.pak(scratch, ["gc", "--keep", "0"]).output.contains("- p"))
    }

    private static func pipe() throws -> (Int32, Int32) {
        var ends: [Int32] = [0, 0]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        try #require(socketpair(AF_UNIX, kind, 0, &ends) == 0)
        return (ends[0], ends[1])
    }

    /// Eight clients, and a switch every few hundred requests.
    ///
    /// Tests/Switches/run does it at length, with the programs as they are used.
    @Test func noReadIsMixedWhileItIsSwitched() throws {
        let scratch = try Scratch()
        try Self.makeStates(scratch)
        let address = "unix!\(scratch("socket"))"
        let served = try Served(
            scratch,
            ["-S", scratch("store"), "-e", "main", "-l", address]
        )
        let words = ["switches", address, "main", "20000", "60", "2", "3"]
        let outcome = try Program.treecheck.run(words)
        #expect(outcome.status == 0, "\(outcome.output)")
        #expect(outcome.output.hasSuffix(", 60 switches, 0 faults\n"), "\(outcome.output)")
        #expect(served.end() == 0)
    }

    /// Generations 2 and 3 as `treecheck switches` wants them.
    private static func makeStates(_ scratch: Scratch) throws {
        try scratch.shell(
            """
            make() { # letter length count
                mkdir -p p/data
                for i in 0 1 2 3 4 5 6 7 8 9; do
                    head -c $2 /dev/zero | tr '\\0' $1 >p/data/both$i
                done
                for i in $(seq 0 $3); do printf $1 >p/data/$1$i; done
                tar -C p -cf $1.tar .; rm -r p
            }
            make a 3000 4; make b 5000 6
            """
        )
        for letter in ["a", "b"] {
            let words = ["pack", "--name", "data", "-o", scratch("\(letter).pak.zst")]
            #expect(try Program.pak.run(words + [scratch("\(letter).tar")]).status == 0)
            _ = try EnvironmentTests.pak(scratch, ["add", scratch("\(letter).pak.zst")])
        }
    }

    // Bad states

    @Test func aPackageThatIsMissingOrDamagedLeavesTheOldState() throws {
        for damage in ["rm store/packages/b-*", "truncate -s -100 store/packages/b-*"] {
            let setting = try Setting()
            _ = try EnvironmentTests.pak(setting.scratch, ["add", "b"])
            _ = try EnvironmentTests.pak(setting.scratch, ["switch", "2"])
            // It has seen generation 2 again when it answers.
            try setting.tell("gen 2")
            try setting.scratch.shell("rm -rf store/tables; \(damage)")
            // One who does not look at the packages himself makes it current.
            #expect(throws: FileError.self) { try setting.tell("gen 3") }
            #expect(try setting.seen.read("usr/bin/a") == "a\n")
            #expect(!setting.isThere("usr/bin/b"))
            #expect(try setting.control.read("env/main/ctl").contains("error: gen 3: "))
            #expect(throws: FileError.self) { try setting.seen.other("main@3") }
            #expect(setting.served.end() == 0)
        }
    }

    /// Whether there may be mounts in a namespace of one's own.
    private static let mayMount =
        (try? Program(path: "/usr/bin/unshare").run("-m", "true"))?.status == 0

    @Test(.enabled(if: mayMount, "nobody may mount here"))
    func aStoreThatCannotBeWrittenIsServedAndNotChanged() throws {
        let scratch = try Scratch()
        try EnvironmentTests.makePackages(scratch)
        _ = try EnvironmentTests.pak(scratch, ["add", scratch("a-1.0-1.deb")])
        let words = """
            mount --bind '\(scratch("store"))' '\(scratch("store"))' &&
                mount -o remount,ro,bind '\(scratch("store"))' && exec "$@"
            """
        let shell = Program(path: "/usr/bin/unshare")
        let probe = try shell.run(["-m", "sh", "-c", words, "sh", "true"])
        try #require(probe.status == 0, "\(probe.complaints)")
        func readOnly(_ words2: String...) throws -> Program.Outcome {
            try shell.run(
                ["-m", "sh", "-c", words, "sh", Program.pak.path] + words2
                    + ["--store", scratch("store"), "--root", scratch("system")]
            )
        }
        #expect(try readOnly("list").output.contains(" a 1.0-1\n"))
        #expect(try readOnly("owns", "/usr/bin/a").output == "a\n")
        for words in [["rm", "a"], ["rollback"], ["add", scratch("b-2.deb")]] {
            let outcome = try shell.run(
                ["-m", "sh", "-c", self.words(words, scratch), "sh"]
            )
            #expect(outcome.status == 1 && outcome.complaints.contains("read only file system"))
        }
        let address = "unix!\(scratch("socket"))"
        let running = try shell.start([
            "-m", "sh", "-c", words, "sh", Program.pakfs.path, "-S", scratch("store"), "-e", "main",
            "-l", address,
        ])
        try #require(running.output.next() != nil, "\(running.complaints.rest())")
        #expect(try Editor(address, "main").read("usr/bin/a") == "a\n")
        let control = try Editor(address, "ctl")
        #expect(throws: FileError.self) { try control.write("env/main/ctl", "rm a\n") }
        #expect(try Editor(address, "main").read("usr/bin/a") == "a\n")
        running.send(SIGTERM)
        #expect(running.wait() == 0)
    }

    /// The shell's words of a command of pak in a store on a disk that is read-only.
    private func words(_ command: [String], _ scratch: Scratch) -> String {
        let store = scratch("store")
        let quoted = ([Program.pak.path] + command).map { "'\($0)'" }.joined(separator: " ")
        return """
            mount --bind '\(store)' '\(store)' && mount -o remount,ro,bind '\(store)' &&
                exec \(quoted) --store '\(store)' --root '\(scratch("system"))'
            """
    }

    @Test(.enabled(if: mayMount, "nobody may mount here"))
    func aFullDiskIsToldAndChangesNothing() throws {
        let scratch = try Scratch()
        try EnvironmentTests.makePackages(scratch)
        _ = try EnvironmentTests.pak(scratch, ["add", scratch("a-1.0-1.deb")])
        // No more room than the store takes, and the store there.
        let script = """
            mkdir '\(scratch("disk"))' && mount -t tmpfs -o size=256k small '\(scratch("disk"))' &&
                cp -r '\(scratch("store"))' '\(scratch("disk"))' &&
                { head -c 1M /dev/zero >'\(scratch("disk"))/fill' 2>/dev/null
                pak() { '\(Program.pak.path)' "$@" --store '\(scratch("disk"))/store' \
            --root '\(scratch("system"))'; }
                pak add '\(scratch("b-2.deb"))'; echo status $?; pak list; pak store verify
                rm '\(scratch("disk"))/fill'; pak add '\(scratch("b-2.deb"))'; pak list; }
            """
        let outcome = try Program(path: "/usr/bin/unshare").run(["-m", "sh", "-c", script])
        #expect(outcome.complaints.contains("file system is full"), "\(outcome.complaints)")
        let parts = outcome.output.split(separator: "Generation 3", maxSplits: 1)
        #expect(parts.count == 2 && parts[0].hasPrefix("status 1\n"), "\(outcome.output)")
        #expect(parts[0].contains(" a 1.0-1\n") && !parts[0].contains(" b 2"))
        #expect(parts.count == 2 && parts[1].contains(" b 2"))
    }

    @Test func ofCommandsAtOnceEachIsDoneOrToldAndNoneIsMixed() throws {
        let scratch = try Scratch()
        try EnvironmentTests.makePackages(scratch)
        _ = try EnvironmentTests.pak(scratch, ["add", scratch("a-1.0-1.deb")])
        _ = try EnvironmentTests.pak(scratch, ["add", scratch("a-1.0-2.deb"), scratch("b-2.deb")])
        let store = ["--store", scratch("store"), "--root", scratch("system")]
        var done = 0
        for _ in 0..<6 {
            let all = try ["2", "3", "2", "3"].map {
                try Program.pak.start(["switch", $0] + store)
            }
            for running in all {
                let status = running.wait()
                #expect(status == 0 || status == 7, "\(running.complaints.rest())")
                if status == 0 { done += 1 }
            }
            let text = try EnvironmentTests.pak(scratch, ["list"]).output
            #expect(text.contains("a 1.0-2") == text.contains("b 2"), "\(text)")
        }
        #expect(done >= 6)
    }
}
