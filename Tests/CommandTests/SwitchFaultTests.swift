import Environments
import FileTree
import Glibc
import NinePClient
import Store
import Testing

/// What goes wrong with an environment that is changed: a clear error or the old state, never a
/// mixed one.
struct SwitchFaultTests {
    @Test func aPackageThatIsMissingOrDamagedLeavesTheOldState() throws {
        for damage in ["rm store/packages/b-*", "truncate -s -100 store/packages/b-*"] {
            let setting = try SwitchTests.Setting()
            _ = try EnvironmentTests.pak(setting.scratch, ["add", "b"])
            _ = try EnvironmentTests.pak(setting.scratch, ["switch", "2"])
            // It has seen generation 2 again when it answers.
            try setting.tell("gen 2")
            try setting.scratch.shell("mkdir kept && cp store/packages/b-* kept")
            try setting.scratch.shell("rm -rf store/tables; \(damage)")
            // What cannot be shown is not made current, whoever asks for it.
            #expect(throws: FileError.self) { try setting.tell("gen 3") }
            let refused = try EnvironmentTests.pak(setting.scratch, ["switch", "3"], status: 1)
            let cure = "\ntry: pak import the package again\n"
            #expect(refused.complaints.hasPrefix("pak: package b 2"), "\(refused.complaints)")
            #expect(refused.complaints.hasSuffix(cure), "\(refused.complaints)")
            let list = try EnvironmentTests.pak(setting.scratch, ["list"]).output
            #expect(list.hasSuffix(" a 1.0-1\n"), "\(list)")
            #expect(try setting.seen.read("usr/bin/a") == "a\n")
            #expect(!setting.isThere("usr/bin/b"))
            #expect(try setting.control.read("env/main/ctl").contains("error: gen 3: "))
            #expect(throws: FileError.self) { try setting.seen.other("main@3") }
            // Repaired, so it is shown: what was open before is no measure of what is there.
            try setting.scratch.shell("cp kept/b-* store/packages")
            try setting.tell("gen 3")
            #expect(try setting.seen.read("usr/bin/b") == "b\n")
            #expect(setting.served.end() == 0)
        }
    }

    /// As by one who does not look at the packages.
    @Test func aGenerationThatIsMadeCurrentAndCannotBeShownLeavesTheOldState() throws {
        let setting = try SwitchTests.Setting()
        _ = try EnvironmentTests.pak(setting.scratch, ["add", "b"])
        _ = try EnvironmentTests.pak(setting.scratch, ["switch", "2"])
        try setting.tell("gen 2")
        try setting.scratch.shell("mkdir kept && mv store/packages/b-* kept; rm -rf store/tables")
        let main = try NamedEnvironment("main", in: Store(writing: setting.scratch("store")))
        try main.note("switch", current: 3, over: main.state())
        let complaints = setting.served.running.complaints
        let told = complaints.next { $0.contains("environment main stays at generation 2: ") }
        #expect(told?.contains("package b 2 ") == true)
        #expect(try setting.seen.read("usr/bin/a") == "a\n")
        #expect(!setting.isThere("usr/bin/b"))
        try setting.scratch.shell("mv kept/b-* store/packages")
        try main.note("switch", current: 2, over: main.state())
        try setting.tell("gen 3")
        #expect(try setting.seen.read("usr/bin/b") == "b\n")
        #expect(setting.served.end() == 0)
    }

    @Test func aPackageWhoseFileIsAnotherOfTheSameBytesIsShown() throws {
        let copy = "mkdir -p copy && cp store/packages/b-* copy && mv copy/b-* store/packages"
        for change in ["touch store/packages/b-*", copy] {
            let setting = try SwitchTests.Setting()
            try setting.tell("add b", "gen 2")
            try setting.scratch.shell(change)
            try setting.tell("gen 3")
            #expect(try setting.seen.read("usr/bin/b") == "b\n")
            // By its number, too, when it is not what is current.
            try setting.tell("gen 2")
            try setting.scratch.shell(change)
            #expect(try setting.seen.other("main@3").read("usr/bin/b") == "b\n")
            #expect(setting.served.end() == 0)
        }
    }

    @Test func oneThatIsMadeAnewUnderItsNameIsFollowed() throws {
        let setting = try SwitchTests.Setting()
        _ = try EnvironmentTests.pak(setting.scratch, ["env", "delete", "main"])
        // Of the number that is shown.
        _ = try EnvironmentTests.pak(setting.scratch, ["add", "b"])
        let complaints = setting.served.running.complaints
        #expect(complaints.next { $0.hasSuffix("environment main: generation 2") } != nil)
        #expect(setting.isThere("usr/bin/b") && !setting.isThere("usr/bin/a"))
        _ = try EnvironmentTests.pak(setting.scratch, ["add", "a=1.0-2"])
        #expect(complaints.next { $0.hasSuffix("environment main: generation 3") } != nil)
        #expect(setting.isThere("usr/bin/a"))
        #expect(setting.served.end() == 0)
    }

    @Test func ofTheFirstCommandsAtOnceAllWhoWaitAreDone() throws {
        let scratch = try Scratch()
        try EnvironmentTests.makePackages(scratch)
        let store = ["--store", scratch("store"), "--root", scratch("system")]
        let files = ["a-1.0-1.deb", "a-1.0-2.deb", "b-2.deb"]
        let all = try (0..<6).map { number in
            let file = scratch(files[number % files.count])
            return try Program.pak.start(["add", "--wait", "600", file] + store)
        }
        for running in all { #expect(running.wait() == 0, "\(running.complaints.rest())") }
        #expect(try EnvironmentTests.pak(scratch, ["list"]).output.contains("b 2"))
    }

    @Test(.mounting)
    func aStoreThatCannotBeWrittenIsServedAndNotChanged() throws {
        let scratch = try Scratch()
        try EnvironmentTests.makePackages(scratch)
        _ = try EnvironmentTests.pak(scratch, ["add", scratch("a-1.0-1.deb")])
        try EnvironmentTests.importMany(scratch)
        _ = try EnvironmentTests.pak(scratch, ["add"] + EnvironmentTests.many)
        let words = """
            mount --bind '\(scratch("store"))' '\(scratch("store"))' &&
                mount -o remount,ro,bind '\(scratch("store"))' && exec "$@"
            """
        let shell = Program(path: "/usr/bin/unshare")
        let probe = try shell.run(["-m", "sh", "-c", words, "sh", "true"])
        try #require(probe.status == 0, "\(probe.complaints)")
        func readOnly(_ command: [String]) throws -> Program.Outcome {
            try shell.run(
                ["-m", "sh", "-c", words, "sh", Program.pak.path] + command
                    + ["--store", scratch("store"), "--root", scratch("system")]
            )
        }
        #expect(try readOnly(["list"]).output.contains(" a 1.0-1\n"))
        #expect(try readOnly(["owns", "/usr/bin/a"]).output == "a\n")
        let all = try readOnly(["gc", "--dry-run", "--why"]).output
        let first = "  a 1.0-1: main generation 2, main generation 3\n  m1 1: "
        #expect(all.hasPrefix(first), "\(all)")
        #expect(all.hasSuffix("\n0 packages, 0 bytes would be removed\n"), "\(all)")
        for command in [["rm", "a"], ["rollback"], ["add", scratch("b-2.deb")]] {
            let outcome = try readOnly(command)
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

    @Test(.mounting)
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
