import FileTree
import Glibc
import NineP
import NinePClient
import Testing
import Watched

/// Options of `pakfs` whose effect only a client sees.
@Suite(.unwatched)
struct OptionTests {
    /// Runs a shell text with a server of `arguments` at `$S`; returns what it printed.
    private func read(
        _ scratch: Scratch,
        _ arguments: [String],
        _ text: String
    ) throws -> String {
        var pakfs = Program.pakfs
        pakfs.environment["XDG_CACHE_HOME"] = scratch("cache")
        let address = "unix!\(scratch("socket"))"
        let running = try pakfs.start(["-l", address] + arguments)
        try #require(running.output.next() != nil, "\(running.complaints.rest())")
        defer {
            running.send(SIGTERM)
            #expect(running.wait() == 0)
        }
        return try scratch.shell("S='\(address)'; pak='\(Program.pak.path)'; \(text)")
    }

    private func example() throws -> Scratch {
        let scratch = try Scratch()
        try scratch.shell(
            """
            mkdir -p p/lib host/lib host/etc; echo mine >p/lib/a; echo host >host/lib/a
            echo base >host/lib/b; echo etc >host/etc/c; ln -s /etc host/out
            tar -C p -cf p.tar lib/a
            """
        )
        return scratch
    }

    @Test func aBaseIsSeenBelowThePackages() throws {
        let scratch = try example()
        let text = try read(
            scratch,
            ["-b", scratch("host"), scratch("p.tar")],
            "$pak cat -a $S /lib/a /lib/b /etc/c; $pak ls -a $S /lib; $pak cat -a $S -A ctl /env/cmdline/shadowed || true"
        )
        #expect(text.hasPrefix("mine\nbase\netc\na\nb\n"))
    }

