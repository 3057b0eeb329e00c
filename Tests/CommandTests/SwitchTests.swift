import FileTree
import Glibc
import NineP
import NinePClient
import Testing

/// What Haiku's package daemon does to a running system, done to an environment that is served;
/// and readers of one that is switched all the while.
struct SwitchTests {
    /// A store whose `main` is of `a` 1.0-1 (generation 2), served, with `b`, `c` and `a` 1.0-2 at
    /// hand.
    struct Setting {
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

    @Test func shineThroughOverContent() throws {
        let scratch = try LiveTests.prepared()
        try scratch.shell("mkdir -p disk/sub; echo disk >disk/sub/x; ln -s / disk/out")
        let docs = "/usr/share/doc"
        _ = try EnvironmentTests.pak(scratch, ["shine", docs, scratch("disk")])
        _ = try EnvironmentTests.pak(scratch, ["shine", "/usr/bin/a", scratch("disk/sub")])
        let live = try LiveTests.Live(scratch)
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

    @Test func aDependencyLinkAfterAnUpgrade() throws {
        let scratch = try LiveTests.prepared()
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
        let live = try LiveTests.Live(scratch)
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
        #expect(
            try control.walk("pkg/\(lib)/tree/etc").qid.path
                != control.walk("env/main/pkg/\(lib)/tree/etc").qid.path
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
        #expect(throws: (any Error).self) { try control.write("ctl", "gen x\n") }
        // What is current already: the server has looked when it answers.
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
}
