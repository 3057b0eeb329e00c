import FileTree
import Glibc
import NineP
import NinePClient
import Synchronization
import Testing

/// A pakfs beside the commands that change what it serves.
struct LiveTests {
    struct Live {
        var served: Served
        var address: String

        init(_ scratch: Scratch) throws {
            address = "unix!\(scratch("socket"))"
            served = try Served(scratch, ["-S", scratch("store"), "-e", "main", "-l", address])
        }
    }

    /// A scratch with an environment of `a` 1.0-1.
    static func prepared() throws -> Scratch {
        let scratch = try Scratch()
        try EnvironmentTests.makePackages(scratch)
        _ = try EnvironmentTests.pak(scratch, ["import", scratch("b-2.deb")])
        _ = try EnvironmentTests.pak(scratch, ["add", scratch("a-1.0-1.deb")])
        return scratch
    }

    /// The next line of the events.
    private static func next(_ events: Fid, _ place: inout UInt64) throws -> String {
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 1)
        defer { room.deallocate() }
        let count = try events.read(into: room, at: place)
        place += UInt64(count)
        return String(decoding: room[..<count], as: UTF8.self)
    }

    @Test func whatBecomesCurrentIsShownToThoseAttachedAndPinnedOnesStay() throws {
        let scratch = try Self.prepared()
        let live = try Live(scratch)
        let events = try Editor(live.address, "ctl").open("events")
        var place: UInt64 = 0
        let seen = try Editor(live.address, "main")
        let pinned = try seen.other("main:pinned")
        let old = try seen.open("usr/share/doc/a/version")
        let folder = try seen.walk("usr/share/doc")
        let qid = folder.qid
        #expect(try seen.read("usr/share/doc/a/version") == "a 1.0-1\n")

        _ = try EnvironmentTests.pak(scratch, ["add", "b", scratch("a-1.0-2.deb")])
        // It is told when it is shown.
        #expect(try Self.next(events, &place).hasPrefix("main 3 "))
        #expect(try seen.read("usr/share/doc/a/version") == "a 1.0-2\n")
        #expect(try seen.read("usr/bin/b") == "b\n")
        #expect(throws: (any Error).self) { try pinned.read("usr/bin/b") }
        #expect(try pinned.read("usr/share/doc/a/version") == "a 1.0-1\n")
        // What was opened before is what it was; a directory has the newest names.
        #expect(try String(decoding: old.readAll(), as: UTF8.self) == "a 1.0-1\n")
        #expect(try folder.walk([Array("b".utf8)]).qid.type.contains(.directory))
        #expect(try seen.walk("usr/share/doc").qid.path == qid.path)

        _ = try EnvironmentTests.pak(scratch, ["rollback"])
        #expect(try Self.next(events, &place).hasPrefix("main 2 "))
        #expect(throws: (any Error).self) { try seen.read("usr/bin/b") }
        #expect(try seen.other("main@3").read("usr/bin/b") == "b\n")
        #expect(throws: (any Error).self) { try seen.other("main@9") }
        #expect(live.served.end() == 0)
    }

    @Test func nothingShowsBetweenBeginAndCommit() throws {
        let scratch = try Self.prepared()
        let live = try Live(scratch)
        let control = try Editor(live.address, "ctl")
        try control.write("env/main/ctl", "begin\n")
        for word in ["gen 1", "rollback"] {
            let refused = #expect(throws: FileError.self) {
                try control.write("env/main/ctl", "\(word)\n")
            }
            #expect(refused?.kind == .busy)
            let said = try control.read("env/main/ctl")
            #expect(said.contains("error: \(word): begun: commit or abort first"), "\(said)")
        }
        try control.write("env/main/ctl", "abort\n")
        // A plain client is told in a sentence, of which 128 bytes are seen.
        let plain = try Client(dial: live.address, wish: .plain).attach(to: "ctl")
        let file = try plain.walk("env/main/ctl")
        try file.open(.write)
        let name = String(repeating: "n", count: 150)
        let refused = #expect(throws: FileError.self) {
            try file.write(Array("rm \(name)\n".utf8), at: 0)
        }
        #expect(refused?.kind == .notFound)
        try control.write("env/main/ctl", "gen 1\n")
        #expect(try control.read("env/main/gen").hasPrefix("1 "))
        #expect(live.served.end() == 0)
    }

    @Test func anyNumberMayWaitForWhatHappens() throws {
        let scratch = try Self.prepared()
        let live = try Live(scratch)
        // More than a pakfs has threads for what takes long, each with what it waits for open.
        let said = Mutex<[String]>([])
        let readers = try (0..<24).map { _ in
            let client = try Client(dial: live.address, patience: 120_000)
            let events = try client.attach(to: "ctl").walk("events")
            try events.open()
            return try Worker {
                var place: UInt64 = 0
                // What is not told is missing below.
                let line = try? Self.next(events, &place)
                said.withLock { $0.append(line ?? "") }
            }
        }
        let control = try Editor(live.address, "ctl")
        // What never comes is not waited for to the end of the suite.
        let last = time(nil) + 60
        while time(nil) < last {
            if try control.read("stats").contains("waiting \(readers.count)\n") { break }
        }
        #expect(try control.read("stats").contains("waiting \(readers.count)\n"))
        try control.write("env/main/ctl", "add b\n")
        #expect(try Editor(live.address, "main").read("usr/bin/b") == "b\n")
        for reader in readers { reader.join() }
        #expect(said.withLock { $0.filter { $0.hasPrefix("main 3 ") }.count } == readers.count)
        #expect(live.served.end() == 0)
    }

    @Test func wordsOfTheControlFileChangeAnEnvironmentAtOnce() throws {
        let scratch = try Self.prepared()
        let live = try Live(scratch)
        let control = try Editor(live.address, "ctl")
        let seen = try Editor(live.address, "main")
        try control.write("env/main/ctl", "begin\n")
        try control.write("env/main/ctl", "add b\n")
        try control.write("env/main/ctl", "rm a\n")
        #expect(try seen.read("usr/bin/a") == "a\n")
        try control.write("env/main/ctl", "commit\n")
        #expect(try seen.read("usr/bin/b") == "b\n")
        #expect(throws: (any Error).self) { try seen.read("usr/bin/a") }
        #expect(try control.read("env/main/gen").hasPrefix("3 "))
        #expect(throws: (any Error).self) { try control.write("env/main/ctl", "rm nothing\n") }
        #expect(try control.read("env/main/ctl").contains("error: rm nothing: nothing: not in"))
        #expect(throws: (any Error).self) { try control.write("env/main/ctl", "gen 99\n") }
        #expect(try control.read("env/main/ctl").contains("generation 99: file does not exist"))
        try control.write("env/main/ctl", "gen 2\n")
        #expect(try seen.read("usr/bin/a") == "a\n")
        let history = try EnvironmentTests.pak(scratch, ["history"]).output
        #expect(history.contains("add b; rm a\n"))
        #expect(live.served.end() == 0)
    }

    @Test func theControlFileGoesBackAndKeepsGenerations() throws {
        let scratch = try Self.prepared()
        let live = try Live(scratch)
        let control = try Editor(live.address, "ctl")
        try control.write("env/main/ctl", "add b\nrm a\nrollback 2\n")
        #expect(try control.read("env/main/gen").hasPrefix("2 "))
        try control.write("env/main/ctl", "add b\nrollback\npin 4\npin 3\nnot pin 3\n")
        #expect(try control.read("env/main/gen").hasPrefix("2 "))
        let history = try EnvironmentTests.pak(scratch, ["history"]).output
        #expect(history.contains("rm a (pinned)\n") && history.contains("add b\n"))
        for line in ["rollback 2", "rollback 0", "rollback x", "pin 99", "not pin", "pin x"] {
            #expect(throws: (any Error).self) { try control.write("env/main/ctl", line) }
            #expect(try control.read("env/main/ctl").contains("error: \(line): "))
        }
        #expect(try control.read("env/main/gen").hasPrefix("2 "))
        #expect(live.served.end() == 0)
    }

    /// Also what is told of a conflict is a line each.
    @Test func ofSeveralLinesThoseBeforeTheFirstThatIsRefusedAreDone() throws {
        let scratch = try Self.prepared()
        _ = try EnvironmentTests.pak(scratch, ["import", scratch("c-3.deb")])
        let live = try Live(scratch)
        let control = try Editor(live.address, "ctl")
        let lines = "add b\nadd c\nrm b\n"
        #expect(throws: (any Error).self) { try control.write("env/main/ctl", lines) }
        #expect(try control.read("env/main/gen").hasPrefix("3 "))
        let told = try control.read("env/main/ctl").split(separator: "\n")
        #expect(told.dropFirst().first?.hasPrefix("error: add c: main: 1 conflict ") == true)
        #expect(told.dropFirst(2).first == "/usr/bin/a: packages have different files")
        #expect(told.last?.hasPrefix("    try: pak prefer ") == true)
        try control.write("env/main/ctl", "prefer x a\n")
        #expect(try control.read("env/main/ctl") == "generation 4\n")
        #expect(live.served.end() == 0)
    }

    @Test func whatIsBegunIsOfOneAttachAndGoneWithIt() throws {
        let scratch = try Self.prepared()
        let live = try Live(scratch)
        do {
            let gone = try Editor(live.address, "ctl")
            try gone.write("env/main/ctl", "begin\n")
            try gone.write("env/main/ctl", "rm a\n")
            #expect(throws: (any Error).self) { try gone.write("env/main/ctl", "begin\n") }
            let text = try gone.read("env/main/ctl")
            let error = "error: begin: begun already: Device or resource busy\n"
            #expect(text.contains("begin\nrm a\n\(error)"))
        }
        // Neither while it is there nor afterwards is it another's.
        let control = try Editor(live.address, "ctl")
        #expect(try control.read("env/main/ctl") == "generation 2\n")
        #expect(throws: (any Error).self) { try control.write("env/main/ctl", "what\n") }
        #expect(try control.read("env/main/ctl").contains("error: what: "))
        try control.write("env/main/ctl", "begin\n")
        // What is right again has nothing to complain of.
        #expect(try control.read("env/main/ctl") == "generation 2\nbegin\n")
        try control.write("env/main/ctl", "add b\ncommit\n")
        #expect(try control.read("env/main/ctl") == "generation 3\n")
        #expect(try control.read("env/main/packages").contains(" a "))
        #expect(live.served.end() == 0)
    }

    @Test func whatIsBegunInAViewIsOfOneAttach() throws {
        let scratch = try Self.prepared()
        let live = try Live(scratch)
        let first = try Editor(live.address, "main:ctl=.pak")
        let second = try Editor(live.address, "main:ctl=.pak")
        try first.write(".pak/ctl", "begin\nadd b\n")
        #expect(try second.read(".pak/env/main/ctl") == "generation 2\n")
        #expect(throws: (any Error).self) { try second.write(".pak/ctl", "commit\n") }
        #expect(try second.read(".pak/env/main/gen").hasPrefix("2 "))
        try first.write(".pak/ctl", "commit\n")
        #expect(try second.read("usr/bin/b") == "b\n")
        #expect(live.served.end() == 0)
    }

    @Test func aPackageThatIsShownIsNotCollected() throws {
        let scratch = try Self.prepared()
        let live = try Live(scratch)
        let seen = try Editor(live.address, "main")
        let old = try seen.open("usr/bin/a")
        _ = try EnvironmentTests.pak(scratch, ["rm", "a"])
        let kept = try EnvironmentTests.pak(scratch, ["gc", "--keep", "1", "--why"]).output
        #expect(kept.contains("  a 1.0-1: process "))
        #expect(try String(decoding: old.readAll(), as: UTF8.self) == "a\n")
        #expect(live.served.end() == 0)
        let gone = try EnvironmentTests.pak(scratch, ["gc"]).output
        #expect(gone.contains("- a 1.0-1\n"))
    }

    @Test func whatCannotBeShownLeavesWhatIs() throws {
        let scratch = try Self.prepared()
        let live = try Live(scratch)
        let seen = try Editor(live.address, "main")
        _ = try EnvironmentTests.pak(scratch, ["add", "b"])
        _ = try EnvironmentTests.pak(scratch, ["rollback"])
        try scratch.shell("rm store/packages/b-*; rm -r store/tables")
        // The command looks for itself; the server does, too.
        let control = try Editor(live.address, "ctl")
        #expect(throws: (any Error).self) { try control.write("env/main/ctl", "gen 3\n") }
        #expect(try control.read("env/main/ctl").contains("package b 2"))
        #expect(try seen.read("usr/bin/a") == "a\n")
        #expect(live.served.end() == 0)
    }

    @Test func theTopmostControlFileTakesWordsForAnyEnvironment() throws {
        let scratch = try Self.prepared()
        _ = try EnvironmentTests.pak(scratch, ["env", "create", "web"])
        let address = "unix!\(scratch("socket"))"
        let served = try Served(
            scratch,
            ["-S", scratch("store"), "-e", "main", "-e", "web", "-l", address]
        )
        let control = try Editor(address, "ctl")
        try control.write("ctl", "begin\nadd b\n")
        #expect(try control.read("env/main/packages").contains(" a "))
        #expect(try !control.read("env/main/packages").contains(" b "))
        try control.write("ctl", "commit\nweb: add b\n")
        #expect(try control.read("env/main/packages").contains(" b "))
        #expect(try control.read("env/web/packages").contains(" b "))
        #expect(throws: (any Error).self) { try control.write("ctl", "none: add b\n") }
        #expect(throws: (any Error).self) { try control.write("ctl", "web: rm nothing\n") }
        let text = try control.read("ctl")
        #expect(text.contains("web\ngeneration 2\nerror: rm nothing: nothing: not in"))
        // Paths of the host come from the owner's own command alone.
        #expect(throws: (any Error).self) { try control.write("ctl", "shine etc\n") }
        #expect(throws: (any Error).self) { try control.write("ctl", "shine etc /root\n") }
        #expect(served.end() == 0)
    }

    @Test func theControlTreeIsSeenInAViewUnderAName() throws {
        let scratch = try Self.prepared()
        let live = try Live(scratch)
        for aname in ["main:ctl=.pak", "main:ctl=.pak:pinned", "main:ctl=.pak:sub=usr"] {
            let seen = try Editor(live.address, aname)
            #expect(try seen.read(".pak/env/main/gen").hasPrefix("2 "))
            #expect(
                try seen.read((aname.hasSuffix("usr") ? "" : "usr/") + "bin/a") == "a\n"
            )
            #expect(throws: (any Error).self) { try seen.walk(".pak/env/main/root") }
        }
        let seen = try Editor(live.address, "main:ctl=.pak")
        try seen.write(".pak/ctl", "add b\n")
        #expect(try seen.read("usr/bin/b") == "b\n")
        #expect(try seen.read(".pak/env/main/gen").hasPrefix("3 "))
        #expect(throws: (any Error).self) { try seen.other("main:ctl=a/b") }
        #expect(live.served.end() == 0)
    }

    @Test func theControlTreeIsSeenInALayerUnderAName() throws {
        let scratch = try Self.prepared()
        let address = "unix!\(scratch("socket"))"
        let served = try Served(
            scratch,
            ["-S", scratch("store"), "-e", "main", "-l", address, "-c", scratch("layers")]
        )
        let seen = try Editor(address, "main:capture=x:ctl=.pak")
        #expect(try seen.read(".pak/env/main/gen").hasPrefix("2 "))
        #expect(try seen.read("usr/bin/a") == "a\n")
        #expect(served.end() == 0)
    }

    /// Also where the folder's name has more bytes than characters.
    @Test(arguments: ["disk", "b\u{fc}cher/\u{e4}"])
    func aFolderOfTheHomeIsTheOneThatIsSeen(folder: String) throws {
        let scratch = try Self.prepared()
        try scratch.shell("mkdir -p 'anna/\(folder)'; echo disk >'anna/\(folder)/x'")
        let store = ["--store", scratch("store"), "--root", scratch("system")]
        var pak = Program.pak
        pak.environment["HOME"] = scratch("anna")
        let shine = try pak.run(["shine", "/usr/share/doc", "~/\(folder)"] + store)
        #expect(shine.status == 0, "\(shine.complaints)")
        var pakfs = Program.pakfs
        pakfs.environment["HOME"] = scratch("anna")
        pakfs.environment["XDG_CACHE_HOME"] = scratch("cache")
        let address = "unix!\(scratch("socket"))"
        let running = try pakfs.start(["-S", scratch("store"), "-e", "main", "-l", address])
        _ = try #require(running.output.next())
        #expect(try Editor(address, "main").read("usr/share/doc/x") == "disk\n")
        running.send(SIGTERM)
        #expect(running.wait() == 0)
        // A path that is no text names no folder of the host by itself.
        #expect(try pak.run(["shine", "/srv/%FF"] + store).status == 2)
    }

    @Test func othersThanTheOwnerSeeNothingOfTheDisk() throws {
        let scratch = try Self.prepared()
        try scratch.shell("mkdir disk; echo disk >disk/x")
        _ = try EnvironmentTests.pak(scratch, ["shine", "/usr/share/doc", scratch("disk")])
        var pakfs = Program.pakfs
        pakfs.environment["XDG_CACHE_HOME"] = scratch("cache")
        let running = try pakfs.start(
            [
                "-S", scratch("store"), "-e", "main", "-c", scratch("layers"),
                "-l", "tcp!127.0.0.1!0", "-l", "unix!\(scratch("socket"))",
            ]
        )
        let line = try #require(running.output.next())
        let port = try #require(line.split(separator: "port=").last?.split(separator: ",").first)
        _ = try #require(running.output.next())
        let own = try Editor("unix!\(scratch("socket"))", "main:capture=x", user: getuid())
        #expect(try own.read("usr/share/doc/x") == "disk\n")
        #expect(throws: (any Error).self) {
            try Editor("tcp!127.0.0.1!\(port)", "main:capture=x", user: 0)
        }
        let seen = try Editor("tcp!127.0.0.1!\(port)", "main", user: 0)
        #expect(try seen.read("usr/share/doc/a/version") == "a 1.0-1\n")
        #expect(throws: (any Error).self) { try seen.walk("usr/share/doc/x") }
        #expect(throws: (any Error).self) { try seen.other("ctl").walk("ctl") }
        running.send(SIGTERM)
        #expect(running.wait() == 0)
    }
}
