import Glibc
import Testing
import Watched

/// `pak run` and its kin, as users with and without rights meet them.
@Suite(.unwatched, .enabled(if: Visitor.whyNone == nil, "\(Visitor.whyNone ?? "")"))
struct RunTests {
    /// A package with a program, one with data, and a base; anyone may read them.
    private func example() throws -> Scratch {
        let scratch = try Scratch()
        try scratch.shell(
            #"""
            mkdir -p a/bin a/usr/share/greet a/opt/greet b/usr/share/greet
            printf '#!/bin/sh\ncat /usr/share/greet/words /usr/share/greet/more\n' >a/bin/greet-all
            chmod 755 a/bin/greet-all; echo hello >a/usr/share/greet/words
            echo world >b/usr/share/greet/more; echo opt >a/opt/greet/x
            for i in a b; do tar --owner 0 --group 0 -C $i -cf $i.tar .; done
            """#
        )
        return scratch
    }

    /// The machine's mounts, but for those that tests make in folders of their own meanwhile.
    private static let mounts = "grep -v ' /tmp/' /proc/self/mountinfo"

    @Test(arguments: Visitor.all)
    func packagesLieOverTheHostForTheCommandAlone(who: Visitor) throws {
        let scratch = try example()
        let before = try scratch.shell(Self.mounts)
        let run = try who.pak(
            scratch,
            [
                "run", "-p", scratch("a.tar"), "-p", scratch("b.tar"), "--", "sh", "-c",
                "greet-all; cat /opt/greet/x; test -e /etc/passwd && id -u; ls /usr/bin/env",
            ]
        )
        #expect(run.complaints.isEmpty, "\(run.complaints)")
        let user = who == .own ? geteuid() : 65534
        #expect(run.output == "hello\nworld\nopt\n\(user)\n/usr/bin/env\n")
        #expect(run.status == 0)
        #expect(try scratch.shell(Self.mounts) == before)
        #expect(access("/usr/bin/greet-all", F_OK) != 0)
        #expect(access("/opt/greet", F_OK) != 0)
    }

    @Test(arguments: Visitor.all, ["0777", "0177"])
    func aMaskThatTakesEverythingIsTheCommandsAlone(who: Visitor, mask: String) throws {
        let scratch = try example()
        let (program, words) = try who.program(Program(path: "/bin/sh"), scratch)
        let masked = words + ["-c", "umask \(mask); exec \"$@\"", "sh", Program.pak.path]
        let run = try program.run(
            masked + [
                "run", "--via", "overlay", "-p", scratch("a.tar"), "-p", scratch("b.tar"), "--",
                "sh", "-c", "umask; greet-all",
            ]
        )
        #expect(run.output == "\(mask)\nhello\nworld\n", "\(run.complaints)")
        let capture = try program.run(
            ["-C", "/"] + masked + [
                "capture", "--list", "--", "sh", "-c",
                "umask; install -m 644 /etc/passwd /usr/pak-m",
            ]
        )
        #expect(capture.output == "\(mask)\nA usr/pak-m\n", "\(capture.complaints)")
    }

    @Test(
        .disabled(if: Watched.isOn, "a sanitizer looks at /proc for itself"),
        arguments: [
            (.pak, ["check", "none.tar"], 1, "none.tar: file does not exist"),
            (.pak, ["run", "-p", "a.tar", "--", "true"], 125, "/proc/self/mountinfo: file"),
            (.pakfs, ["--no-such"], 2, "Unknown option '--no-such'"),
        ] as [(Program, [String], Int32, String)]
    )
    func whereThereIsNoProcTheWordsAreReadAllTheSame(
        _ program: Program,
        _ words: [String],
        _ status: Int32,
        _ says: String
    ) throws {
        let scratch = try example()
        let hide = "mount -t tmpfs none /proc && exec \"$@\""
        let run = try Program(path: "/usr/bin/env").run(
            ["-C", scratch.path, "unshare", "-Urm", "sh", "-c", hide, "sh", program.path] + words
        )
        #expect(run.complaints.contains(says), "\(run.output)\(run.complaints)")
        #expect(run.status == status)
    }

    /// A home that cannot be entered, whoever asks: a file.
    @Test func aFileOfAKnownEndingNeedsNoStore() throws {
        let scratch = try example()
        var pak = Program(path: "/bin/sh")
        pak.environment = [
            "HOME": "/etc/passwd", "PAK_STORE": "", "XDG_DATA_HOME": "",
            "XDG_CACHE_HOME": scratch("cache"),
        ]
        let run = "cd '\(scratch.path)'; exec '\(Program.pak.path)' run"
        // Root's store is the system's, and never at home.
        let user = Visitor.own.isRoot ? ["PAK_STORE": "/etc/passwd/store"] : [:]
        pak.environment.merge(user) { _, new in new }
        let file = try pak.run("-c", "\(run) -p a.tar -p b.tar -- greet-all")
        #expect(file.output == "hello\nworld\n", "\(file.complaints)")
        #expect(file.status == 0)
        let stored = try pak.run("-c", "\(run) -p greet -- true")
        #expect(stored.status == 125)
        let path = user["PAK_STORE"] ?? "/etc/passwd/.local/share/pak"
        #expect(
            stored.complaints
                == "pak: \(path): not a directory\ntry: pak --store FOLDER, or PAK_STORE\n"
        )
    }

    @Test(.mounting)
    func aFullCacheDoesNotKeepPackagesOfItFromBeingUsed() throws {
        let scratch = try example()
        let run = try Program(path: "/usr/bin/unshare").run(
            "-m",
            "sh",
            "-c",
            """
            cd '\(scratch.path)'; mkdir cache; mount -t tmpfs -o size=256k none cache || exit 1
            export XDG_CACHE_HOME="$PWD/cache" PAK_STORE="$PWD/store"; gzip -k a.tar b.tar
            for i in 1 2; do
                '\(Program.pak.path)' run -p ./a.tar.gz -p ./b.tar.gz -- greet-all
                cat /dev/zero >cache/full 2>/dev/null
            done
            """
        )
        #expect(run.output == "hello\nworld\nhello\nworld\n", "\(run.complaints)")
    }

    @Test(arguments: Visitor.all)
    func theStatusIsTheCommands(who: Visitor) throws {
        let scratch = try example()
        let view = ["run", "-p", scratch("a.tar"), "--"]
        for (command, status) in [
            (["sh", "-c", "exit 7"], 7), (["true"], 0), (["no-such-command"], 127),
            (["/etc/passwd"], 126), (["sh", "-c", "kill -9 $$"], 128 + SIGKILL),
        ] as [([String], Int32)] {
            let run = try who.pak(scratch, view + command)
            #expect(run.status == status, "\(command): \(run.complaints)")
        }
        let missing = try who.pak(scratch, view + ["no-such-command"])
        #expect(
            missing.complaints.hasPrefix("pak: no-such-command: no such command in the view\ntry: ")
        )
    }

    @Test(arguments: Visitor.all)
    func onlyThePackagesAreThereWhenTheyAreAlone(who: Visitor) throws {
        let scratch = try example()
        try scratch.shell(
            "mkdir -p s/bin; cp /bin/busybox s/bin/busybox; tar -C s --owner 0 --group 0 -cf s.tar ."
        )
        try scratch.write("named", "named\n")
        let run = try who.pak(
            scratch,
            [
                "run", "--pure", "--no-net", "-p", scratch("s.tar"), "-p", scratch("a.tar"),
                "--bind", "\(scratch("named")):/usr/share/greet/deep/named", "--",
                "/bin/busybox", "sh", "-c",
                """
                busybox=/bin/busybox; $busybox ls /; $busybox cat /usr/share/greet/deep/named
                $busybox ls /usr/share/greet; $busybox hostname; $busybox ls /sys/class/net 2>&1
                $busybox grep -c : /proc/net/dev; echo $$; echo x >/tmp/x && $busybox cat /tmp/x
                """,
            ]
        )
        #expect(run.status == 0, "\(run.complaints)")
        let lines = run.output.split(separator: "\n").map(String.init)
        #expect(Array(lines.prefix(6)) == ["bin", "dev", "opt", "proc", "tmp", "usr"])
        #expect(lines.contains("named"))
        #expect(lines.contains("words"))
        #expect(lines.suffix(3).first == "1", "one network device: \(lines)")
        #expect(lines.last == "x")
    }

    @Test(arguments: Visitor.all)
    func packagesCanBeAtADirectoryOrOverAnotherRoot(who: Visitor) throws {
        let scratch = try example()
        try scratch.shell("mkdir -p at base/usr/share/greet base/etc; echo b >base/etc/b")
        let at = try who.pak(
            scratch,
            [
                "run", "-p", scratch("a.tar"), "--at", scratch("at"), "--", "cat",
                scratch("at/opt/greet/x"),
            ]
        )
        #expect(at.output == "opt\n", "\(at.complaints)")
        #expect(try scratch.shell("ls at").isEmpty)
        let base = try who.pak(
            scratch,
            [
                "run", "-p", scratch("a.tar"), "--base", scratch("base"), "--bind",
                "/bin/busybox:/run/busybox", "--", "/run/busybox", "cat", "/etc/b",
                "/usr/share/greet/words",
            ]
        )
        #expect(base.output == "b\nhello\n", "\(base.complaints)")
    }

    @Test(arguments: ["base", "./base/", "link", "deep/../base"])
    func whatIsMountedInAnotherRootShowsHoweverThatIsNamed(name: String) throws {
        let scratch = try example()
        try scratch.shell("mkdir -p base/opt/disk deep; ln -s base link")
        let mount = """
            mount -t tmpfs none base/opt/disk && echo mounted >base/opt/disk/file && exec "$@"
            """
        let run = try Program(path: "/usr/bin/env").run(
            [
                "-C", scratch.path, "unshare", "-Urm", "sh", "-c", mount, "sh", Program.pak.path,
                "run", "-p", scratch("a.tar"), "--base", name, "--bind",
                "/bin/busybox:/run/busybox", "--", "/run/busybox", "cat", "/opt/greet/x",
                "/opt/disk/file",
            ]
        )
        #expect(run.output == "opt\nmounted\n", "\(run.complaints)")
    }

    @Test(arguments: Visitor.all, [[], ["--via", "overlay"]])
    func whatPackagesRemoveIsHiddenWhateverElseTheyHave(who: Visitor, way: [String]) throws {
        let scratch = try Scratch()
        try scratch.shell(
            """
            mkdir -p base/usr/bin base/usr/share/old/sub base/opt/deep/er base/srv base/etc
            cd base; touch usr/bin/gone usr/bin/stays usr/share/old/a usr/share/old/sub/x
            touch opt/deep/er/f opt/deep/er/g srv/x etc/b; chmod 775 opt/deep; cd ..
            mkdir -p l/usr/bin l/usr/share/old/sub l/opt/deep/er h/usr/bin; touch h/usr/bin/.wh.env
            touch l/usr/bin/.wh.gone l/usr/share/old/.wh..wh..opq l/usr/share/old/sub/mine
            touch l/opt/deep/er/.wh.f l/.wh.srv
            for i in l h; do (cd $i; find . ! -type d) | tar -C $i --owner 0 -T - -cf $i.tar; done
            """
        )
        for name in ["l", "h"] {
            let pack = ["pack", "--layer", "-o", scratch("\(name).pak"), scratch("\(name).tar")]
            #expect(try Program.pak.run(pack).status == 0)
        }
        let over = try who.pak(
            scratch,
            ["run"] + way + [
                "-p", scratch("l.pak"), "--base", scratch("base"), "--bind",
                "/bin/busybox:/run/busybox", "--", "/run/busybox", "sh", "-c",
                "b=/run/busybox; $b find /usr /opt /srv /etc | $b sort; $b stat -c %a /opt/deep",
            ]
        )
        #expect(
            over.output == """
                /etc
                /etc/b
                /opt
                /opt/deep
                /opt/deep/er
                /opt/deep/er/g
                /usr
                /usr/bin
                /usr/bin/stays
                /usr/share
                /usr/share/old
                /usr/share/old/sub
                /usr/share/old/sub/mine
                775

                """,
            "\(over.complaints)"
        )
        let host = try who.pak(
            scratch,
            ["run"] + way + [
                "-p", scratch("h.pak"), "--", "sh", "-c",
                "test -e /usr/bin/env && echo there; test -e /usr/bin/id && id -u",
            ]
        )
        let user = who == .own ? geteuid() : 65534
        #expect(host.output == "\(user)\n", "\(host.complaints)")
        #expect(access("/usr/bin/env", F_OK) == 0)
    }

    @Test(.enabled(if: geteuid() == 0, "it takes root"), arguments: Visitor.withFUSE)
    func whereNoOverlayCanBeHadTheHostsFilesAreServedToo(who: Visitor) throws {
        let scratch = try example()
        try scratch.shell(
            """
            mkdir -p base/usr/share/greet base/usr/bin base/etc one/share/greet two/share/greet
            echo old >base/usr/share/greet/words; echo below >base/usr/share/greet/below
            echo 1 >one/share/greet/one; echo 2 >two/share/greet/two
            """
        )
        // The kernel stacks two of them, and no third.
        let stack = """
            mount -t overlay -o lowerdir=one:base/usr none base/usr &&
            mount -t overlay -o lowerdir=two:base/usr none base/usr && exec "$@"
            """
        let (program, words) = try who.program(.pak, scratch)
        let run = try program.run(
            ["-C", scratch.path, "unshare", "-m", "sh", "-c", stack, "sh"] + words + [
                "run", "-v", "-p", scratch("a.tar"), "--base", scratch("base"), "--bind",
                "/bin/busybox:/run/busybox", "--", "/run/busybox", "sh", "-c",
                "cd /usr/share/greet; b=/run/busybox; $b ls; $b cat *; echo x >new; $b ls /etc",
            ]
        )
        #expect(run.complaints.contains("overlayfs at /usr/share: "), "\(run.complaints)")
        #expect(run.complaints.contains(", served with the host's files\n"))
        #expect(run.complaints.contains("new: Read-only file system"))
        #expect(run.output == "below\none\ntwo\nwords\nbelow\n1\n2\nhello\n")
    }

    @Test(
        .enabled(if: geteuid() == 0, "it takes root"),
        arguments: Visitor.all.filter { $0 != .own }
    )
    func aMountBelowAnotherThatHidesItIsNoObstacle(who: Visitor) throws {
        let scratch = try example()
        try scratch.shell(
            """
            mkdir -p base/srv/x base/etc base/bin s/srv; cp /bin/busybox base/bin; echo s >s/srv/s
            tar -C s --owner 0 --group 0 -cf s.tar .
            """
        )
        let hide = """
            mount -t tmpfs none base/srv/x && mount -t tmpfs none base/srv && echo t >base/srv/t &&
            exec "$@"
            """
        let (program, words) = try who.program(.pak, scratch)
        let run = try program.run(
            ["-C", scratch.path, "unshare", "-m", "sh", "-c", hide, "sh"] + words + [
                "run", "-p", scratch("s.tar"), "--base", scratch("base"), "--",
                "/bin/busybox", "ls", "/srv",
            ]
        )
        #expect(run.output == "s\nt\n", "\(run.complaints)")
    }

    @Test(arguments: Visitor.all)
    func aBoundFolderMayHaveTheNameOfALink(who: Visitor) throws {
        let scratch = try example()
        try scratch.shell(
            """
            mkdir -p s/bin real; cp /bin/busybox s/bin/busybox; echo f >real/f; ln -s real link
            echo w >s/bin/words
            tar -C s --owner 0 --group 0 -cf s.tar .; ln -s real/f file
            """
        )
        let run = try who.pak(
            scratch,
            [
                "run", "--pure", "-p", scratch("s.tar"), "--bind", scratch("link"), "--bind",
                "\(scratch("link")):/bin/deep", "--bind", "\(scratch("file")):/bin/file",
                "--bind", "\(scratch("link")):/pt-link", "--bind", "\(scratch("link")):/bin/words",
                "--", "/bin/busybox", "cat", scratch("link/f"), "/bin/deep/f", "/bin/file",
                "/pt-link/f", "/bin/words/f",
            ]
        )
        #expect(run.output == "f\nf\nf\nf\nf\n", "\(run.complaints)")
    }

    @Test(arguments: Visitor.all)
    func whatIsBoundInABoundFolderHasAPlaceThere(who: Visitor) throws {
        let scratch = try example()
        try scratch.shell("mkdir -p outer/has inner; echo f >inner/f; echo g >outer/file")
        func run(_ source: String, _ target: String) throws -> Program.Outcome {
            try who.pak(
                scratch,
                [
                    "run", "-p", scratch("a.tar"), "--bind", "\(scratch("outer")):/pt-outer",
                    "--bind",
                    "\(scratch(source)):\(target)", "--", "cat", "/pt-outer/has/f",
                    "/pt-outer/file",
                ]
            )
        }
        let seen = try run("inner", "/pt-outer/has")
        #expect(seen.output == "f\ng\n", "\(seen.complaints)")
        for (source, target, word) in [
            ("inner", "new/deep", "directory"), ("inner/f", "n", "file"),
        ] {
            let refused = try run(source, "/pt-outer/\(target)")
            let place = scratch("outer/\(target)")
            let why = "/pt-outer/\(target): \(scratch(source)) is not seen there"
            let cure = word == "file" ? "touch '\(place)'" : "mkdir -p '\(place)'"
            #expect(refused.complaints == "pak: \(why): \(place) is no \(word)\ntry: \(cure)\n")
            #expect(refused.status == 125)
            #expect(access(place, F_OK) != 0)
        }
    }

    @Test(arguments: Visitor.all)
    func theCommandFindsTheLimitsThatPakFound(who: Visitor) throws {
        let scratch = try example()
        let (program, words) = try who.program(.pak, scratch)
        // What is read of packages may take more of them, and has them raised.
        let run = try program.run(
            ["prlimit", "--nofile=200:400"] + words + [
                "run", "-p", scratch("a.tar"), "--", "sh", "-c", "ulimit -Sn; ulimit -Hn",
            ]
        )
        #expect(run.output == "200\n400\n", "\(run.complaints)")
    }

    @Test(.enabled(if: geteuid() == 0, "it takes root"))
    func rootWithoutTheRightToMountHasAUserNamespace() throws {
        let scratch = try example()
        let run = try Program(path: "/usr/bin/setpriv").run(
            "--bounding-set",
            "-sys_admin",
            Program.pak.path,
            "run",
            "-p",
            scratch("a.tar"),
            "--",
            "sh",
            "-c",
            "cat /usr/share/greet/words; id -u; stat -c %u /etc /; mount -t tmpfs x /mnt 2>/dev/null || echo refused"
        )
        #expect(run.output == "hello\n0\n0\n0\nrefused\n", "\(run.complaints)")
        #expect(run.status == 0)
    }

    @Test(arguments: Visitor.all)
    func theRootOfAViewMakesViews(who: Visitor) throws {
        let scratch = try example()
        let run = try who.pak(
            scratch,
            [
                "run", "--fake-root", "--", Program.pak.path, "run", "-p", scratch("a.tar"), "--",
                "sh", "-c", "cat /usr/share/greet/words; id -u; id -g",
            ]
        )
        #expect(run.output == "hello\n0\n0\n", "\(run.complaints)")
    }

    @Test(arguments: Visitor.all)
    func aDirectoryThatTheViewLacksIsNamedWithItsCure(who: Visitor) throws {
        let scratch = try example()
        try scratch.shell("mkdir -p home/in; chmod 700 home/in")
        let script =
            "cd '\(scratch("home/in"))' && exec '\(Program.pak.path)' run "
            + "--bind '\(scratch("a"))':'\(scratch("home"))' -- true"
        let (program, words) = try who.program(Program(path: "/bin/sh"), scratch)
        if who != .own { try scratch.shell("chown 65534:65534 home/in") }
        let run = try program.run(words + ["-c", script])
        #expect(run.status == 125)
        #expect(run.complaints.contains("the working directory: file does not exist"))
        #expect(run.complaints.hasSuffix("\ntry: cd /\n"), "\(run.complaints)")
    }

    @Test(arguments: Visitor.all)
    func howAViewIsMadeIsToldWhoAsks(who: Visitor) throws {
        let scratch = try example()
        let way = who.hasFUSE ? "fuse" : "overlay"
        for (words, says) in [
            (["--at", "/mnt"], "view: packages by \(way), at /mnt\n"),
            ([], "view: packages by \(way), over /"),
        ] as [([String], String)] {
            let run = try who.pak(
                scratch,
                ["run", "-v"] + words + ["-p", scratch("a.tar"), "--", "true"]
            )
            #expect(run.complaints.contains("pak: " + says), "\(run.complaints)")
            #expect(run.status == 0)
        }
    }

    @Test func aWayThatCannotHideWhatPackagesRemoveIsRefused() throws {
        let scratch = try Scratch()
        try scratch.shell("mkdir -p h/usr/bin; touch h/usr/bin/.wh.env; tar -C h -cf h.tar usr")
        let pack = ["pack", "--layer", "-o", scratch("h.pak"), scratch("h.tar")]
        #expect(try Program.pak.run(pack).status == 0)
        let run = try Program.pak.run(
            ["run", "--via", "9p", "-p", scratch("h.pak"), "--", "true"]
        )
        #expect(run.status == 125)
        #expect(run.complaints.contains("packages remove: usr/bin/env"), "\(run.complaints)")
        let capture = try Program.pak.run([
            "capture", "--via", "overlay", "--list", "-p", scratch("h.pak"), "--", "test", "!",
            "-e", "/usr/bin/env",
        ])
        #expect(capture.status == 0, "\(capture.complaints)")
        #expect(capture.output == "")
    }

    @Test(arguments: Visitor.all)
    func whatPackagesHaveNothingInCanBeWrittenAndTheRestCannot(who: Visitor) throws {
        let scratch = try example()
        let run = try who.pak(
            scratch,
            [
                "run", "-p", scratch("a.tar"), "--", "sh", "-c",
                "echo kept >'\(scratch("home/kept"))'; echo x >/usr/share/greet/words; "
                    + "rm /bin/greet-all; cat /usr/share/greet/words",
            ]
        )
        #expect(run.output == "hello\n")
        #expect(try scratch.shell("cat home/kept") == "kept\n")
    }

    @Test(arguments: Visitor.all)
    func whatEveryProcessNeedsIsTheHostsWhateverPackagesHaveThere(who: Visitor) throws {
        let scratch = try Scratch()
        try scratch.shell(
            """
            mkdir -p r/dev r/tmp r/run r/usr/share/greet; echo hello >r/usr/share/greet/words
            for i in dev/console tmp/of-package run/of-package; do : >r/$i; done
            tar --owner 0 --group 0 -C r -cf r.tar .
            """
        )
        let run = try who.pak(
            scratch,
            [
                "run", "-v", "-p", scratch("r.tar"), "--", "sh", "-c",
                "cat /usr/share/greet/words; echo >/dev/null && test -c /dev/zero && "
                    + "echo kept >'\(scratch("home/kept"))' && ls /tmp/of-package /run/of-package",
            ]
        )
        #expect(run.output == "hello\n", "\(run.complaints)")
        #expect(try scratch.shell("cat home/kept") == "kept\n")
        for path in ["/dev", "/run", "/tmp"] {
            #expect(
                run.complaints.contains("pak: \(path): the host's own, without what packages have"),
                "\(run.complaints)"
            )
        }
    }

    @Test(.enabled(if: geteuid() == 0, "what is mounted in /run is locked to who is not root"))
    func aPlaceThatPackagesAloneHaveCanBeBoundAt() throws {
        let scratch = try Scratch()
        try scratch.shell("mkdir -p r/run/of-package bound; echo x >bound/x; tar -C r -cf r.tar .")
        let run = try Program.pak.run([
            "run", "-p", scratch("r.tar"), "--bind", "\(scratch("bound")):/run/of-package", "--",
            "cat", "/run/of-package/x",
        ])
        #expect(run.output == "x\n", "\(run.complaints)")
    }

    @Test(arguments: Visitor.all)
    func theRootOfAViewIsNobodyOutside(who: Visitor) throws {
        let scratch = try example()
        let run = try who.pak(
            scratch,
            [
                "run", "--fake-root", "-p", scratch("a.tar"), "--", "sh", "-c",
                "id -u; stat -c %u /bin/greet-all; touch '\(scratch("home/mine"))'",
            ]
        )
        #expect(run.output == "0\n0\n", "\(run.complaints)")
        #expect(run.status == 0)
        let user = who == .own ? geteuid() : 65534
        #expect(try scratch.shell("stat -c %u home/mine") == "\(user)\n")
    }

    @Test(arguments: Visitor.all)
    func fiftyViewsAtOnceAreEachTheirOwn(who: Visitor) throws {
        let scratch = try example()
        try scratch.shell(
            """
            for i in $(seq 50); do mkdir -p n/usr/share/greet; echo $i >n/usr/share/greet/number
            tar -C n --owner 0 --group 0 -cf n$i.tar .; done
            """
        )
        let before = try scratch.shell(Self.mounts)
        let running = try (1...50).map { number in
            try who.startPak(
                scratch,
                ["run", "-p", scratch("n\(number).tar"), "--", "cat", "/usr/share/greet/number"]
            )
        }
        for (number, view) in running.enumerated() {
            #expect(view.output.rest() == "\(number + 1)\n", "\(view.complaints.rest())")
            #expect(view.wait() == 0)
        }
        #expect(try scratch.shell(Self.mounts) == before)
    }

    @Test(arguments: Visitor.all, ["SIGKILL", "SIGTERM"])
    func aKilledServerTakesTheCommandAlong(who: Visitor, signal: String) throws {
        let scratch = try example()
        let before = try scratch.shell(Self.mounts)
        let view = try who.startPak(
            scratch,
            [
                "run", "-p", scratch("a.tar"), "--", "sh", "-c",
                "echo $PPID $$; exec sleep 1000",
            ]
        )
        let line = try #require(view.output.next(), "\(view.complaints.rest())")
        #expect(line.split(separator: " ").count == 2)
        view.send(signal == "SIGKILL" ? SIGKILL : SIGTERM)
        // The command has the other end, and lets go of it when it ends.
        #expect(view.output.rest() == "")
        #expect(view.wait() == 128 + (signal == "SIGKILL" ? SIGKILL : SIGTERM))
        #expect(try scratch.shell(Self.mounts) == before)
    }

    @Test(arguments: Visitor.all)
    func aTasteTakesPackagesAsWordsAndAScriptCanBeRunByIt(who: Visitor) throws {
        let scratch = try example()
        let taste = try who.pak(
            scratch,
            ["taste", scratch("a.tar"), scratch("b.tar"), "--", "greet-all"]
        )
        #expect(taste.output == "hello\nworld\n", "\(taste.complaints)")
        try scratch.write(
            "script",
            """
            #!/usr/bin/env -S pak taste -p \(scratch("a.tar")) -- sh
            cat /opt/greet/x; echo $PAK_VIEW
            """,
            mode: 0o755
        )
        let folder = Program.pak.path.split(separator: "/").dropLast().joined(separator: "/")
        let (program, words) = try who.program(Program(path: scratch("script")), scratch)
        var env = program
        env.environment["PATH"] = "/\(folder):/usr/bin:/bin"
        let script = try env.run(words)
        #expect(script.output == "opt\na\n", "\(script.complaints)")
    }

    @Test(arguments: Visitor.all)
    func aShellIsTheUsersAndKnowsTheView(who: Visitor) throws {
        let scratch = try example()
        try scratch.write("shell", "#!/bin/sh\necho \"$PAK_VIEW\"; cat /opt/greet/x\n", mode: 0o755)
        var (program, words) = try who.program(.pak, scratch)
        program.environment["SHELL"] = scratch("shell")
        words += ["shell", "-p", scratch("b.tar"), "-p", scratch("a.tar")]
        #expect(try program.run(words).output == "a b\nopt\n")
    }

    @Test(arguments: Visitor.all)
    func overlaysThatAreTooDeepAreNamed(who: Visitor) throws {
        let scratch = try example()
        let view = ["run", "--via", "overlay", "-p", scratch("a.tar"), "--"]
        let inner = Array(repeating: [Program.pak.path] + view, count: 3).joined()
        let run = try who.pak(scratch, view + inner + ["true"])
        #expect(run.status == 125, "\(run.complaints)")
        #expect(run.complaints.contains("the kernel lays overlays two deep"), "\(run.complaints)")
        #expect(run.complaints.contains("try: one view of all packages: pak run -p PACKAGE"))
    }

    @Test func whatCannotBeIsToldAndHasAStatusOfItsOwn() throws {
        let scratch = try example()
        for (words, says) in [
            (["-p", scratch("none.deb"), "--", "true"], "none.deb: file does not exist"),
            (["--bind", "x:y", "--", "true"], "an absolute path"),
            (["--pure", "--base", "/", "--", "true"], "--pure: not with --base"),
            (["--at", "/mnt", "--base", "/", "--", "true"], "--at: not with --base"),
            (["--via", "pigeon", "--", "true"], "pigeon"),
            (["--at", "/no/such", "-p", scratch("a.tar"), "--", "true"], "--at /no/such: file"),
            (["--at", "/bin/sh", "-p", scratch("a.tar"), "--", "true"], "--at /bin/sh: not a"),
            (["--bind", "/no/such", "--", "true"], "--bind /no/such: file does not exist\ntry: "),
            ([], "no command"),
        ] as [([String], String)] {
            let run = try Program.pak.run(["run"] + words)
            #expect(run.status == 125, "\(words)")
            #expect(run.complaints.hasPrefix("pak: "))
            #expect(run.complaints.contains(says), "\(run.complaints)")
        }
    }

    @Test(.enabled(if: geteuid() == 0, "it takes root"))
    func aMachineWithoutNamespacesIsToldSo() throws {
        let scratch = try example()
        let limit = "/proc/sys/user/max_user_namespaces"
        // Of a user namespace of its own, and so nobody else's.
        let run = try Program(path: "/usr/bin/env").run(
            "unshare",
            "-U",
            "--map-user=65534",
            "--keep-caps",
            "sh",
            "-c",
            "echo 0 >\(limit) && HOME=/nonexistent exec \(Program.pak.path) "
                + "run -p \(scratch("a.tar")) -- true"
        )
        #expect(run.status == 125, "\(run.complaints)")
        #expect(run.complaints.contains("user namespaces"), "\(run.complaints)")
        #expect(run.complaints.contains("\ntry: "))
    }
}
