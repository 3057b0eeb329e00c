import Glibc
import Testing
import Watched

/// Views and captures without /dev/fuse, where that is to be what it is by fuse.
@Suite(.unwatched, .enabled(if: Visitor.whyNone == nil, "\(Visitor.whyNone ?? "")"))
struct OverlayWayTests {
    /// A package of busybox, in `b.tar`.
    private func example() throws -> Scratch {
        let scratch = try Scratch()
        try scratch.shell(
            "mkdir -p b/bin; cp /bin/busybox b/bin/busybox; tar --owner 0 --group 0 -C b -cf b.tar ."
        )
        return scratch
    }

    @Test(.mounting, .enabled(if: geteuid() == 0, "it takes root"))
    func whatRootGivesToOthersIsRecorded() throws {
        let scratch = try example()
        let script = """
            d=/opt/pak-test; mkdir -p $d/set; cp /bin/true $d/t; chown 33:44 $d $d/t; ln $d/t $d/u
            ln -s x $d/l; chown -h 7:8 $d/l; mkfifo $d/p; chown 4 $d/p; mknod $d/c c 1 3
            cp /bin/true $d/s; chmod 6755 $d/s; chown 33 /etc/passwd; chown 9 /opt
            chgrp 50 $d/set; chmod 2775 $d/set; touch $d/set/inherits; mkdir $d/set/too
            touch $d/set/given; chgrp 60 $d/set/given
            """
        for way in ["fuse", "overlay"] {
            let run = try Visitor.own.pak(
                scratch,
                [
                    "capture", "--via", way, "--name", "p", "-o", scratch("\(way).tar"), "--", "sh",
                    "-ec", script,
                ]
            )
            #expect(run.status == 0, "\(run.complaints)")
        }
        let list = try scratch.shell(
            "cmp fuse.tar overlay.tar && tar --numeric-owner -tvf overlay.tar"
        )
        #expect(list.contains("33/44"), "\(list)")
        #expect(list.contains("9/0"), "\(list)")
    }

    private static func ways(of who: Visitor) -> [String] {
        who == .nobodyWithoutFUSE ? ["overlay"] : ["fuse", "overlay"]
    }

    /// Runs a script over p.tar, makes home/WAY.tar of what it changes, and returns what is said.
    private func captured(
        _ script: String,
        _ way: String,
        _ who: Visitor,
        _ scratch: Scratch
    ) throws -> String {
        let (program, words) = try who.program(.pak, scratch)
        let run = try program.run(
            ["-C", "/"] + words + [
                "capture", "--fake-root", "--via", way, "--name", "p", "-p", scratch("p.tar"), "-o",
                scratch("home/\(way).tar"), "--", "sh", "-ec", script,
            ]
        )
        #expect(run.status == 0, "\(run.complaints)")
        return run.complaints
    }

    /// The kernel takes one of a file's names for a file of its own when that is changed.
    @Test(.mounting, arguments: Visitor.all)
    func whatHasSeveralNamesInAPackageIsOneFileOrTold(who: Visitor) throws {
        let scratch = try example()
        try scratch.shell(
            "mkdir -p p/opt/g; echo a >p/opt/g/a; ln p/opt/g/a p/opt/g/b; chmod 644 p/opt/g/a;"
                + " chmod 755 p p/opt p/opt/g; tar --owner 0 --group 0 -C p -cf p.tar opt"
        )
        let ways = Self.ways(of: who)
        for script in ["echo x >>/opt/g/b", "chmod 700 /opt/g/a"] {
            let isWritten = script.hasPrefix("echo")
            for way in ways {
                let said = try captured(script, way, who, scratch)
                let isTold = said.contains("changed under one of 2 names")
                #expect(isTold == (isWritten && way == "overlay"), "\(said)")
                let list = try scratch.shell(
                    "tar -xOf home/\(way).tar opt/g/a | wc -l; tar -tvf home/\(way).tar opt/g"
                        + " | cut -c2-10; mv home/\(way).tar home/\(way).1.tar"
                )
                let shown = isWritten ? "2\nrw-r--r--\nrw-r--r--\n" : "1\nrwx------\nrwx------\n"
                #expect(list == shown, "\(way)")
            }
            if ways.count == 2 { try scratch.shell("cmp home/fuse.1.tar home/overlay.1.tar") }
        }
        let said = try captured("mv /opt/g/a /opt/c", "overlay", who, scratch)
        #expect(said.contains("opt/c: moved or linked by one of several names"), "\(said)")
    }

    /// Below an overlay all is the user's who has no others.
    @Test(.mounting, arguments: Visitor.all)
    func whatIsMovedInAPackageStaysWhoseItWas(who: Visitor) throws {
        let scratch = try example()
        let owned = "--numeric-owner --owner 33 --group 44"
        try scratch.shell(
            "mkdir -p p/opt; for i in a b c d; do echo $i >p/opt/$i; done; chmod 644 p/opt/*;"
                + " chmod 755 p p/opt; tar \(owned) -C p -cf p.tar opt/a opt/b opt/c;"
                + " tar --owner 0 --group 0 -C p -rf p.tar opt/d"
        )
        let script = "cd /opt; mv a a2; echo >>a2; chgrp 5 b; mv b b2; mv c d; echo >e"
        for way in Self.ways(of: who) {
            _ = try captured(script, way, who, scratch)
            let list = try scratch.shell(
                "tar --numeric-owner -tvf home/\(way).tar opt/a2 opt/b2 opt/d opt/e"
                    + " | awk '{ print $2, $6 }'"
            )
            #expect(list == "33/44 opt/a2\n33/5 opt/b2\n33/44 opt/d\n0/0 opt/e\n", "\(way)")
        }
    }

