import Glibc
import Testing

/// `pak capture` and `pak layer run`, as users with and without rights meet them.
@Suite(.enabled(if: Visitor.whyNone == nil, "\(Visitor.whyNone ?? "")"))
struct CaptureVerbTests {
    /// A folder to build in, which is the visitor's.
    private func example() throws -> Scratch {
        let scratch = try Scratch()
        try scratch.write(
            "home/build/install",
            """
            set -e
            d=/usr/local/pak-test; mkdir -p $d/bin
            printf '#!/bin/sh\\necho hi\\n' >hi; install -m 755 hi $d/bin/hi
            echo data >$d/data; ln -s data $d/link; ln $d/data $d/again; mkfifo $d/pipe
            touch -d @1000 $d/bin; chmod 2750 $d/bin; rm /etc/debian_version
            cp /etc/passwd p; echo more >>p; mv p /etc/passwd; touch /pak-test-top
            """
        )
        return scratch
    }

    private func pak(
        _ who: Visitor,
        _ scratch: Scratch,
        _ arguments: [String]
    ) throws -> Program.Outcome {
        let (program, words) = try who.program(.pak, scratch)
        if who != .own {
            try scratch.shell("find home -not -user 65534 -exec chown -h 65534:65534 {} +")
        }
        return try program.run(["-C", scratch("home/build")] + words + arguments)
    }

