import Glibc
import Testing

/// Installations by root in the view, which is a user without rights outside of it.
@Suite(.enabled(if: Visitor.whyNone == nil, "\(Visitor.whyNone ?? "")"))
struct FakeRootTests {
    /// All that an installation does to owners, and the order in which it matters.
    static let script = """
        mkdir -p /opt/pak-test; cd /opt/pak-test; umask 022
        for i in 1 2 3; do cp /bin/true t$i; done
        chmod 4755 t1; chown www-data t1; chmod 2755 t2; chown www-data:games t2; chmod 6755 t2
        chmod 2644 t3; chown 5:5 t3; install -o daemon -g daemon -m 750 /bin/true t4
        mkdir d; chmod 6755 d; chown 7:7 d; ln -s none l; chown -h 8:8 l
        touch r; chown 9 r; rm r; touch r; mkfifo p; chown 3:3 p
        mknod -m 600 null c 1 3; mknod disk b 259 1; chown 0:6 disk
        mkdir -m 700 s; touch s/x; chown -R 6:6 s; touch s/y; echo x >>s/x; mv s s2; chmod 600 s2/x
        tar -cf - --owner bin --group 12 t1 | (mkdir out; cd out; tar -xpf -)
        id -u
        """

    static let listing = """
        drwxr-xr-x 0/0 opt/pak-test/
        drwsr-sr-x 7/7 opt/pak-test/d/
        brw-r--r-- 0/6 opt/pak-test/disk
        lrwxrwxrwx 8/8 opt/pak-test/l -> none
        crw------- 0/0 opt/pak-test/null
        drwxr-xr-x 0/0 opt/pak-test/out/
        -rwxr-xr-x 2/12 opt/pak-test/out/t1
        prw-r--r-- 3/3 opt/pak-test/p
        -rw-r--r-- 0/0 opt/pak-test/r
        drwx------ 6/6 opt/pak-test/s2/
        -rw------- 6/6 opt/pak-test/s2/x
        -rw-r--r-- 0/0 opt/pak-test/s2/y
        -rwxr-xr-x 33/0 opt/pak-test/t1
        -rwsr-sr-x 33/60 opt/pak-test/t2
        -rw-r-Sr-- 5/5 opt/pak-test/t3
        -rwxr-x--- 1/1 opt/pak-test/t4

        """

    @Test func anInstallationIsTheSamePackageWhoeverDoesIt() throws {
        var packages: [String: [UInt8]] = [:]
        for who in Visitor.all {
            // Root in the view by answered calls, and by subordinate ids.
            for hasIDs in [false, true]
            where !hasIDs || !who.isRoot && who.hasFUSE && Self.canMapIDs {
                let scratch = try Scratch()
                var (program, words) = try who.program(.pak, scratch)
                if hasIDs {
                    try scratch.write("ids", "nobody:100000:65536\n")
                    let mounts = ["uid", "gid"].map {
                        "mount --bind '\(scratch("ids"))' /etc/sub\($0)"
                    }
                    words =
                        [
                            "unshare", "-m", "sh", "-c",
                            mounts.joined(separator: " && ")
                                + " && exec \"$@\"", "sh",
                        ] + words
                }
                let file = scratch("home/package.pak.zst")
                let fake = who.isRoot ? [] : ["--fake-root"]
                words += ["capture", "-o", file] + fake + ["--", "sh", "-ec", Self.script]
                let run = try program.run(words)
                #expect(run.status == 0, "\(who) \(hasIDs): \(run.complaints)")
                #expect(run.output.hasPrefix("0\n"))
                let list = try scratch.shell(
                    "zstd -dc '\(file)' | tar -tvf - | sed -E 's/ +[0-9,]+ [-0-9]+ [:0-9]+ / /' "
                        + "| grep -v manifest"
                )
                #expect(list == Self.listing, "\(who) \(hasIDs)")
                packages["\(who) \(hasIDs)"] = try scratch.bytes("home/package.pak.zst")
            }
        }
        #expect(Set(packages.values).count <= 1, "\(packages.keys)")
        #expect(access("/opt/pak-test", F_OK) != 0)
    }

    /// As to one within it, which the kernel does by itself.
    @Test(.enabled(if: canMapIDs && Visitor.all.contains(.nobody)))
    func anOwnerBeyondTheSubordinateIDsIsRecorded() throws {
        let scratch = try Scratch()
        let (program, words) = try Visitor.nobody.program(.pak, scratch)
        try scratch.write("ids", "nobody:100000:1000\n")
        let mounts = ["uid", "gid"].map { "mount --bind '\(scratch("ids"))' /etc/sub\($0)" }
        let inner = mounts.joined(separator: " && ") + " && exec \"$@\""
        let script = """
            cd /opt; for f in a b c d e; do touch $f; done; chown 999:1000 a; chown 1001 b
            chown :70000 c; chown 5:70000 d; chown -h 4000000000:7 e; stat -c %u:%g a b c d e
            setpriv --reuid 5 --clear-groups chown 2000 a 2>/dev/null && exit 9; ls -nd a
            """
        let file = scratch("home/x.tar")
        let run = try program.run(
            ["unshare", "-m", "sh", "-c", inner, "sh"] + words
                + ["capture", "--fake-root", "-o", file, "--", "sh", "-ec", script]
        )
        #expect(run.status == 0, "\(run.complaints)")
        #expect(run.output.hasPrefix("999:1000\n0:0\n0:0\n5:0\n0:7\n"), "\(run.output)")
        let list = try scratch.shell("tar --numeric-owner -tvf home/x.tar opt | awk '{print $2}'")
        #expect(list == "999/1000\n1001/0\n0/70000\n5/70000\n4000000000/7\n")
    }

