import Glibc
import Testing
import Watched

/// Owners in a capture by overlay, which are those that fuse shows and keeps.
@Suite(
    .unwatched,
    .enabled(if: Visitor.whyNone == nil, "\(Visitor.whyNone ?? "")"),
    .enabled(if: FakeRootTests.canMapIDs && Visitor.all.contains(.nobody), "nobody has no ids here")
)
struct OverlayOwnerTests {
    /// Both ways, and the one that is taken where /dev/fuse is closed.
    static let ways: [(who: Visitor, words: [String])] = [
        (.nobody, ["--via", "fuse"]), (.nobody, ["--via", "overlay"]), (.nobodyWithoutFUSE, []),
    ]

    /// pak as a user who has subordinate ids.
    private func pak(_ who: Visitor, _ scratch: Scratch) throws -> (Program, [String]) {
        let (program, words) = try who.program(.pak, scratch)
        try scratch.write("ids", "nobody:100000:65536\n")
        let mounts = ["uid", "gid"].map { "mount --bind '\(scratch("ids"))' /etc/sub\($0)" }
        let script = mounts.joined(separator: " && ") + " && exec \"$@\""
        return (program, ["unshare", "-m", "sh", "-c", script, "sh"] + words)
    }

    static let script = """
        umask 022; mkdir /opt/pak-test; cd /opt/pak-test; touch f r far; chown 33:33 f
        mkdir -m 700 d; echo in >d/in; chmod 600 d/in; chown -R 33:34 d; ln f g; ln -s x l
        chown -h 7:8 l; mkfifo p; chown 3:3 p; chown 70000:5 far; cp /bin/true s; chown 33 s
        chmod 6755 s; mkdir -m 700 root; echo x >root/x; cp r back; chown 6:6 back; chown 0 back
        mkdir e; chown 9 e; chmod 0 e d/in; chmod 644 /etc/hostname
        chown 12:13 /etc/hostname; stat -c '%n %u:%g %a' * d/in /etc/hostname
        """

    static let shown = """
        back 0:6 644
        d 33:34 700
        e 9:0 0
        f 33:33 644
        far 0:5 644
        g 33:33 644
        l 7:8 777
        p 3:3 644
        r 0:0 644
        root 0:0 700
        s 33:0 6755
        d/in 33:34 0
        /etc/hostname 12:13 644

        """

    static let listing = """
        -rw-r--r-- 12/13 etc/hostname
        drwxr-xr-x 0/0 opt/pak-test/
        -rw-r--r-- 0/6 opt/pak-test/back
        drwx------ 33/34 opt/pak-test/d/
        ---------- 33/34 opt/pak-test/d/in
        d--------- 9/0 opt/pak-test/e/
        -rw-r--r-- 33/33 opt/pak-test/f
        -rw-r--r-- 70000/5 opt/pak-test/far
        hrw-r--r-- 33/33 opt/pak-test/g link to opt/pak-test/f
        lrwxrwxrwx 7/8 opt/pak-test/l -> x
        prw-r--r-- 3/3 opt/pak-test/p
        -rw-r--r-- 0/0 opt/pak-test/r
        drwx------ 0/0 opt/pak-test/root/
        -rw-r--r-- 0/0 opt/pak-test/root/x
        -rwsr-sr-x 33/0 opt/pak-test/s

        """

    @Test func whatIsGivenToTheViewsUsersIsTheirs() throws {
        var packages: Set<[UInt8]> = []
        for (who, way) in Self.ways {
            let scratch = try Scratch()
            let (program, words) = try pak(who, scratch)
            let run = try program.run(
                words + ["capture", "--fake-root", "-q", "-o", scratch("home/x.tar")] + way
                    + ["--", "sh", "-ec", Self.script]
            )
            #expect(run.status == 0, "\(who) \(way): \(run.complaints)")
            #expect(run.output.hasPrefix(Self.shown), "\(who) \(way)")
            let list = try scratch.shell(
                "tar --numeric-owner -tvf home/x.tar etc opt"
                    + " | sed -E 's/ +[0-9,]+ [-0-9]+ [:0-9]+ / /'"
            )
            #expect(list == Self.listing, "\(who) \(way)")
            packages.insert(try scratch.bytes("home/x.tar"))
            // Nothing but what was asked for is left, and all of it can be removed.
            let left = Set(Scratch.names(in: scratch("home")))
            #expect(left == ["cache", "fuse.\(who)", "x.tar"], "\(left)")
        }
        #expect(packages.count == 1)
    }