    @Test func whatACommandChangesIsAPackageAndTheHostIsAsItWas() throws {
        var ids: Set<String> = []
        for who in Visitor.all {
            let scratch = try example()
            let host = "stat -c '%n %Y %s %i' /usr/local /etc/passwd /etc/debian_version / /etc"
            let state = "\(host); grep -v ' /tmp/' /proc/self/mountinfo; ls home/build"
            let before = try scratch.shell(state)
            let made = try pak(
                who,
                scratch,
                [
                    "capture", "--list", "--name", "x", "-o", scratch("home/x.pak.zst"), "--",
                    "sh", "./install",
                ]
            )
            #expect(made.status == 0, "\(who): \(made.complaints)")
            #expect(made.complaints.isEmpty, "\(who): \(made.complaints)")
            var lines = made.output.split(separator: "\n").map(String.init)
            let last = lines.popLast() ?? ""
            #expect(
                lines == [
                    "D etc/debian_version", "M etc/passwd", "A pak-test-top",
                    "A usr/local/pak-test", "A usr/local/pak-test/again",
                    "A usr/local/pak-test/bin", "A usr/local/pak-test/bin/hi",
                    "L usr/local/pak-test/again -> usr/local/pak-test/data",
                    "A usr/local/pak-test/link",
                    "A usr/local/pak-test/pipe",
                ],
                "\(who)"
            )
            ids.insert(String(last.split(separator: " ").first ?? ""))
            #expect(try scratch.shell(state) == before)
            #expect(access("/usr/local/pak-test", F_OK) != 0)
            #expect(scratch.names().sorted() == ["home"])
            #expect(try scratch.shell("ls home | grep '^pak' || true") == "", "nothing is left")
            let check = try Program.pak.run("check", scratch("home/x.pak.zst"))
            #expect(check.status == 0, "\(check.complaints)")
        }
        #expect(ids.count == 1, "the same bytes, whoever asks and whatever the way: \(ids)")
    }

    @Test(arguments: Visitor.all)
    func aCommandThatFailsLeavesNoPackageUnlessItIsToldTo(who: Visitor) throws {
        let scratch = try example()
        let script = ["--", "sh", "-c", "mkdir /usr/local/pak-test; exit 3"]
        let output = scratch("home/x.tar")
        let words = ["capture", "--to", "tar", "-o", output]
        let failed = try pak(who, scratch, words + script)
        #expect(failed.status == 3, "\(failed.complaints)")
        #expect(access(output, F_OK) != 0)
        let kept = try pak(who, scratch, words + ["--keep"] + script)
        #expect(kept.status == 3, "\(kept.complaints)")
        #expect(try scratch.shell("tar -tf home/x.tar").contains("usr/local/pak-test/\n"))
        let unfit = try pak(who, scratch, words + ["--no-such-option", "--", "true"])
        #expect(unfit.status == 125)
    }

    @Test(arguments: Visitor.withFUSE)
    func ownersAndDevicesAreRecordedForWhoIsRootInTheView(who: Visitor) throws {
        let scratch = try example()
        let made = try pak(
            who,
            scratch,
            [
                "capture", "--fake-root", "--to", "tar", "-o", scratch("home/x.tar"), "--", "sh",
                "-ec",
                """
                d=/usr/local/pak-test; mkdir $d; echo a >$d/a; install -o 33 -g 34 $d/a $d/b
                chown 1000 $d/a; mknod $d/null c 1 3; chmod 4755 $d/b; chown -h 5:6 $d
                """,
            ]
        )
        #expect(made.status == 0, "\(made.complaints)")
        let list = try scratch.shell("tar --numeric-owner -tvf home/x.tar | tr -s ' '")
        let lines = Set(list.split(separator: "\n").map(String.init))
        #expect(lines.contains("drwxr-xr-x 5/6 0 1980-01-01 00:00 usr/local/pak-test/"), "\(list)")
        #expect(lines.contains("-rw-r--r-- 1000/0 2 1980-01-01 00:00 usr/local/pak-test/a"))
        #expect(lines.contains("-rwsr-xr-x 33/34 2 1980-01-01 00:00 usr/local/pak-test/b"))
        #expect(lines.contains("crw-r--r-- 0/0 1,3 1980-01-01 00:00 usr/local/pak-test/null"))
    }

    @Test(arguments: Visitor.all)
    func rulesKeepWhatIsInTheWorkingDirectory(who: Visitor) throws {
        let scratch = try example()
        try scratch.write("home/rules", "keep \(scratch("home/build"))/out\n")
        let made = try pak(
            who,
            scratch,
            [
                "capture", "--list", "--rules", scratch("home/rules"), "--", "sh", "-c",
                "mkdir out; echo x >out/x; echo y >y; cat out/x; echo $SOURCE_DATE_EPOCH",
            ]
        )
        #expect(made.status == 0, "\(made.complaints)")
        let prefix = scratch("home/build").dropFirst()
        #expect(made.output == "x\n315532800\nA \(prefix)/out\nA \(prefix)/out/x\n")
        #expect(try scratch.shell("ls home/build") == "install\n")
    }

    @Test(arguments: Visitor.withFUSE)
    func aBuildSystemHasALayerAPackageAndTheResultIsTheNextBase(who: Visitor) throws {
        let scratch = try example()
        try scratch.shell(
            """
            mkdir -p one/opt/pak-test; echo 1 >one/opt/pak-test/one
            tar -C one --owner 0 --group 0 -cf home/one.tar .; mkdir home/layers
            """
        )
        let layer = scratch("home/layers/two")
        func run(_ words: String..., status: Int32 = 0) throws -> String {
            let outcome = try pak(who, scratch, ["layer"] + words)
            #expect(outcome.status == status, "\(words): \(outcome.complaints)")
            return outcome.output
        }
        _ = try run("init", "-p", scratch("home/one.tar"), "-b", "/", layer)
        let place = "/opt/pak-test"
        #expect(try run("run", layer, "--", "cat", "\(place)/one") == "1\n")
        _ = try run("run", layer, "--", "sh", "-c", "echo 2 >\(place)/two; echo 3 >>\(place)/one")
        _ = try run("run", layer, "--", "sh", "-c", "cat \(place)/*; exit 4", status: 4)
        try scratch.write("home/hook", "#!/bin/sh\nsed 's/^/hook: /'\n", mode: 0o755)
        #expect(
            try run("final", "--hook", scratch("home/hook"), layer)
                == "hook: M opt/pak-test/one\nhook: A opt/pak-test/two\n"
        )
        _ = try run("run", layer, "--", "true", status: 125)
        _ = try run("down", "-q", "-o", scratch("home/packages"), layer)
        let next = scratch("home/layers/three")
        _ = try run(
            "init",
            "-p",
            scratch("home/packages/one.pak.zst"),
            "-p",
            scratch("home/packages/two.pak.zst"),
            "-b",
            "/",
            next
        )
        #expect(try run("run", next, "--", "sh", "-c", "cat \(place)/*") == "1\n3\n2\n")
        #expect(try run("changes", next) == "")
    }

    @Test(arguments: Visitor.all)
    func aCaptureThatIsToldToEndLeavesNothing(who: Visitor) throws {
        let scratch = try example()
        let (program, words) = try who.program(.pak, scratch)
        let running = try program.start(
            words + [
                "capture", "-o", scratch("home/x"), "--", "sh", "-c",
                "mkdir /usr/local/pak-test && echo ready && exec sleep 1000",
            ]
        )
        #expect(running.output.next() == "ready", "\(running.complaints.rest())")
        running.send(SIGTERM)
        #expect(running.wait() == 128 + SIGTERM)
        let left = try scratch.shell("cd home; rm -rf cache fuse.*; ls")
        #expect(left == "build\n")
    }

    @Test(arguments: Visitor.all)
    func whatAKilledCaptureLeavesIsNamedAndGoesWithTheNext(who: Visitor) throws {
        let scratch = try example()
        let script = "echo x >/usr/local/pak-test && echo ready && exec sleep 1000"
        let words = ["capture", "--list", "--", "sh", "-c", script]
        let killed = try who.startPak(scratch, words)
        #expect(killed.output.next() == "ready", "\(killed.complaints.rest())")
        let living = try who.startPak(scratch, words)
        #expect(living.output.next() == "ready", "\(living.complaints.rest())")
        killed.send(SIGKILL)
        #expect(killed.output.rest() == "")
        #expect(killed.wait() == 128 + SIGKILL)
        let folders = "find home -maxdepth 1 -name 'pak-capture.*' | wc -l"
        #expect(try scratch.shell(folders) == "2\n")
        func named() throws -> Int {
            try who.pak(scratch, ["doctor"]).output.split(separator: "\n").count {
                $0.contains("capture.") && $0.contains("killed capture has left; try: rm -r '")
            }
        }
        // Not the folder of the one that runs.
        #expect(try named() == 1)
        let next = try who.pak(scratch, ["capture", "--list", "--", "true"])
        #expect(next.status == 0, "\(next.complaints)")
        #expect(try scratch.shell(folders) == "1\n")
        #expect(try named() == 0)
        living.send(SIGTERM)
        #expect(living.wait() == 128 + SIGTERM)
        #expect(try scratch.shell(folders) == "0\n")
    }

    @Test(arguments: Visitor.withFUSE)
    func whoWorksWherePackagesHaveTheirFilesMeansThem(who: Visitor) throws {
        let scratch = try example()
        for (folder, name) in [("/usr/local", "pak-test-w"), ("/etc", "pak-test-w")] {
            let (program, words) = try who.program(.pak, scratch)
            let made = try program.run(
                ["-C", folder] + words + ["capture", "--list", "--", "touch", name]
            )
            #expect(made.output == "A \(folder.dropFirst())/\(name)\n", "\(made.complaints)")
        }
    }

    @Test(arguments: Visitor.withFUSE)
    func setIDBitsGoWithWhatTakesThemOnADisk(who: Visitor) throws {
        let scratch = try example()
        let script = """
            umask 022
            for mode in 6755 2644 4755; do
                for w in 'echo >>f' 'echo >f' ': >>f' ': >f' 'truncate -s 1 f' 'touch f' \
                    'chown $(id -u):$(id -g) f' 'chmod 4711 f' 'exec 3<>f' 'ln f g; echo >>g; rm g' \
                    'mv f g; mv g f' 'dd if=/dev/zero of=f bs=1 count=1 conv=notrunc status=none'
                do cp /bin/true f; chmod $mode f; eval "$w"; echo "$mode $(stat -c %a f) $w"; done
            done
            """
        let (shell, words) = try who.program(Program(path: "/bin/sh"), scratch)
        if who != .own { try scratch.shell("chown 65534:65534 home/build") }
        let disk = try shell.run(["-C", scratch("home/build")] + words + ["-c", script])
        #expect(disk.output.contains("6755 \(who.isRoot ? 6755 : 755) echo >>f\n"))
        let captured = try who.pak(
            scratch,
            [
                "capture", "--list", "--", "sh", "-c",
                "mkdir /opt/pak-test; cd /opt/pak-test; \(script)",
            ]
        )
        #expect(
            captured.output == disk.output + "A opt/pak-test\nA opt/pak-test/f\n",
            "\(captured.complaints)"
        )
    }
}
