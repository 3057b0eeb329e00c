import Glibc
import Testing
import Watched

/// Environments of a running server, changed by commands that never look at its store.
@Suite(.unwatched)
struct ServedChangeTests {
    /// A server of an environment of `a` 1.0-1, and commands of a user who has no store.
    private struct Setting {
        let scratch: Scratch
        let live: LiveTests.Live
        let control: Editor

        init() throws {
            scratch = try LiveTests.prepared()
            live = try LiveTests.Live(scratch)
            control = try Editor(live.address, "ctl")
        }

        func pak(_ words: [String], status: Int32 = 0) throws -> Program.Outcome {
            var pak = Program.pak
            pak.environment["PAK_STORE"] = scratch("none")
            let outcome = try pak.run(words)
            #expect(outcome.status == status, "\(words): \(outcome.complaints)")
            return outcome
        }

        /// What a command prints, and is refused with.
        func change(_ verb: String, _ words: String..., status: Int32 = 0) throws -> String {
            let outcome = try pak([verb, "-a", live.address] + words, status: status)
            return status == 0 ? outcome.output : outcome.complaints
        }

        func end() {
            #expect(live.served.end() == 0)
            #expect(!scratch.names().contains("none"))
        }
    }

    @Test func aChangeIsMadeByTheServerAndToldAsAnyOther() throws {
        let setting = try Setting()
        let seen = try Editor(setting.live.address, "main")
        #expect(try setting.change("add", "b") == "Generation 3 (was 2)\n+ b 2\n")
        #expect(try seen.read("usr/bin/b") == "b\n")
        #expect(try setting.change("add", "b") == "Generation 3, as it was\n")
        #expect(try setting.change("rm", "a", "b").hasSuffix("(was 3)\n- a 1.0-1\n- b 2\n"))
        #expect(try setting.change("rollback", "2") == "Generation 2 (was 4)\n+ a 1.0-1\n")
        #expect(try setting.change("switch", "3") == "Generation 3 (was 2)\n+ b 2\n")
        #expect(try setting.change("rollback") == "Generation 2 (was 3)\n- b 2\n")
        #expect(try setting.change("pin", "3") == "")
        #expect(try setting.change("pin", "4") == "")
        #expect(try setting.change("pin", "--not", "4") == "")
        let history = try EnvironmentTests.pak(setting.scratch, ["history"]).output
        #expect(history.contains("add b (pinned)\n") && history.contains("rm a b\n"))
        #expect(history.contains("rollback"))
        // As an object it is what it is of a store of one's own.
        let told = try setting.change("add", "--json", "b")
        let own = ["--store", setting.scratch("store"), "--root", setting.scratch("system")]
        _ = try Program.pak.run(["rollback"] + own)
        var object = try Program.pak.run(["add", "--json", "b"] + own).output
        object = object.replacing("\"generation\":6", with: "\"generation\":5")
        #expect(told == object)
        setting.end()
    }

    @Test func rulesComeAndGo() throws {
        let setting = try Setting()
        for (verb, words, rule) in [
            ("prefer", ["usr/bin/a b", "a"], "prefer usr/bin/a%20b a"),
            ("block", ["a", "/usr/share/doc"], "block a usr/share/doc"),
            ("alias", ["opt", "usr/opt"], "alias opt usr/opt"), ("allow", ["a"], "allow a"),
        ] {
            _ = try setting.pak([verb, "-a", setting.live.address] + words)
            #expect(try setting.control.read("env/main/rules") == rule + "\n")
            _ = try setting.pak([verb, "--not", "-a", setting.live.address] + words)
            #expect(try setting.control.read("env/main/rules").isEmpty)
        }
        try setting.scratch.makeDirectory("disk")
        _ = try EnvironmentTests.pak(
            setting.scratch,
            ["shine", "/etc", setting.scratch("disk")]
        )
        #expect(try setting.change("shine", "/etc", status: 2).contains("no path of a host"))
        #expect(try setting.change("shine", "--not", "/etc").hasPrefix("Generation 12 "))
        setting.end()
    }