    /// Its rights are its own, though what it asks comes to root first.
    @Test(arguments: ["fuse", "overlay"])
    func aProcessOfAnotherUserHasHisRights(way: String) throws {
        let scratch = try Scratch()
        let (program, words) = try pak(.nobody, scratch)
        let script = """
            mkdir /opt/pak-test; cd /opt/pak-test; echo a >f; chown 33:33 f; chmod 600 f; mkdir d
            chown 33 d; touch open; chmod 666 open; size=$(stat -c %s /usr/bin/env)
            setpriv --reuid 33 --regid 33 --clear-groups sh -c '
                echo b >>f; echo c >d/c; chmod 700 d; echo o >open; id -u
                for i in ": >/usr/bin/env" "echo no >>/etc/passwd" "chmod 777 /usr/bin/env" \
                    "chown 33 /usr/bin/env" "touch /opt/no" "chown 34 f" "mknod d/n c 1 3"
                do sh -c "$i" 2>/dev/null && echo "done: $i"; done; :'
            [ "$size" = "$(stat -c %s /usr/bin/env)" ]; cat f; stat -c '%n %u:%g %a' d d/c open
            """
        let run = try program.run(
            words + ["capture", "--fake-root", "-q", "-o", scratch("home/x.tar"), "--via", way]
                + ["--", "sh", "-ec", script]
        )
        #expect(run.status == 0, "\(run.complaints)")
        let shown = "33\na\nb\nd 33:0 700\nd/c 33:33 644\nopen 0:0 666\n"
        #expect(run.output.hasPrefix(shown), "\(run.output)")
        let list = try scratch.shell("tar --numeric-owner -tvf home/x.tar | awk '{print $2, $6}'")
        #expect(
            list == """
                0/0 .pak/manifest
                0/0 opt/pak-test/
                33/0 opt/pak-test/d/
                0/0 opt/pak-test/d/c
                33/33 opt/pak-test/f
                0/0 opt/pak-test/open

                """
        )
    }

    /// Its number is also the one that stands for all whom the view does not have.
    @Test(arguments: ["fuse", "overlay"])
    func nobodysFilesStayHis(way: String) throws {
        let scratch = try Scratch()
        let (program, words) = try pak(.nobody, scratch)
        let script = """
            cd /opt; echo a >pak-test; chown 65534:65534 pak-test; chmod 666 pak-test; echo b >>pak-test
            mv pak-test pak-moved; touch pak-moved; ln -s x pak-link; chown -h 65534 pak-link
            mv pak-link pak-link2; stat -c %u:%g pak-moved pak-link2; cat pak-moved
            """
        let run = try program.run(
            words + ["capture", "--fake-root", "-q", "--list", "--via", way, "--", "sh", "-ec"]
                + [script]
        )
        #expect(run.status == 0, "\(run.complaints)")
        #expect(run.output.hasPrefix("65534:65534\n65534:0\na\nb\nA "), "\(run.output)")
    }

    /// They are none of the view's, and the kernel reads for him.
    @Test func theGroupsOfTheUserKeepTheirRights() throws {
        let scratch = try Scratch()
        try scratch.shell("echo x >f; chgrp 4 f; chmod 640 f")
        let (program, words) = try pak(.nobody, scratch)
        let run = try program.run(
            words.map { $0.replacing("--clear-groups", with: "--groups 4") }
                + ["capture", "--fake-root", "-q", "--list", "--via", "overlay", "--"]
                + ["sh", "-ec", "cat '\(scratch("f"))'; cd /opt; : >f; chown 33 f; stat -c %u f"]
        )
        #expect(run.output == "x\n33\nA opt/f\n", "\(run.complaints)")
    }

    @Test func aLaterRunShowsTheOwnersThatAnEarlierOneGave() throws {
        var outputs: Set<String> = []
        var packages: Set<[UInt8]> = []
        for way in ["fuse", "overlay"] {
            let scratch = try Scratch()
            try scratch.shell(
                """
                mkdir -p p/opt/p/in; echo p >p/opt/p/f; echo q >p/opt/p/q; chown -R 44:45 p/opt/p
                chmod 700 p/opt/p/in; chmod 4750 p/opt/p/q; tar -C p --numeric-owner -cf p.tar .
                """
            )
            let (program, words) = try pak(.nobody, scratch)
            let scripts = [
                "mkdir -m 700 t; echo a >t/a; chown -R 33:33 t; chmod 6755 t/a; touch far s",
                "chown 70000:7 far; chown 8 s; ln -s x l; chown -h 8:9 l; chown 5 p/in; stat -c '%n %u:%g' p/*",
                "stat -c '%n %u:%g %a' * p/* t/*; touch t/a; touch far; echo b >>p/f; mv p/q q",
                "setpriv --reuid 33 --clear-groups touch t/new; chown 0 s; chmod 711 t",
                "stat -c '%n %u:%g %a' * p/* t/*; chown 12 far; rm t/new; touch t/new",
            ]
            for script in [scripts[..<2], scripts[2..<4], scripts[4...]] {
                let run = try program.run(
                    words + ["capture", "--fake-root", "-q", "--layer", scratch("home/layer")]
                        + ["--via", way, "-p", scratch("p.tar"), "--", "sh", "-ec"]
                        + ["umask 022; cd /opt; " + script.joined(separator: "; ")]
                )
                #expect(run.status == 0, "\(way): \(run.complaints)")
                outputs.insert("\(script.startIndex): \(run.output)")
            }
            let export = ["layer", "export", scratch("home/layer"), "-o", scratch("home/x.tar")]
            let done = try program.run(words + export)
            #expect(done.status == 0, "\(done.complaints)")
            packages.insert(try scratch.bytes("home/x.tar"))
            // What is in the layer's folder is the user's own.
            #expect(try scratch.shell("find home/layer ! -user 65534") == "")
        }
        #expect(outputs.count == 3, "\(outputs.sorted())")
        #expect(outputs.contains { $0.contains("t/a 33:33 6755") }, "\(outputs)")
        #expect(packages.count == 1)
    }

    /// What others cannot read is read back, whoever was killed; then it is the user's.
    @Test(arguments: ["keeper", "command", "starter"])
    func whoIsKilledLeavesNothingOfOthers(party: String) throws {
        let scratch = try Scratch()
        let (program, words) = try pak(.nobodyWithoutFUSE, scratch)
        let script = """
            mkdir -m 700 /opt/t; echo x >/opt/t/x; chmod 600 /opt/t/x; chown -R 33:33 /opt/t
            stat -c %u /opt/t/x; sleep 1000
            """
        let running = try program.start(
            words + ["capture", "--fake-root", "-q", "--layer", scratch("home/layer"), "--"]
                + ["sh", "-ec", script]
        )
        #expect(running.output.next() == "33", "\(running.complaints.rest())")
        let keeper = try #require(Program.children(of: running.process).first)
        let command = try #require(
            try Program.children(of: keeper).first {
                try TextFile.bytes("/proc/\($0)/comm") == Array("sh\n".utf8)
            }
        )
        kill(["starter": running.process, "keeper": keeper][party] ?? command, SIGKILL)
        #expect(running.output.rest() == "")
        #expect(running.wait() == 128 + SIGKILL)
        #expect(try scratch.shell("find home/layer ! -user 65534") == "")
        let changes = try program.run(words + ["layer", "changes", scratch("home/layer")])
        // A pak that is killed takes along what was in memory.
        #expect(changes.output == (party == "starter" ? "" : "A opt/t\nA opt/t/x\n"))
        let left = Set(Scratch.names(in: scratch("home")))
        #expect(left.isSubset(of: ["cache", "fuse.nobodyWithoutFUSE", "layer"]), "\(left)")
    }
}
