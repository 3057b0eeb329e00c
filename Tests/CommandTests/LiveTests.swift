import FileTree
import Glibc
import NineP
import NinePClient
import Testing

/// A pakfs beside the commands that change what it serves.
struct LiveTests {
    private struct Live {
        var served: Served
        var address: String

        init(_ scratch: Scratch) throws {
            address = "unix!\(scratch("socket"))"
            served = try Served(scratch, ["-S", scratch("store"), "-e", "main", "-l", address])
        }
    }

    /// A scratch with an environment of `a` 1.0-1.
    private func prepared() throws -> Scratch {
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
        let scratch = try prepared()
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

    @Test func wordsOfTheControlFileChangeAnEnvironmentAtOnce() throws {
        let scratch = try prepared()
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
        try control.write("env/main/ctl", "gen 2\n")
        #expect(try seen.read("usr/bin/a") == "a\n")
        let history = try EnvironmentTests.pak(scratch, ["history"]).output
        #expect(history.contains("add b; rm a\n"))
        #expect(live.served.end() == 0)
    }

    @Test func aPackageThatIsShownIsNotCollected() throws {
        let scratch = try prepared()
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
        let scratch = try prepared()
        let live = try Live(scratch)
        let seen = try Editor(live.address, "main")
        _ = try EnvironmentTests.pak(scratch, ["add", "b"])
        _ = try EnvironmentTests.pak(scratch, ["rollback"])
        try scratch.shell("rm store/packages/b-*; rm -r store/tables")
        // The command looks for itself, so the log is written to by hand: the server is asked.
        let control = try Editor(live.address, "ctl")
        #expect(throws: (any Error).self) { try control.write("env/main/ctl", "gen 3\n") }
        #expect(try control.read("env/main/ctl").contains("package b 2"))
        #expect(try seen.read("usr/bin/a") == "a\n")
        #expect(live.served.end() == 0)
    }

    @Test func packageLinksStayWhileWhatTheyLeadToChanges() throws {
        let scratch = try prepared()
        for (version, text) in [("1", "one"), ("2", "two")] {
            try scratch.shell(
                """
                mkdir -p lib/DEBIAN lib/etc/lib; echo \(text) >lib/etc/lib/conf
                printf 'Package: lib\\nVersion: \(version)\\nArchitecture: all\\nMaintainer: x\\nDescription: x\\n' >lib/DEBIAN/control
                dpkg-deb --root-owner-group -b lib lib-\(version).deb >&2; rm -r lib
                """
            )
        }
        try scratch.shell(
            """
            mkdir -p app/DEBIAN app/usr/bin; echo app >app/usr/bin/app
            printf 'Package: app\\nVersion: 1\\nArchitecture: all\\nMaintainer: x\\nDescription: x\\nDepends: lib (>= 1)\\n' >app/DEBIAN/control
            dpkg-deb --root-owner-group -b app app-1.deb >&2
            """
        )
        _ = try EnvironmentTests.pak(
            scratch,
            ["add", scratch("app-1.deb"), scratch("lib-1.deb")]
        )
        let live = try Live(scratch)
        let control = try Editor(live.address, "ctl")
        func names(_ path: String) throws -> [String] {
            let folder = try control.walk(path)
            try folder.open()
            return try folder.entries().map { String(decoding: $0.name, as: UTF8.self) }.sorted()
        }
        let packages = try names("pkg")
        #expect(packages.map { $0.prefix { $0 != "." } } == ["a", "app", "lib"])
        let (app, lib) = (packages[1], packages[2])
        #expect(try names("env/main/pkg") == packages)
        #expect(try names("pkg/\(app)") == ["dep", "files", "manifest", "self", "tree"])
        #expect(
            try names("pkg/\(lib)") == ["dep", "files", "manifest", "self", "settings", "tree"]
        )
        #expect(try control.read("pkg/\(app)/manifest").contains("name app\n"))
        #expect(try control.read("pkg/\(lib)/files") == "etc\netc/lib\netc/lib/conf\n")
        #expect(try control.read("pkg/\(app)/tree/usr/bin/app") == "app\n")
        func target(_ path: String) throws -> String {
            String(decoding: try control.walk(path).readLink(), as: UTF8.self)
        }
        #expect(try target("pkg/\(app)/self") == "tree")
        #expect(try target("pkg/\(lib)/settings") == "tree/etc")
        // The same paths from the view and from the package lead to directories of two qids.
        let seen = try Editor(live.address, "main")
        #expect(
            try control.walk("pkg/\(lib)/tree/etc").qid.path != seen.walk("etc").qid.path
        )
        let dependency = "pkg/\(app)/dep/lib"
        let old = try target(dependency)
        #expect(old == "../../\(lib)/tree")
        // A directory that was walked to before shows what is there afterwards.
        let folder = try control.walk("pkg/\(app)/dep")
        // Plain clients, which know no links, go where they lead.
        let plain = try Editor(live.address, "ctl", .plain)
        #expect(try plain.read("\(dependency)/etc/lib/conf") == "one\n")

