import Glibc
import Testing

/// `pakfs` as its user meets it, read with `pak`.
@Suite(.serialized) struct ServeTests {
    /// Two archives that agree, and one that does not.
    private func example() throws -> Scratch {
        let scratch = try Scratch()
        try scratch.shell(
            """
            mkdir -p a/bin b/bin c/bin; echo one >a/bin/one; echo two >b/bin/two; echo other >c/bin/one
            ln -s one a/bin/link; echo same >a/same; cp -p a/same b/same
            for i in a b c; do tar -C $i -cf $i.tar .; done; gzip -k a.tar; rm -r a b c
            """
        )
        return scratch
    }

    private func pak(_ arguments: String...) throws -> String {
        let outcome = try Program.pak.run(arguments)
        #expect(outcome.status == 0, "\(outcome.complaints)")
        return outcome.output
    }

    @Test func largeNumbersOfDevicesAreShownWhole() throws {
        let scratch = try Scratch()
        try scratch.shell(
            "printf '#mtree\\n./d type=char mode=600 device=native,300,70000\\n' | bsdtar -cf d.tar @-"
        )
        let address = "unix!\(scratch("socket"))"
        let served = try Served(scratch, ["-l", address, scratch("d.tar")])
        let stat = try pak("stat", "-a", address, "-A", ":dev", "/d")
        #expect(stat.contains("device 300:70000\n"), "\(stat)")
        let list = try pak("ls", "-l", "-a", address, "-A", ":dev", "/d")
        #expect(list.contains(" 300,70000 "), "\(list)")
        #expect(served.end() == 0)
    }