    @Test func aBaseIsItsOwnersAlone() throws {
        let scratch = try example()
        var pakfs = Program.pakfs
        pakfs.environment["XDG_CACHE_HOME"] = scratch("cache")
        let running = try pakfs.start(["-l", "tcp!127.0.0.1!0", "-b", scratch("host")])
        let line = try #require(running.output.next())
        let port = try #require(
            line.split(separator: "port=").last?.split(separator: ",").first
        )
        let outcome = try Program.pak.run("ls", "-a", "tcp!127.0.0.1!\(port)")
        #expect(outcome.status == 1)
        #expect(outcome.complaints.contains("permission denied"))
        running.send(SIGTERM)
        #expect(running.wait() == 0)
    }

    @Test func anAliasMovesWhatPackagesHave() throws {
        let scratch = try example()
        let text = try read(
            scratch,
            ["-o", "alias=lib:usr/lib", scratch("p.tar")],
            "$pak cat -a $S /usr/lib/a; $pak stat -a $S /lib | grep ^target"
        )
        #expect(text == "mine\ntarget usr/lib\n")
    }

    @Test func partOfATreeIsAttachedByItsPath() throws {
        let scratch = try example()
        let text = try read(scratch, [scratch("p.tar")], "$pak ls -a $S -A :sub=lib")
        #expect(text == "a\n")
    }

    @Test func aRuleForAPackageThatIsNotThereIsAFaultOfTheCommandLine() throws {
        let scratch = try example()
        for option in ["prefer=lib/*:nobody", "block=nobody:lib"] {
            let outcome = try Program.pakfs.run(
                "-l",
                "unix!\(scratch("s"))",
                "-o",
                option,
                scratch("p.tar")
            )
            #expect(outcome.status == 2)
            #expect(outcome.complaints.contains("nobody: no such package\ntry: "))
        }
    }

    @Test func aWayOutCanBeTypedAsItIsTold() throws {
        let scratch = try example()
        try scratch.shell(
            """
            for n in q r; do
                mkdir -p $n/lib; echo $n >"$n/lib/Foo::B(a);r"; tar -C $n -cf $n.tar lib
            done
            """
        )
        let files = [scratch("q.tar"), scratch("r.tar")]
        let refused = try Program.pakfs.run(["-l", "unix!\(scratch("s"))"] + files)
        let line = refused.complaints.split(separator: "\n").first { $0.contains("try: -o ") }
        let told = try #require(line?.split(separator: "try: ").last?.split(separator: " | ").first)
        let words = try scratch.shell("printf '%s\\n' \(told)").split(separator: "\n")
        let script = "$pak cat -a $S '/lib/Foo::B(a);r'"
        let text = try read(scratch, words.map(String.init) + files, script)
        #expect(text == "q\n", "\(refused.complaints)")
        // Those of a name of its own are none of the command line's.
        let named = ["-e", "web=\(files.joined(separator: ","))"]
        let other = try Program.pakfs.run(["-l", "unix!\(scratch("s"))"] + named)
        #expect(other.complaints.contains("try: -e web=dir:FOLDER, and in FOLDER/rules: prefer "))
        let ignored = ["-e", "web=\(files[0])", "-o", "prefer=lib/a:q"]
        #expect(try Program.pakfs.run(["-l", "unix!\(scratch("s"))"] + ignored).status == 2)
    }

    @Test func whatAnswersHaveSettledIsToldByTheControlFiles() throws {
        let scratch = try example()
        try scratch.shell("mkdir -p q/lib; echo his >q/lib/a; tar -C q -cf q.tar lib/a")
        let answers = [["-o", "prefer=lib/a:q"], ["-o", "block=p:lib/a"]]
        for answer in answers {
            let text = try read(
                scratch,
                answer + [scratch("p.tar"), scratch("q.tar")],
                "$pak cat -a $S /lib/a; $pak cat -a $S -A ctl /env/default/conflicts"
            )
            #expect(text.hasPrefix("his\nlib/a") || text.hasPrefix("his\n/lib/a"), "\(text)")
        }
        let text = try read(
            scratch,
            [scratch("p.tar")],
            "$pak cat -a $S -A ctl /env/default/conflicts"
        )
        #expect(text.isEmpty)
    }

    @Test func devicesAreShownWhereTheyAreAskedFor() throws {
        let scratch = try Scratch()
        try scratch.shell(
            "printf '#mtree\\n./null type=char mode=666 device=native,1,3\\n' | bsdtar -cf d.tar @-"
        )
        let text = try read(
            scratch,
            [scratch("d.tar")],
            "for i in '' :dev; do $pak stat -a $S -A \"$i\" /null | grep -E '^(type|mode|device) '; done"
        )
        #expect(
            text == "type file\nmode 0\ntype character-device\nmode 666\ndevice 1:3\n"
        )
    }

    @Test(arguments: ["", ":links=follow", ":links=text", ":links=hide"])
    func linksAreShownToPlan9AsItAsks(aname: String) throws {
        let scratch = try Scratch()
        try scratch.shell(
            "mkdir p; echo mine >p/a; ln -s a p/link; ln -s nowhere p/out; tar -C p -cf p.tar ."
        )
        var pakfs = Program.pakfs
        pakfs.environment["XDG_CACHE_HOME"] = scratch("cache")
        let address = "unix!\(scratch("socket"))"
        let running = try pakfs.start(["-l", address, scratch("p.tar")])
        try #require(running.output.next() != nil)
        let root = try Client(dial: address, wish: .plain).attach(to: aname)
        let listing = try root.walk([])
        try listing.open()
        let names = try listing.entries().map { String(decoding: $0.name, as: UTF8.self) }.sorted()
        if aname.hasSuffix("hide") {
            #expect(names == ["a"])
        } else {
            #expect(names == ["a", "link", "out"])
            let texts = try ["link", "out"].map { name in
                let fid = try root.walk(name)
                try fid.open()
                return String(decoding: try fid.readAll(), as: UTF8.self)
            }
            #expect(texts == [aname.hasSuffix("text") ? "a" : "mine\n", "nowhere"])
        }
        running.send(SIGTERM)
        #expect(running.wait() == 0)
    }

    @Test func aServiceManagerIsToldWhenItListens() throws {
        let scratch = try example()
        let perl = try Program(path: "/bin/sh").run("-c", "command -v perl")
        try #require(perl.status == 0, "perl, which makes the socket, is not here")
        // What systemd does: it hears a datagram, and by then the server is to be reached.
        let hear = """
            use Socket; socket(S, AF_UNIX, SOCK_DGRAM, 0) && bind(S, sockaddr_un($ARGV[0])) or die;
            $ENV{NOTIFY_SOCKET} = $ARGV[0];
            if (!($pid = fork)) { open STDOUT, ">/dev/null"; exec @ARGV[2 .. $#ARGV]; exit 1 }
            recv(S, $said, 100, 0); print $said; print -S $ARGV[1] ? "there\n" : "missing\n";
            kill TERM => $pid; waitpid $pid, 0; print $? >> 8, "\n";
            """
        var shell = Program(path: "/bin/sh")
        shell.environment["XDG_CACHE_HOME"] = scratch("cache")
        let outcome = try shell.run(
            "-c",
            "exec timeout 60 perl -e '\(hear)' '\(scratch("notify"))' '\(scratch("socket"))' "
                + "'\(Program.pakfs.path)' -l 'unix!\(scratch("socket"))' '\(scratch("p.tar"))'"
        )
        #expect(outcome.output == "READY=1\nthere\n0\n", "\(outcome.complaints)")
    }

    @Test func aDirectoryItselfIsListed() throws {
        let scratch = try example()
        let text = try read(
            scratch,
            [scratch("p.tar")],
            "$pak ls -a $S -d /lib; $pak ls -a $S -ld /lib | cut -c 1; $pak ls -a $S -d /; "
                + "$pak ls -a $S -d --json /lib"
        )
        let lines = text.split(separator: "\n").map(String.init)
        #expect(lines.prefix(3) == ["/lib", "d", "/"])
        #expect(try JSONText.object(lines[3])["type"] as? String == "directory")
    }

    @Test func aSocketOfSystemdsIsTakenOver() throws {
        let scratch = try example()
        let perl = try Program(path: "/bin/sh").run("-c", "command -v perl")
        try #require(perl.status == 0, "perl, which makes the socket, is not here")
        // What systemd does: a socket that listens is descriptor 3, and two variables say so.
        let give = """
            use Socket; $^F = 9;
            socket(S, AF_UNIX, SOCK_STREAM, 0) && bind(S, sockaddr_un(shift)) && listen(S, 5) or die;
            die fileno(S) unless fileno(S) == 3;
            $ENV{LISTEN_PID} = $$; $ENV{LISTEN_FDS} = 1; exec @ARGV;
            """
        var shell = Program(path: "/bin/sh")
        shell.environment["XDG_CACHE_HOME"] = scratch("cache")
        let running = try shell.start([
            "-c",
            "exec 3<&-; exec perl -e '\(give)' '\(scratch("socket"))' '\(Program.pakfs.path)' '\(scratch("p.tar"))'",
        ])
        // No line says when it listens: a client that comes too early comes again.
        var list = Program.Outcome(status: 1, output: "", complaints: "")
        for _ in 0..<500 where list.status != 0 {
            list = try Program.pak.run("cat", "-a", "unix!\(scratch("socket"))", "/lib/a")
        }
        #expect(list.output == "mine\n", "\(list.complaints)")
        running.send(SIGTERM)
        #expect(running.wait() == 0)
    }
}
