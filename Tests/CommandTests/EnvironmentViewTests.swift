import Glibc
import Testing
import Watched

/// Views of environments and of packages of the stores.
@Suite(.unwatched, .enabled(if: Visitor.whyNone == nil, "\(Visitor.whyNone ?? "")"))
struct EnvironmentViewTests {
    /// A store that anyone may read: `main` of `a` 1.0-2 and `b`, whose generation 2 has `a`
    /// 1.0-1 alone; `c` is in the store.
    private func prepared() throws -> Scratch {
        let scratch = try Scratch()
        try EnvironmentTests.makePackages(scratch)
        func pak(_ words: String...) throws {
            _ = try EnvironmentTests.pak(scratch, words)
        }
        try pak("import", scratch("c-3.deb"), scratch("b-2.deb"))
        try pak("add", scratch("a-1.0-1.deb"))
        try pak("add", scratch("a-1.0-2.deb"), "b")
        return scratch
    }

    private func run(_ scratch: Scratch, _ who: Visitor, _ words: [String]) throws
        -> Program.Outcome
    {
        let store = ["--store", scratch("store"), "--root", scratch("system")]
        return try who.pak(scratch, words.prefix(1) + store + words.dropFirst())
    }

    private let versions = "cat /usr/share/doc/[abc]/version; echo $PAK_VIEW"

    @Test(arguments: Visitor.all)
    func aCommandSeesAnEnvironmentAsItIsAndAsItWas(who: Visitor) throws {
        let scratch = try prepared()
        func see(_ words: String...) throws -> String {
            let view = try run(scratch, who, ["run"] + words + ["--", "sh", "-c", versions])
            #expect(view.status == 0, "\(view.complaints)")
            return view.output
        }
        let now = "a 1.0-2\nb 2\nmain@3\n"
        #expect(try see() == now)
        #expect(try see("-e", "main") == now)
        #expect(try see("-e", "@2") == "a 1.0-1\nmain@2\n")
        let text = try EnvironmentTests.pak(scratch, ["env", "show"]).output
        let hash = try #require(text.split(separator: "\n").first { $0.hasPrefix("hash ") })
        #expect(try see("-e", "main@\(hash.dropFirst(5).prefix(12))") == now)
        // What is named besides takes the place of what has its name, for this view alone.
        #expect(try see("-p", "a=1.0-1") == "a 1.0-1\na\n")
        #expect(try see("-e", "main", "-p", "a=1.0-1") == "a 1.0-1\nb 2\nmain@3 a\n")
        #expect(try see("-e", "main", "-p", scratch("a-1.0-1.deb")) == "a 1.0-1\nb 2\nmain@3 a\n")
        #expect(try EnvironmentTests.pak(scratch, ["list"]).output.contains(" a 1.0-2\n"))
    }