    @Test func oneTreeIsServedOnSeveralAddresses() throws {
        let scratch = try example()
        let socket = scratch("socket")
        let served = try Served(
            scratch,
            [
                "-l", "unix!\(socket)", "-l", "tcp!127.0.0.1!0", scratch("a.tar.gz"),
                scratch("b.tar"),
            ],
            addresses: 2
        )
        #expect(served.mounts[0].hasPrefix("mount -t 9p -o trans=unix,version=9p2000.L,"))
        let port = try #require(
            served.mounts[1].split(separator: "port=").last?.split(separator: ",").first
        )
        for address in ["unix!\(socket)", "tcp!127.0.0.1!\(port)"] {
            #expect(try pak("ls", "-a", address, "/bin") == "link\none\ntwo\n")
            #expect(try pak("cat", "-a", address, "/bin/one", "/same") == "one\nsame\n")
            #expect(
                try pak("ls", "-a", address, "-R") == "/bin\n/bin/link\n/bin/one\n/bin/two\n/same\n"
            )
        }
        let stat = try JSONText.object(pak("stat", "--json", "-a", "unix!\(socket)", "/bin/link"))
        #expect(stat["type"] as? String == "link")
        #expect(stat["target"] as? String == "one")
        let list = try JSONText.objects(pak("ls", "--json", "-a", "unix!\(socket)", "/"))
        #expect(list.compactMap { $0["name"] as? String } == ["bin", "same"])
        let control = try pak("cat", "-a", "unix!\(socket)", "-A", "ctl", "/stats")
        #expect(control.contains("connections "))
        #expect(served.end() == 0)
        #expect(!scratch.names().contains("socket"))
    }

    @Test(.enabled(if: geteuid() == 0, "it takes root to be two users"))
    func whoMayNotUseASocketIsToldWhoseItIs() throws {
        let scratch = try example()
        let socket = scratch("socket")
        let served = try Served(scratch, ["-l", "unix!\(socket)", scratch("a.tar")])
        // Where the tests were built may be closed to the user.
        try scratch.shell("cp '\(Program.pak.path)' pak; chmod 755 . pak; chmod 700 socket")
        let user = ["--reuid", "65534", "--regid", "65534", "--clear-groups", scratch("pak")]
        let outcome = try Program(path: "/usr/bin/setpriv").run(
            user + ["ls", "-a", "unix!\(socket)"]
        )
        #expect(outcome.status == 1)
        #expect(outcome.complaints.contains("ls -ld \(socket),"), "\(outcome.complaints)")
        try scratch.shell("mkdir -m 700 closed")
        let closed = try Program(path: "/usr/bin/setpriv").run(
            user + ["ls", "-a", "unix!\(scratch("closed/socket"))"]
        )
        let folder = "ls -ld \(scratch("closed")),"
        #expect(closed.complaints.contains(folder), "\(closed.complaints)")
        let other = try Program.pak.run(["ls", "-a", "unix!\(socket).none"])
        #expect(other.complaints.contains("pakfs -l 'unix!\(socket).none' PACKAGE..."))
        #expect(served.end() == 0)
    }

    @Test func whatIsNotServedIsSaidToClientAndLog() throws {
        let scratch = try example()
        let address = "unix!\(scratch("socket"))"
        let served = try Served(scratch, ["-l", address, scratch("a.tar")])
        for arguments in [["-A", "nowhere"], ["-A", ":only=none"], ["/none"], ["-A", ":bogus"]] {
            let outcome = try Program.pak.run(["ls", "-a", address] + arguments)
            #expect(outcome.status == 1)
            #expect(outcome.complaints.hasPrefix("pak: "), "\(outcome.complaints)")
        }
        #expect(served.running.complaints.next { $0.contains("attach to nowhere") } != nil)
        #expect(
            try Program.pak.run("cat", "-a", address, "/bin").complaints.contains("Is a directory")
        )
        #expect(served.end() == 0)
    }

    @Test func anAddressInUseIsRefusedAndAStaleOneReplaced() throws {
        let scratch = try example()
        let arguments = ["-l", "unix!\(scratch("socket"))", scratch("a.tar")]
        let first = try Served(scratch, arguments)
        let second = try Program.pakfs.run(arguments)
        #expect(second.status == 1)
        #expect(second.complaints.hasPrefix("pakfs: unix!\(scratch("socket"))"))
        #expect(try pak("cat", "-a", arguments[1], "/bin/one") == "one\n")
        first.running.send(SIGKILL)
        _ = first.running.wait()
        #expect(scratch.names().contains("socket"))
        let third = try Served(scratch, arguments)
        #expect(try pak("cat", "-a", arguments[1], "/bin/one") == "one\n")
        #expect(third.end() == 0)
    }

    @Test func aFileInTheWayIsNamedAndNothingIsLeft() throws {
        let scratch = try example()
        try scratch.write("file", "text")
        let refused = try Program.pakfs.run([
            "-l", "unix!\(scratch("first"))", "-l", "unix!\(scratch("file"))", scratch("a.tar"),
        ])
        #expect(refused.status == 1)
        #expect(refused.complaints.contains("no socket"))
        #expect(!scratch.names().contains("first"))
        #expect(try scratch.bytes("file") == Array("text".utf8))
    }

    @Test func conflictsAreAllToldAtOnceWithTheWaysOut() throws {
        let scratch = try example()
        try scratch.shell("mkdir -p d; echo 3 >d/same; tar -C d -cf d.tar .; rm -r d")
        let address = "unix!\(scratch("socket"))"
        let packages = ["a.tar", "c.tar", "d.tar"].map { scratch($0) }
        let refused = try Program.pakfs.run(["-l", address] + packages)
        #expect(refused.status == 1)
        #expect(refused.output.isEmpty)
        for word in ["bin/one", "same", "prefer", "block", " a", " c", " d"] {
            #expect(refused.complaints.contains(word), "\(word): \(refused.complaints)")
        }
        let answers = ["-o", "prefer=bin/one:c", "-o", "block=a:same"]
        let served = try Served(scratch, ["-l", address] + answers + packages)
        #expect(try pak("cat", "-a", address, "/bin/one", "/same") == "other\n3\n")
        #expect(served.end() == 0)
        let stacked = try Served(scratch, ["-l", address, "-o", "stack"] + packages)
        #expect(try pak("cat", "-a", address, "/bin/one", "/same") == "other\n3\n")
        #expect(stacked.end() == 0)
    }

    @Test func anotherServersTreeLiesBelowThePackages() throws {
        let scratch = try example()
        let lower = "unix!\(scratch("lower"))"
        let first = try Served(scratch, ["-l", lower, scratch("b.tar")])
        let upper = "unix!\(scratch("upper"))"
        let second = try Served(
            scratch,
            ["-l", upper, "-b", "9p!\(lower)!default:sub=/", scratch("c.tar")]
        )
        #expect(try pak("ls", "-a", upper, "-R") == "/bin\n/bin/one\n/bin/two\n/same\n")
        #expect(
            try pak("cat", "-a", upper, "/bin/one", "/bin/two", "/same") == "other\ntwo\nsame\n"
        )
        #expect(first.end() == 0)
        let cut = try Program.pak.run(["cat", "-a", upper, "/bin/one", "/bin/two"])
        #expect(cut.output == "other\n")
        #expect(cut.status == 1)
        #expect(cut.complaints.contains("i/o error"), "\(cut.complaints)")
        let again = try Served(scratch, ["-l", lower, scratch("b.tar")])
        // Not dialed again within a second of the last attempt.
        var outcome = cut
        for _ in 0..<10_000 where outcome.status != 0 {
            outcome = try Program.pak.run(["cat", "-a", upper, "/bin/two"])
        }
        #expect(outcome.output == "two\n")
        #expect(second.end() == 0)
        #expect(again.end() == 0)
    }

    @Test(arguments: [
        (
            "9p!unix!/no/such/socket",
            "the base 9p!unix!/no/such/socket: unix!/no/such/socket: No such file or directory",
            Int32(1)
        ),
        ("9p!", "the base 9p!: not tcp!HOST!PORT", 2),
        ("9p!tcp!", "the base 9p!tcp!: tcp! is followed by nothing", 2),
        ("9p!fd!x", "no such descriptor", 2),
        ("9p!tcp!127.0.0.1!65536", "no such port", 2),
    ])
    func aBaseThatCannotBeHadIsNamed(base: String, words: String, status: Int32) throws {
        let scratch = try example()
        let outcome = try Program.pakfs.run(
            ["-l", "unix!\(scratch("socket"))", "-b", base, scratch("a.tar.gz")]
        )
        #expect(outcome.status == status)
        #expect(outcome.complaints.contains(words), "\(outcome.complaints)")
    }

    @Test func everyMessageIsPrintedWhenAskedFor() throws {
        let scratch = try example()
        let address = "unix!\(scratch("socket"))"
        let served = try Served(scratch, ["-D", "-l", address, scratch("a.tar")])
        _ = try pak("ls", "-a", address)
        #expect(served.running.complaints.next { $0.contains("Tversion") } != nil)
        #expect(served.running.complaints.next { $0.contains("Rattach") } != nil)
        #expect(served.end() == 0)
    }

    @Test func aFolderIsReadAgainOnRequest() throws {
        let scratch = try example()
        let address = "unix!\(scratch("socket"))"
        try scratch.shell("mkdir web; cp a.tar web")
        let served = try Served(scratch, ["-l", address, "-e", "web=dir:\(scratch("web"))"])
        #expect(try pak("ls", "-a", address, "-A", "web", "/bin") == "link\none\n")
        try scratch.shell("cp b.tar web")
        served.running.send(SIGHUP)
        #expect(served.running.complaints.next { $0.contains("read again") } != nil)
        #expect(try pak("ls", "-a", address, "-A", "web", "/bin") == "link\none\ntwo\n")
        // What does not go together leaves what there was.
        try scratch.shell("cp c.tar web")
        served.running.send(SIGHUP)
        #expect(served.running.complaints.next { $0.contains("not read again") } != nil)
        #expect(try pak("ls", "-a", address, "-A", "web", "/bin") == "link\none\ntwo\n")
        #expect(served.end() == 0)
    }

    @Test func aCacheThatCannotBeWrittenIsDoneWithout() throws {
        let scratch = try example()
        let address = "unix!\(scratch("socket"))"
        try scratch.write("cache", "no folder")
        let served = try Served(scratch, ["-l", address, scratch("a.tar.gz")])
        #expect(try pak("cat", "-a", address, "/bin/one") == "one\n")
        #expect(served.end() == 0)
    }

    @Test func aThousandPackagesNeedFewDescriptors() throws {
        let scratch = try Scratch()
        try scratch.shell(
            """
            mkdir p; cd p; for i in $(seq 1000); do echo $i >f$i; tar -cf ../p$i.tar f$i; done
            """
        )
        let socket = scratch("socket")
        let shell = Program(path: "/bin/sh")
        let running = try shell.start([
            "-c",
            "ulimit -n 1024; exec '\(Program.pakfs.path)' -l 'unix!\(socket)' '\(scratch.path)'/p*.tar",
        ])
        try #require(running.output.next() != nil)
        let names = try pak("ls", "-a", "unix!\(socket)").split(separator: "\n")
        #expect(names.count == 1000)
        let paths = (1...1000).map { "/f\($0)" }
        let outcome = try Program.pak.run(["cat", "-a", "unix!\(socket)"] + paths)
        #expect(outcome.status == 0, "\(outcome.complaints)")
        #expect(outcome.output == (1...1000).map { "\($0)\n" }.joined())
        running.send(SIGTERM)
        #expect(running.wait() == 0)
    }

    @Test func aReaderThatGoesAwayEndsTheListing() throws {
        let scratch = try example()
        let address = "unix!\(scratch("socket"))"
        let served = try Served(scratch, ["-l", address, scratch("a.tar")])
        let program = Program.pak.path
        #expect(try scratch.shell("'\(program)' ls -R -a '\(address)' | head -n 1") == "/bin\n")
        #expect(served.end() == 0)
    }

    @Test func aResultThatCannotBeWrittenIsNotLostInSilence() throws {
        let scratch = try example()
        let address = "unix!\(scratch("socket"))"
        let served = try Served(scratch, ["-l", address, scratch("a.tar")])
        let program = Program.pak.path
        for verb in ["ls", "stat /same", "cat /same"] {
            let words = "'\(program)' \(verb) -a '\(address)'"
            #expect(
                try scratch.shell("! \(words) >/dev/full 2>why && cat why").contains("No space")
            )
            // A closed descriptor is no way into the server's socket.
            #expect(try scratch.shell("\(words) >&-; \(words) | wc -l") != "0\n")
        }
        #expect(served.end() == 0)
    }

    @Test func aNameOfAnyBytesIsReadByThoseBytes() throws {
        let scratch = try Scratch()
        try scratch.shell("mkdir d; echo odd >\"d/$(printf '\\377\\376')\"; tar -C d -cf d.tar .")
        let address = "unix!\(scratch("socket"))"
        let served = try Served(scratch, ["-l", address, scratch("d.tar")])
        let text = try scratch.shell(
            "'\(Program.pak.path)' cat -a '\(address)' \"/$(printf '\\377\\376')\""
        )
        #expect(text == "odd\n")
        #expect(served.end() == 0)
    }

    @Test func aPeerWritesNoLinesOfItsOwnIntoTheLog() throws {
        let scratch = try example()
        let address = "unix!\(scratch("socket"))"
        let served = try Served(scratch, ["-l", address, scratch("a.tar")])
        let name = "x\nforged \u{1b}[31m" + String(repeating: "y", count: 50_000)
        #expect(try Program.pak.run("ls", "-a", address, "-A", name).status == 1)
        #expect(served.end() == 0)
        let lines = served.running.complaints.rest().split(separator: "\n")
        #expect(lines.contains { $0.contains("attach to x%0Aforged %1B[31m") })
        #expect(lines.allSatisfy { $0.utf8.count < 4000 && !$0.hasPrefix("forged") })
    }

    /// A machine of its own with a name server that never answers.
    @Test func aNameThatIsLookedUpForTooLongIsGivenUp() throws {
        let scratch = try Scratch()
        try scratch.write("resolv.conf", "nameserver 127.0.0.1\n")
        let silence = """
            use Socket; $^F = 9; socket(S, AF_INET, SOCK_DGRAM, 0) or die;
            bind(S, pack_sockaddr_in(53, INADDR_ANY)) or die; exec @ARGV;
            """
        let own = try Program(path: "/bin/sh").run(
            "-c",
            "unshare -Urnm sh -c 'busybox ip link set lo up && "
                + "mount --bind \"$0\" /etc/resolv.conf && exec perl -e \"$1\" \"$2\" "
                + "-l stdio -b 9p!tcp!name.test!564 -o wait=1' '\(scratch("resolv.conf"))' "
                + "'\(silence)' '\(Program.pakfs.path)'"
        )
        let mayHave = try Program(path: "/bin/sh").run(
            "-c",
            "unshare -Urnm sh -c 'busybox ip link set lo up && mount --bind /dev/null /etc/resolv.conf'"
        )
        guard mayHave.status == 0 else {
            print("skipped: no network of its own: \(mayHave.complaints)")
            return
        }
        #expect(own.status == 1)
        #expect(
            own.complaints.hasPrefix(
                "pakfs: the base 9p!tcp!name.test!564: tcp!name.test!564: no answer in time"
            ),
            "\(own.complaints)"
        )
    }
}