    @Test(
        .mounting,
        .enabled(if: Visitor.all.contains(.nobodyWithoutFUSE), "it takes root"),
        arguments: ["", "-s 3"]
    )
    func whatNobodyCanReadIsReplacedAllTheSame(size: String) throws {
        let scratch = try example()
        // A file of root's own, as locks and password files are.
        try scratch.shell(
            "mkdir -p base/etc base/opt; : >base/etc/lock; [ -z '\(size)' ] || echo ab >base/etc/lock;"
                + " chmod 640 base/etc/lock; chmod 755 base base/etc base/opt"
        )
        let (program, words) = try Visitor.nobodyWithoutFUSE.program(.pak, scratch)
        let run = try program.run(
            ["-C", "/"] + words + [
                "capture", "--fake-root", "--base", scratch("base"), "-p", scratch("b.tar"), "-o",
                scratch("home/x.tar"), "--", "/bin/busybox", "sh", "-ec",
                "mkdir /opt/precious; : >/etc/lock",
            ]
        )
        #expect(run.status == 0, "\(run.complaints)")
        let list = try scratch.shell("tar -tvf home/x.tar | grep -o '[0-9]* 1980.*'")
        let lock = size.isEmpty ? "" : "0 1980-01-01 00:00 etc/lock\n"
        #expect(list == "\(lock)0 1980-01-01 00:00 opt/precious/\n")
    }

    @Test(arguments: Visitor.all, [["--pure"], ["--at"]])
    func packagesCannotBeWrittenTo(who: Visitor, words: [String]) throws {
        let scratch = try example()
        try scratch.makeDirectory("at")
        let place = words == ["--at"] ? [scratch("at")] : []
        let at = place.first ?? ""
        let run = try who.pak(
            scratch,
            ["run", "--via", "overlay"] + words + place + [
                "-p", scratch("b.tar"), "--", "\(at)/bin/busybox", "sh", "-c",
                "cd \(at)/bin; ./busybox rm busybox; echo x >x; ./busybox true && echo there",
            ]
        )
        #expect(run.output == "there\n", "\(run.complaints)")
        let refusals = run.complaints.split(separator: "\n")
        #expect(
            refusals.count == 2 && refusals.allSatisfy { $0.hasSuffix("Read-only file system") }
        )
    }

    @Test(arguments: Visitor.all)
    func whereOneWorksFilesAreMade(who: Visitor) throws {
        let scratch = try Scratch()
        // A directory that packages are laid over, with one that is the user's.
        let (program, words) = try who.program(.pak, scratch)
        let folder = try scratch.shell(
            """
            mkdir -p a/var/tmp/pak-test-of-a; tar --owner 0 --group 0 -C a -cf a.tar .
            own=$(mktemp -d /var/tmp/pak-test.XXXXXX); chown --reference home "$own"; printf %s "$own"
            """
        )
        defer { _ = try? scratch.shell("rm -r '\(folder)'") }
        let run = try program.run(
            ["-C", folder] + words + [
                "run", "-p", scratch("a.tar"), "--", "sh", "-c",
                "echo x >made; ls -d /var/tmp/pak-test-of-a; echo y >/var/tmp/pak-test-not",
            ]
        )
        #expect(run.output == "/var/tmp/pak-test-of-a\n", "\(run.complaints)")
        #expect(run.complaints.contains("Read-only file system"))
        #expect(try scratch.shell("cat '\(folder)/made'") == "x\n")
    }

    @Test(.mounting, .enabled(if: geteuid() == 0, "it takes root"))
    func aDeviceThatCannotBeMountedLeavesTheOtherWay() throws {
        let scratch = try example()
        let run = try Program(path: "/usr/bin/env").run(
            "unshare",
            "-m",
            "sh",
            "-c",
            "mount --bind /dev/null /dev/fuse; exec \"$@\"",
            "sh",
            Program.pak.path,
            "run",
            "-p",
            scratch("b.tar"),
            "--",
            "echo",
            "hi"
        )
        #expect(run.output == "hi\n", "\(run.complaints)")
        #expect(run.complaints == "")
    }

    @Test(
        .mounting,
        .enabled(if: Visitor.all.contains(.nobodyWithoutFUSE), "it takes root")
    )
    func whatHasMountsBelowItTakesTheDevice() throws {
        let scratch = try example()
        try scratch.makeDirectory("inner")
        let (_, words) = try Visitor.nobodyWithoutFUSE.program(.pak, scratch)
        let run = try Program(path: "/usr/bin/env").run(
            [
                "unshare", "-m", "sh", "-c",
                "mount -t tmpfs none /srv; mkdir /srv/x; mount -t tmpfs none /srv/x; exec \"$@\"",
                "sh",
            ] + words + [
                "run", "--bind", "\(scratch("inner")):/srv/here", "-p", scratch("b.tar"), "true",
            ]
        )
        #expect(
            run.complaints
                == "pak: no view: FUSE at /srv, below which the host has /srv/x: permission denied\n"
                + "try: as root: chmod 666 /dev/fuse\n"
        )
        #expect(run.status == 125)
    }

    @Test(arguments: Visitor.all, [true, false])
    func whatAFailedCommandMayHaveTriedIsToldUnlessQuiet(who: Visitor, isQuiet: Bool) throws {
        let scratch = try example()
        let run = try who.pak(
            scratch,
            ["capture", "--via", "overlay", "--list"] + (isQuiet ? ["-q"] : []) + ["--", "false"]
        )
        #expect(run.status == 1)
        #expect(run.complaints.contains("cannot be changed") != isQuiet, "\(run.complaints)")
    }
}