    /// As in a view, where they are set-id in vain, or on a machine that has their files without
    /// the bit.
    @Test(.enabled(if: canMapIDs), arguments: ["run", "capture --list"], [true, false])
    func whereSubordinateIDsAreRefusedCallsAreAnswered(verb: String, inView: Bool) throws {
        let scratch = try Scratch()
        let (program, words) = try Visitor.nobodyWithoutFUSE.program(.pak, scratch)
        try scratch.write("ids", "nobody:100000:65536\n")
        let refusal = "#!/bin/sh\necho newuidmap: refused >&2; exit 1\n"
        try scratch.write("newuidmap", refusal, mode: 0o755)
        let mounts = ["uid", "gid"].map { "mount --bind '\(scratch("ids"))' /etc/sub\($0)" }
        let script = mounts.joined(separator: " && ") + " && exec env \"$@\""
        let path = inView ? [] : ["PATH=\(scratch.path):/usr/bin:/bin"]
        let outer = inView ? ["run", "--", Program.pak.path] : []
        let view = outer + verb.split(separator: " ").map(String.init) + ["--fake-root", "--"]
        let command = ["sh", "-c", "id -u; chown 5:5 '\(scratch("home"))'"]
        let run = try program.run(
            ["unshare", "-m", "sh", "-c", script, "sh"] + path + words + view + command
        )
        #expect(run.output.hasPrefix("0\n"), "\(run.complaints)")
        #expect(run.status == 0 || verb == "run", "\(run.complaints)")
    }

    /// Whether the tests can give a user subordinate ids, and the programs to map them are there.
    static let canMapIDs =
        geteuid() == 0
        && ["/usr/bin/newuidmap", "/etc/subuid", "/etc/subgid"].allSatisfy { (path: String) in
            access(path, F_OK) == 0
        }

    static let verbs = [
        ["run"], ["run", "--pure", "--bind", "/usr"], ["capture", "--list"],
    ]

    @Test(arguments: Visitor.withFUSE, verbs)
    func nothingIsLeftOfAViewWhoeverIsKilled(_ who: Visitor, _ verb: [String]) throws {
        let scratch = try Scratch()
        try scratch.shell(
            """
            mkdir -p root/opt root/bin; cp /bin/busybox root/bin/busybox
            tar --owner 0 --group 0 -C root -cf a.tar .; chmod a+r a.tar
            """
        )
        var options = verb + ["-p", scratch("a.tar")]
        var script = "setsid sh -c 'sleep 1000 & echo up; wait' & sleep 1000"
        if verb[0] == "capture" {
            // Something that a package could be made of.
            script = ": >/opt/changed; \(script)"
            options += ["-o", scratch("home/none.pak")]
        }
        for party in ["starter", "keeper", "command"] {
            let view = options + ["--", "/bin/busybox", "sh", "-c", script]
            let running = try who.startPak(scratch, view)
            #expect(running.output.next() == "up", "\(running.complaints.rest())")
            let keeper = try #require(Program.children(of: running.process).first)
            let command = try #require(Program.children(of: keeper).first)
            kill(["starter": running.process, "keeper": keeper][party] ?? command, SIGKILL)
            // The last that holds the output is gone.
            #expect(running.output.rest() == "")
            #expect(running.wait() == 128 + SIGKILL, "\(party)")
            let names = Scratch.names(in: scratch("home"))
            #expect(!names.contains { $0.contains("none.pak") }, "\(party): \(names)")
        }
        let mounts = String(decoding: try TextFile.bytes("/proc/self/mountinfo"), as: UTF8.self)
        let left = mounts.split(separator: "\n").filter { $0.contains(" - fuse.pak ") }
            .map { String($0.split(separator: " ")[4]) }
        // What is mounted beside this in the folder of another test is that one's.
        let all = scratch.path.prefix(through: try #require(scratch.path.lastIndex(of: "/")))
        let own = left.filter {
            !$0.hasPrefix("\(all)pak-test.") || $0.hasPrefix("\(scratch.path)/")
        }
        #expect(own.isEmpty)
    }

    /// What those calls were to change would be missing in the package.
    @Test(arguments: Visitor.all.filter { !$0.isRoot })
    func aViewEndsWithTheProcessThatAnswersItsCalls(who: Visitor) throws {
        let scratch = try Scratch()
        let script = "touch /opt/pak-test; chown 5 /opt/pak-test && echo up; sleep 60; echo more"
        let (program, words) = try who.program(.pak, scratch)
        let running = try program.start(
            words + [
                "capture", "--fake-root", "-o", scratch("home/p.tar"), "--", "sh", "-c", script,
            ]
        )
        #expect(running.output.next() == "up", "\(running.complaints.rest())")
        let keeper = try #require(Program.children(of: running.process).first)
        let answerer = try Program.children(of: keeper).first {
            try TextFile.bytes("/proc/\($0)/comm") == Array("pak-answers\n".utf8)
        }
        kill(try #require(answerer), SIGKILL)
        #expect(running.output.rest() == "")
        #expect(running.wait() == 128 + SIGKILL)
        #expect(running.complaints.rest().contains("a process that keeps the view was killed"))
        #expect(!Scratch.names(in: scratch("home")).contains("p.tar"))
    }
}