    /// The way out that is told is one that can be gone.
    @Test func aConflictIsToldWithTheWaysOut() throws {
        let setting = try Setting()
        _ = try EnvironmentTests.pak(
            setting.scratch,
            ["import", setting.scratch("c-3.deb")]
        )
        let told = try setting.change("add", "c", "b", status: 1)
        let lines = told.split(separator: "\n")
        #expect(lines.first == "/usr/bin/a: packages have different files")
        let count = "main: 1 conflict between packages: nothing is changed"
        #expect(lines.last?.hasSuffix("environment main: add c b: \(count)") == true)
        let way = try #require(
            lines.first { $0.hasPrefix("    try: ") }?.dropFirst(9).split(separator: "|").first
        )
        #expect(way.hasPrefix("pak prefer -a '\(setting.live.address)' -e main /usr/bin/a "))
        _ = try setting.scratch.shell("PAK_STORE=none '\(Program.pak.path)' \(way.dropFirst(4))")
        #expect(try setting.change("add", "c", "b").hasSuffix("+ b 2\n+ c 3\n"))
        setting.end()
    }

    @Test func aListThatNoLineHoldsIsOneChange() throws {
        let setting = try Setting()
        let many = Array(repeating: "b", count: 5000)
        let outcome = try setting.pak(["add", "-a", setting.live.address] + many)
        #expect(outcome.output == "Generation 3 (was 2)\n+ b 2\n")
        // Nothing of it is left over where it is refused.
        let bad = ["add", "-a", setting.live.address, "a"] + many + ["nothing"]
        let told = try setting.pak(bad, status: 1).complaints
        #expect(told.contains("commit: nothing: no package in the stores"))
        #expect(try setting.change("rm", "b") == "Generation 4 (was 3)\n- b 2\n")
        setting.end()
    }

    @Test func whatCannotBeAskedOfAServerIsNamed() throws {
        let setting = try Setting()
        let address = setting.live.address
        let file = try setting.change("add", setting.scratch("b-2.deb"), status: 1)
        #expect(file.contains("b-2.deb: a file of this host: "))
        #expect(file.contains("\ntry: pak import FILE where that pakfs runs, and pak add -a "))
        let none = try setting.change("add", "-e", "none", "b", status: 1)
        #expect(none.contains("pak: \(address): environment none: file does not exist\n"))
        #expect(none.contains("try: pak ls -a '\(address)' -A ctl env\n"))
        #expect(try setting.change("rm", "x", status: 1).contains(": rm x: x: not in environment"))
        #expect(try setting.change("add", "b\nrm a", status: 2).contains("not a package"))
        #expect(try setting.change("add", "--store", "x", "b", status: 2).contains("not with"))
        #expect(try setting.change("switch", "99", status: 1).contains("generation 99: file does"))
        #expect(try setting.control.read("env/main/gen").hasPrefix("2 "))
        // Another command has the environment.
        let lock = open(setting.scratch("store/envs/main/lock"), O_RDWR | O_CLOEXEC)
        try #require(lock >= 0 && flock(lock, LOCK_EX) == 0)
        _ = try setting.change("add", "b", status: 7)
        close(lock)
        #expect(try setting.change("add", "--wait", "600", "b").hasSuffix("+ b 2\n"))
        setting.end()
    }

    @Test func whoIsNotTheOwnerIsToldSo() throws {
        let scratch = try LiveTests.prepared()
        var pakfs = Program.pakfs
        pakfs.environment["XDG_CACHE_HOME"] = scratch("cache")
        try scratch.shell("mkdir web; cp a-1.0-1.deb web")
        let running = try pakfs.start(
            [
                "-S", scratch("store"), "-e", "main", "-e", "plain=\(scratch("a-1.0-1.deb"))",
                "-e", "web=dir:\(scratch("web"))", "-l", "tcp!127.0.0.1!0",
            ]
        )
        let line = try #require(running.output.next())
        let port = try #require(line.split(separator: "port=").last?.split(separator: ",").first)
        let address = "tcp!127.0.0.1!\(port)"
        let refused = try Program.pak.run("add", "-a", address, "-e", "main", "b")
        #expect(refused.status == 1)
        #expect(
            refused.complaints.hasPrefix("pak: \(address): environment main: permission denied\n")
        )
        #expect(refused.complaints.contains("try: -a 'unix!SOCKET'"))
        for name in ["plain", "web"] {
            let plain = try Program.pak.run("add", "-a", address, "-e", name, "b")
            #expect(plain.status == 1)
            let why = "environment \(name) is of no store: read only file"
            #expect(plain.complaints.contains(why), "\(plain.complaints)")
        }
        let unnamed = try Program.pak.run("add", "-a", address, "b")
        #expect(unnamed.status == 1 && unnamed.complaints.contains("-e with one of these"))
        running.send(SIGTERM)
        #expect(running.wait() == 0)
    }
}