    @Test(arguments: Visitor.all)
    func packagesOfTheStoreAreTastedByName(who: Visitor) throws {
        let scratch = try prepared()
        let view = try run(scratch, who, ["taste", "c", "b", "--", "sh", "-c", versions])
        #expect(view.output == "b 2\nc 3\nb c\n", "\(view.complaints)")
        // Nothing is seen that was not named.
        let nothing = try run(scratch, who, ["taste", "--", "sh", "-c", versions])
        #expect(nothing.output == "\n")
        let missing = try run(scratch, who, ["taste", "nothing", "--", "true"])
        #expect(missing.status == 125)
        #expect(
            missing.complaints
                == "pak: -p nothing: no package of the stores, and no file\n"
                + "try: pak list --all, or -p ./FILE\n"
        )
    }

    @Test(arguments: Visitor.withFUSE)
    func aShellAndACaptureSeeAnEnvironmentToo(who: Visitor) throws {
        let scratch = try prepared()
        let layer = scratch("home/layer")
        let made = try run(
            scratch,
            who,
            [
                "capture", "-e", "main", "--list", "--layer", layer, "--", "sh", "-c",
                "cat /usr/share/doc/a/version >/usr/share/doc/b/version",
            ]
        )
        #expect(made.output == "M usr/share/doc/b/version\n", "\(made.complaints)")
        // What it lies over is known to those who look at it without the store.
        let changes = try who.pak(scratch, ["layer", "changes", layer])
        #expect(changes.output == "M usr/share/doc/b/version\n", "\(changes.complaints)")
        var shell = try who.program(.pak, scratch)
        try scratch.write("show", "#!/bin/sh\n\(versions)\n")
        chmod(scratch("show"), 0o755)
        shell.0.environment["SHELL"] = scratch("show")
        let view = try shell.0.run(
            shell.1 + ["shell", "--store", scratch("store"), "--root", scratch("system")]
        )
        #expect(view.output == "a 1.0-2\nb 2\nmain@3\n", "\(view.complaints)")
    }

    @Test func anEnvironmentIsWrittenToADirectory() throws {
        let scratch = try prepared()
        let who = Visitor.own
        let export = try run(scratch, who, ["export", scratch("out")])
        #expect(export.status == 0, "\(export.complaints)")
        #expect(try scratch.shell("cat out/usr/share/doc/*/version") == "a 1.0-2\nb 2\n")
        let old = try run(scratch, who, ["export", "-e", "main@2", scratch("old")])
        #expect(old.status == 0, "\(old.complaints)")
        #expect(try scratch.shell("cat old/usr/share/doc/*/version") == "a 1.0-1\n")
    }

    @Test func setIDBitsAreAsTheEnvironmentAllows() throws {
        let scratch = try Scratch()
        try scratch.shell(
            "mkdir -p s/usr/bin; echo s >s/usr/bin/s; chmod 4755 s/usr/bin/s; tar -C s -cf s.tar ."
        )
        let pack = ["pack", "--name", "s", "-o", scratch("s.pak.zst"), scratch("s.tar")]
        try #require(Program.pak.run(pack).status == 0)
        func mode() throws -> String {
            try run(scratch, .own, ["run", "--", "stat", "-c", "%a", "/usr/bin/s"]).output
        }
        _ = try EnvironmentTests.pak(scratch, ["add", scratch("s.pak.zst")])
        #expect(try mode() == "755\n")
        _ = try EnvironmentTests.pak(scratch, ["allow", "s"])
        #expect(try mode() == "4755\n")
    }

    @Test(
        arguments: [
            (
                ["run", "-e", "none", "--", "true"], 125,
                "-e environment none: file does not exist"
            ),
            (["run", "-e", "main@9", "--", "true"], 125, "generation 9"),
            (["run", "-e", "main@00000000", "--", "true"], 125, "main@00000000"),
            (["run", "-e", "main:dev", "--", "true"], 125, "not an environment's name"),
            (["run", "-p", "a>=9", "--", "true"], 125, "-p a>=9: no package of the stores"),
            (["run", "-e", "main", "-p", "c", "--", "true"], 125, "usr/bin/a"),
            (["run", "-e", "main", "--option", "stack", "--", "true"], 125, "in no order"),
            (["export", "-e", "none", "nowhere"], 1, "environment none"),
        ] as [([String], Int32, String)]
    )
    func whatCannotBeHadIsTold(words: [String], status: Int32, text: String) throws {
        let scratch = try prepared()
        let view = try run(scratch, .own, words)
        #expect(view.status == status)
        #expect(view.complaints.contains(text), "\(view.complaints)")
    }

    @Test(arguments: Visitor.all)
    func whereAnEnvironmentShinesTheDiskIsSeenAndWritten(who: Visitor) throws {
        let scratch = try prepared()
        try scratch.shell("mkdir -p disk own/sub; echo disk >disk/x; chmod 777 disk")
        let doc = "/usr/share/doc/a"
        for (path, folder) in [(doc, "disk"), ("/usr/bin/b", "own")] {
            _ = try EnvironmentTests.pak(scratch, ["shine", path, scratch(folder)])
        }
        let see = "cat \(doc)/x; ls \(doc); echo new >\(doc)/y; ls /usr/bin/b; cat /usr/bin/a"
        let over = try run(
            scratch,
            who,
            ["run", "--", "sh", "-c", see]
        )
        #expect(over.output == "disk\nx\nsub\na\n", "\(over.complaints)")
        #expect(try scratch.shell("cat disk/y; rm -f disk/y") == "new\n")
        // Where packages have nothing that leads there, and the host has not.
        let lone = "/pt-lone/deep/x"
        _ = try EnvironmentTests.pak(scratch, ["shine", lone, scratch("disk")])
        _ = try EnvironmentTests.pak(scratch, ["shine", "/usr/share/pt-lone", scratch("disk")])
        let look = "cat \(lone)/x /usr/share/pt-lone/x /usr/bin/a; ls /pt-lone"
        let views =
            who.hasFUSE
            ? [["run"], ["capture", "-e", "main", "--layer", scratch("home/l")]] : [["run"]]
        for words in views {
            let seen = try run(scratch, who, words + ["--", "sh", "-c", look])
            #expect(seen.output == "disk\ndisk\na\ndeep\n", "\(seen.complaints)")
        }
        let shadowed = try "\n" + EnvironmentTests.pak(scratch, ["shadowed"]).output
        #expect(shadowed.contains("\n\(doc)/version a (shine)\n"))
        #expect(shadowed.contains("\n/usr/bin/b b (shine)\n"))
    }

    @Test(arguments: Visitor.all)
    func settingsAreCopiedOnceAndAreTheUsersFromThenOn(who: Visitor) throws {
        let scratch = try Scratch()
        try scratch.shell(
            """
            mkdir -p p/etc/prog; echo default >p/etc/prog/conf; tar -C p --owner 0 -cf p.tar .
            mkdir home; chmod 755 .; [ $(id -u) -ne 0 ] || chown 65534 home
            """
        )
        let pack = ["pack", "--name", "p", "-o", scratch("p.pak.zst"), scratch("p.tar")]
        try #require(Program.pak.run(pack).status == 0)
        func pak(_ words: String...) throws -> Program.Outcome {
            try who.pak(
                scratch,
                words.prefix(1) + ["--store", scratch("home/s")] + words.dropFirst()
            )
        }
        #expect(try pak("add", scratch("p.pak.zst")).status == 0)
        // Nothing of the disk is there yet.
        let early = try pak("shine", "/etc/prog", "~/prog")
        #expect(early.status == 1)
        #expect(early.complaints.contains("try: mkdir -p \(scratch("home/prog")), or pak shine"))
        let made = try pak("shine", "--copy", "/etc/prog", "~/prog")
        #expect(made.status == 0, "\(made.complaints)")
        let change = "cat /etc/prog/conf; echo mine >/etc/prog/conf"
        #expect(try pak("run", "--", "sh", "-c", change).output == "default\n")
        #expect(try pak("run", "--", "sh", "-c", change).output == "mine\n")
        #expect(try scratch.shell("cat home/prog/conf") == "mine\n")
        // What is there is never written over.
        let again = try pak("shine", "--copy", "/etc/prog")
        #expect(again.status == 1)
        #expect(try scratch.shell("cat home/prog/conf") == "mine\n")
        #expect(try pak("shine", "--not", "/etc/prog").status == 0)
        let denied = try pak("run", "--", "sh", "-c", "cat /etc/prog/conf; echo x >/etc/prog/x")
        #expect(denied.output == "default\n")
        #expect(denied.status != 0)
    }

    @Test(
        arguments: [
            (["shine", "/"], 2), (["shine", "/proc/x"], 2), (["shine", "/a/../b"], 2),
            (["shine", "/a", "relative"], 2), (["shine", "/a", "/b/../c"], 2),
            (["shine", "/a", "/"], 2), (["shine", "/a", "/no/such/folder"], 1),
            (["shine", "/a", "/proc/self/cwd"], 1), (["shine", "--not", "/a"], 1),
            (["shine", "--not", "--copy", "/a"], 2),
        ] as [([String], Int32)]
    )
    func whatCannotShineIsRefused(words: [String], status: Int32) throws {
        let scratch = try Scratch()
        _ = try EnvironmentTests.pak(scratch, ["env", "create", "main"])
        let before = try EnvironmentTests.pak(scratch, ["env", "show"]).output
        let refused = try EnvironmentTests.pak(scratch, words, status: status)
        #expect(refused.complaints.contains("\n") && refused.output.isEmpty)
        #expect(try EnvironmentTests.pak(scratch, ["env", "show"]).output == before)
    }
}
