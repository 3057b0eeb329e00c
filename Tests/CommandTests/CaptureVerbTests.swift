import Glibc
import Testing
import Watched

/// `pak capture` and `pak layer run`, as users with and without rights meet them.
@Suite(.unwatched, .enabled(if: Visitor.whyNone == nil, "\(Visitor.whyNone ?? "")"))
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
    func aPackageIsMadeWhereItsPathLeadsFromHere(who: Visitor) throws {
        let scratch = try example()
        for output in ["x.tar", "./y.tar", "../z.tar"] {
            let made = try pak(
                who,
                scratch,
                ["capture", "--to", "tar", "-o", output, "--", "true"]
            )
            #expect(made.status == 0, "\(made.complaints)")
        }
        try scratch.shell("tar -tf home/build/x.tar; tar -tf home/build/y.tar; tar -tf home/z.tar")
        let none = try pak(who, scratch, ["capture", "-o", "none/x.tar", "--", "true"])
        #expect(none.complaints == "pak: none/x.tar: no file can be made there\ntry: -o FILE\n")
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

    @Test(arguments: Visitor.all)
    func whatIsBoundHasAPlaceThatIsNoPartOfThePackage(who: Visitor) throws {
        let scratch = try example()
        try scratch.write("home/shown/f", "shown\n")
        let (folder, file) = (scratch("home/shown"), scratch("home/shown/f"))
        let targets = ["/pak-new", "/pak-other/deep", "/usr/share/pak-new/deep"]
        var words = ["capture", "--list"]
        for target in targets { words += ["--bind", "\(folder):\(target)"] }
        words += ["--bind", "\(file):/pak-file/one", "--bind", "\(file):/pak-file/two"]
        let script = """
            cat /pak-new/f /pak-other/deep/f /usr/share/pak-new/deep/f /pak-file/one /pak-file/two
            echo x >/opt/pak-test; ls -d /pak-file /usr/share/pak-new
            """
        let made = try pak(who, scratch, words + ["--", "sh", "-ec", script])
        #expect(made.status == 0, "\(made.complaints)")
        let shown = String(repeating: "shown\n", count: 5)
        #expect(made.output == "\(shown)/pak-file\n/usr/share/pak-new\nA opt/pak-test\n")
        #expect(access("/pak-new", F_OK) != 0 && access("/usr/share/pak-new", F_OK) != 0)
        let none = try pak(who, scratch, ["capture", "--list", "--bind", "/no/such", "--", "true"])
        #expect(none.status == 125)
        #expect(
            none.complaints == "pak: --bind /no/such: file does not exist\n"
                + "try: --bind SOURCE[:TARGET], of what is there\n"
        )
    }

    /// The layer is kept, and the way out leaves it out of the package.
    @Test(arguments: Visitor.all)
    func aPathThatNoPackageHasIsTold(who: Visitor) throws {
        let scratch = try example()
        let script = """
            mkdir /opt/pak-test; cd /opt/pak-test; echo x >x; mkdir deep; cd deep; i=2
            while [ $i -lt 257 ]; do mkdir d; cd -P d 2>/dev/null || cd d; i=$((i+1)); done
            """
        let output = scratch("home/x.tar")
        let made = try pak(who, scratch, ["capture", "-o", output, "--", "sh", "-ec", script])
        #expect(made.status == 125 || made.status == 1, "\(made.complaints)")
        let told = made.complaints.split(separator: "what was changed is the layer ").last
        let layer = try #require(told?.prefix { $0 != "\n" }).description
        try scratch.write("home/rules", "drop /opt/pak-test/deep\n")
        let words = ["layer", "export", layer, "--rules", scratch("home/rules"), "-o", output]
        let again = try pak(who, scratch, words)
        #expect(again.status == 0, "\(again.complaints)")
        #expect(try scratch.shell("tar -tf home/x.tar").contains("opt/pak-test/x\n"))
    }

    /// Set by the command, to the nanosecond, or by nobody; sockets are in no package.
    @Test func timesAndSocketsAreTheSameWhateverTheWay() throws {
        let script = """
            set -e; d=/usr/local/pak-test; mkdir $d; cd $d
            echo a >new; touch -d @1000.123456789 new; echo b >late; touch -d @1000 late; echo c >>late
            ln -s new link; touch -h -d @2000 link; mkfifo pipe; touch -d @2500 pipe
            mkdir in out; echo d >in/f; touch -d @3000 in; mkdir in/deep; touch -d @3500 in/deep
            touch -d @4000 out; echo e >e; touch -d @5000 e; mv e out/e; touch -d @4500 out
            touch -d @6000 /etc/debian_version; touch never; cp -p new copy; ln late again
            python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")'
            test -S socket; rm -f gone; touch -a -d @7000 never
            """
        var lists: [String: String] = [:]
        var packages: Set<[UInt8]> = []
        for who in Visitor.all {
            let scratch = try example()
            let output = scratch("home/x.tar")
            let fake = who.isRoot ? [] : ["--fake-root"]
            let words = ["capture", "--to", "tar", "--name", "x", "-o", output] + fake
            let made = try pak(who, scratch, words + ["--", "sh", "-ec", script])
            #expect(made.status == 0, "\(who): \(made.complaints)")
            #expect(made.complaints.contains("usr/local/pak-test/socket"), "\(made.complaints)")
            lists["\(who)"] = try scratch.shell(
                "TZ=UTC tar --full-time -tvf home/x.tar usr etc | awk '{print $4, $5, $6}'"
            )
            packages.insert(try scratch.bytes("home/x.tar"))
        }
        let list = lists.values.first ?? ""
        #expect(list.contains("1970-01-01 00:16:40.123456789 usr/local/pak-test/new\n"), "\(list)")
        for line in [
            "00:33:20 usr/local/pak-test/link", "00:41:40 usr/local/pak-test/pipe",
            "00:58:20 usr/local/pak-test/in/deep/", "01:15:00 usr/local/pak-test/out/",
            "01:23:20 usr/local/pak-test/out/e", "01:40:00 etc/debian_version",
        ] { #expect(list.contains("1970-01-01 \(line)\n"), "\(line): \(list)") }
        #expect(packages.count == 1, "\(lists)")
    }

    @Test(arguments: Visitor.all)
    func aCopyOfASparseFileIsSparse(who: Visitor) throws {
        let scratch = try example()
        let script = """
            d=/usr/local/pak-test; mkdir $d; cd $d; truncate -s 8M a; echo middle |
            dd of=a bs=1M seek=4 conv=notrunc status=none; cp a b; cmp a b; cp --sparse=never a c
            tar -cSf t a; echo $(stat -c %b a b) $(($(stat -c %b c) > 16000)) $(stat -c %s t)
            """
        let made = try pak(who, scratch, ["capture", "--list", "--", "sh", "-ec", script])
        #expect(made.status == 0, "\(made.complaints)")
        #expect(made.output.split(separator: "\n").first == "8 8 1 10240", "\(who): \(made.output)")
    }

    @Test(arguments: Visitor.all)
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
                ln -s a $d/l; chown -h 8:9 $d/l; mv $d/l $d/link; mkfifo $d/p; chown 3 $d/p
                chgrp 4 $d/p; ln -s a $d/own
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
        for line in [
            "lrwxrwxrwx 8/9 0 1980-01-01 00:00 usr/local/pak-test/link -> a",
            "lrwxrwxrwx 0/0 0 1980-01-01 00:00 usr/local/pak-test/own -> a",
            "prw-r--r-- 3/4 0 1980-01-01 00:00 usr/local/pak-test/p",
        ] {
            #expect(lines.contains(line), "\(list)")
        }
    }

    /// Two runs of one layer, the second over what the first has changed, as root in the view.
    private static let runs = [
        """
        echo x >>/etc/passwd; chmod 600 /etc/fstab; sed -i s/a/b/ /etc/profile; mv /etc/issue /etc/i
        mkdir -p /opt/pt/d; cd /opt/pt; echo a >f; ln f f2; echo b >d/g; mknod null c 1 3
        rm -r /etc/cron.d; mkdir /etc/cron.d; echo new >/etc/cron.d/only
        mkdir /pak-test-top; echo t >/pak-test-top/t; rm /etc/debian_version; ln -s x /etc/ptl
        """,
        """
        cd /opt/pt; cat f d/g /etc/cron.d/only; ls /etc/cron.d /etc/i; tail -n 1 /etc/passwd
        test ! -e /etc/debian_version; test ! -e /etc/issue; chown 5 null; chmod 640 null
        echo c >>f; rm d/g; echo y >>/etc/passwd; rm /etc/cron.d/only; echo two >/etc/cron.d/two
        rm -r /pak-test-top; touch -h -d @1 /etc/ptl; chown -h 0:0 /etc/ptl; chmod 644 /etc/fstab
        """,
    ]

    @Test func aLayerIsContinuedInAnyWayAndRootsFilesAreChangedInPlace() throws {
        let users = Visitor.all.filter { !$0.isRoot }
        var exports: Set<String> = []
        for first in users {
            for second in users {
                let scratch = try example()
                let layer = scratch("home/layer")
                let made = try pak(first, scratch, ["layer", "init", layer, "-b", "/"])
                try #require(made.status == 0, "\(made.complaints)")
                for (who, script) in zip([first, second], Self.runs) {
                    let words = ["layer", "run", "--fake-root", layer, "--", "sh", "-ec", script]
                    let run = try pak(who, scratch, words)
                    #expect(run.status == 0, "\(first) \(second): \(run.complaints)")
                    let says =
                        script == Self.runs[0] ? "" : "a\nb\nnew\n/etc/i\n\n/etc/cron.d:\nonly\nx\n"
                    #expect(run.output == says, "\(first) \(second)")
                }
                let output = scratch("home/x.tar")
                let words = ["layer", "export", "--to", "tar", "-o", output, layer]
                let export = try pak(second, scratch, words)
                #expect(export.status == 0, "\(export.complaints)")
                exports.insert(
                    try scratch.shell(
                        "tar --numeric-owner -tvf home/x.tar | tr -s ' '; tail -n 2 /dev/null; "
                            + "tar -xOf home/x.tar etc/passwd opt/pt/f etc/profile | cksum"
                    )
                )
            }
        }
        #expect(exports.count == (users.isEmpty ? 0 : 1), "\(exports)")
        let all = exports.first ?? ""
        #expect(users.isEmpty || all.contains("crw-r----- 5/0 1,3 1980-01-01 00:00 opt/pt/null\n"))
        #expect(users.isEmpty || all.contains("h") && all.contains("opt/pt/f2 link to opt/pt/f\n"))
        #expect(!all.contains("pak-test-top") && !all.contains("etc/fstab"), "\(all)")
    }

    @Test(arguments: Visitor.all.filter { $0 != .own })
    func aDirectoryWithMountsInItIsChangedAsAnyOther(who: Visitor) throws {
        let scratch = try Scratch()
        try scratch.shell(
            """
            mkdir -p base/bin base/tmp base/dev base/proc base/sys base/etc/d base/usr/share/m base/var
            cp /bin/busybox base/bin; ln -s busybox base/bin/sh; echo one >base/etc/f
            echo two >base/etc/g; echo three >base/etc/d/h; echo m >m; mkdir dir; echo in >dir/in
            """
        )
        let (program, words) = try who.program(.pak, scratch)
        let mounts = "mount --bind m base/etc/f && mount --bind dir base/usr/share/m"
        let script = """
            cat /etc/f /usr/share/m/in; echo 1 >>/etc/f; echo 2 >>/etc/g; echo 3 >>/etc/d/h
            echo 4 >>/usr/share/m/in; echo 5 >/usr/share/new; mkdir /var/x; rm /usr/share/m/in
            """
        let made = try program.run(
            [
                "-C", scratch.path, "unshare", "-m", "sh", "-c", "\(mounts) && cd / && exec \"$@\"",
                "sh",
            ]
                + words + ["capture", "--fake-root", "--base", scratch("base"), "--list", "--"]
                + ["/bin/busybox", "sh", "-ec", script]
        )
        #expect(made.status == 0, "\(made.complaints)")
        let changes = "M etc/d/h\nM etc/f\nM etc/g\nD usr/share/m/in\nA usr/share/new\nA var/x\n"
        #expect(made.output == "m\nin\n" + changes)
    }

    @Test func whatCannotBeChangedWithoutFUSEIsNamedWithTheCure() throws {
        for who in Visitor.all where !who.hasFUSE {
            let scratch = try example()
            let words = [
                "capture", "--fake-root", "--list", "--", "sh", "-c", "echo >/run/pak-test",
            ]
            let made = try pak(who, scratch, words)
            #expect(made.status != 0)
            let says = "pak: /run: cannot be changed while /dev/fuse is closed\n"
            #expect(made.complaints.contains("\(says)try: as root: chmod 666 /dev/fuse\n"))
        }
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
        // That is a mark, and no lock.
        _ = try run("run", layer, "--", "true")
        #expect(try run("changes", layer) == "M opt/pak-test/one\nA opt/pak-test/two\n")
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

    @Test func whatIsWrongWithPackagesIsToldWithTheWaysOut() throws {
        let scratch = try example()
        try scratch.shell(
            """
            for n in a b; do mkdir -p $n/opt; echo $n >$n/opt/x; tar -C $n -cf home/$n.tar .; done
            """
        )
        let words = ["-p", scratch("home/a.tar"), "-p", scratch("home/b.tar"), "--", "true"]
        let run = try pak(.own, scratch, ["run"] + words)
        let capture = try pak(.own, scratch, ["capture", "--list"] + words)
        #expect(run.complaints.contains("opt/x") && run.complaints.contains("try: "))
        #expect(capture.complaints == run.complaints.replacing("-o ", with: "--option "))
    }

    /// What a package alone has no place for is there all the same, and no part of what is made.
    @Test(arguments: Visitor.all)
    func packagesAloneAreEnoughForACapture(who: Visitor) throws {
        let scratch = try example()
        try scratch.shell("mkdir -p p/bin; cp /bin/busybox p/bin; tar -C p -cf home/p.tar bin")
        let list = "/bin/busybox ls /proc/self/exe /dev/null /tmp/x"
        let script = "cd /; echo x >/new; echo x >/tmp/x; \(list)"
        let words = ["-p", scratch("home/p.tar"), "--", "/bin/busybox", "sh", "-c", script]
        let made = try pak(who, scratch, ["capture", "--pure", "--list"] + words)
        #expect(made.status == 0, "\(who): \(made.complaints)")
        let paths = "/dev/null\n/proc/self/exe\n/tmp/x\n"
        #expect(made.output == "\(paths)A new\n", "\(who)")
    }

    /// Also rules that are said at every call are there once.
    @Test func aLayerThatCannotBeMadeCleanIsAsItWas() throws {
        let scratch = try example()
        try scratch.write("home/rules", "drop /a\nkeep /a\n")
        let layer = scratch("home/layer")
        let words = ["capture", "--layer", layer, "--rules", scratch("home/rules"), "--"]
        for name in ["a", "b"] {
            let made = try pak(.own, scratch, words + ["sh", "-c", "echo x >/opt/\(name)"])
            #expect(made.status == 0, "\(made.complaints)")
        }
        let rules = "grep -ac 'keep /a' '\(layer)/log'"
        #expect(try scratch.shell(rules) == "1\n")
        for bad in [["-p", scratch("home/no.deb")], ["--option", "no"], ["-b", scratch("no")]] {
            let refused = try pak(.own, scratch, ["layer", "init", layer] + bad)
            #expect(refused.status != 0, "\(bad)")
            let left = try pak(.own, scratch, ["layer", "changes", layer])
            #expect(left.output == "A opt/a\nA opt/b\n", "\(bad): \(left.complaints)")
        }
        let clean = try pak(.own, scratch, ["layer", "init", layer])
        #expect(clean.status == 0, "\(clean.complaints)")
        #expect(try pak(.own, scratch, ["layer", "changes", layer]).output.isEmpty)
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

    @Test(arguments: Visitor.withFUSE)
    func whatOthersMakeInAThroughFolderIsSeen(who: Visitor) throws {
        let scratch = try example()
        try scratch.makeDirectory("home/share")
        try scratch.write("home/rules", "through \(scratch("home/share"))\n")
        let (program, words) = try who.program(Program(path: "/bin/sh"), scratch)
        if who != .own {
            try scratch.shell("find home -not -user 65534 -exec chown -h 65534:65534 {} +")
        }
        let script = """
            cd '\(scratch("home"))' || exit
            timeout 60 sh -c 'until [ -e share/looked ]; do sleep 0.1; done
                echo seen >share/new && mv share/new share/flag' >/dev/null 2>&1 &
            '\(Program.pak.path)' capture --rules rules --list -- sh -c '
                [ -e share/flag ] || : >share/looked
                exec timeout 60 sh -c "until cat share/flag 2>/dev/null; do sleep 0.1; done"'
            """
        let outcome = try program.run(words + ["-c", script])
        #expect(outcome.output == "seen\n", "\(outcome.complaints)")
        #expect(outcome.status == 0)
    }
}