        _ = try EnvironmentTests.pak(scratch, ["add", scratch("lib-2.deb")])
        // The word that is refused has the server look before it answers.
        #expect(throws: (any Error).self) { try control.write("ctl", "gen x\n") }
        try control.write("ctl", "gen 4\n")
        #expect(try plain.read("\(dependency)/etc/lib/conf") == "two\n")
        let new = try String(
            decoding: folder.walk([Array("lib".utf8)]).readLink(),
            as: UTF8.self
        )
        #expect(new != old)
        #expect(try plain.read("pkg/\(app)/dep/\(new)/etc/lib/conf") == "two\n")
        _ = try EnvironmentTests.pak(scratch, ["rm", "lib"])
        try control.write("ctl", "gen 5\n")
        #expect(try names("pkg/\(app)/dep").isEmpty)
        #expect(throws: (any Error).self) { try control.walk("pkg/\(lib)") }
        #expect(live.served.end() == 0)
    }

    @Test func theTopmostControlFileTakesWordsForAnyEnvironment() throws {
        let scratch = try prepared()
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
        let scratch = try prepared()
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

    @Test func whereAnEnvironmentShinesTheDiskIsSeenAndWritten() throws {
        let scratch = try prepared()
        try scratch.shell("mkdir -p disk/sub; echo disk >disk/sub/x; ln -s / disk/out")
        let docs = "/usr/share/doc"
        _ = try EnvironmentTests.pak(scratch, ["shine", docs, scratch("disk")])
        _ = try EnvironmentTests.pak(scratch, ["shine", "/usr/bin/a", scratch("disk/sub")])
        let live = try Live(scratch)
        for aname in ["main", "main:pinned"] {
            let seen = try Editor(live.address, aname)
            #expect(try seen.read("usr/share/doc/sub/x") == "disk\n")
            // Whatever the type of what is hidden.
            #expect(try seen.read("usr/bin/a/x") == "disk\n")
            #expect(throws: (any Error).self) { try seen.walk("usr/share/doc/a/version") }
            try seen.write("usr/share/doc/new", aname)
            #expect(try scratch.shell("cat disk/new") == aname)
            try seen.makeDirectory("usr/share/doc/made")
            try seen.rename("usr/share/doc/new", "usr/share/doc/made/old")
            try seen.remove("usr/share/doc/made/old")
            try seen.remove("usr/share/doc/made", isDirectory: true)
            #expect(throws: (any Error).self) { try seen.write("usr/bin/new", "x") }
            #expect(throws: (any Error).self) {
                try seen.remove("usr/share/doc", isDirectory: true)
            }
            // A link on the disk is text, and leads nowhere on the server.
            #expect(throws: (any Error).self) { try seen.walk("usr/share/doc/out/etc") }
        }
        let control = try Editor(live.address, "ctl")
        #expect(
            try control.read("env/main/shadowed")
                == "/usr/bin/a a\n/usr/share/doc a\n/usr/share/doc/a a\n/usr/share/doc/a/version a\n"
        )
        // One who is attached sees it when it ends, too.
        let seen = try Editor(live.address, "main")
        let folder = try seen.walk("usr/share/doc")
        try control.write("ctl", "not shine usr/share/doc\n")
        #expect(try seen.read("usr/share/doc/a/version") == "a 1.0-1\n")
        #expect(throws: (any Error).self) {
            try folder.walk([]).makeDirectory(Array("x".utf8), permissions: 0o755)
        }
        #expect(live.served.end() == 0)
    }

    @Test func othersThanTheOwnerSeeNothingOfTheDisk() throws {
        let scratch = try prepared()
        try scratch.shell("mkdir disk; echo disk >disk/x")
        _ = try EnvironmentTests.pak(scratch, ["shine", "/usr/share/doc", scratch("disk")])
        var pakfs = Program.pakfs
        pakfs.environment["XDG_CACHE_HOME"] = scratch("cache")
        let running = try pakfs.start(
            ["-S", scratch("store"), "-e", "main", "-l", "tcp!127.0.0.1!0"]
        )
        let line = try #require(running.output.next())
        let port = try #require(line.split(separator: "port=").last?.split(separator: ",").first)
        let seen = try Editor("tcp!127.0.0.1!\(port)", "main", user: 0)
        #expect(try seen.read("usr/share/doc/a/version") == "a 1.0-1\n")
        #expect(throws: (any Error).self) { try seen.walk("usr/share/doc/x") }
        #expect(throws: (any Error).self) { try seen.other("ctl").walk("ctl") }
        running.send(SIGTERM)
        #expect(running.wait() == 0)
    }
}
