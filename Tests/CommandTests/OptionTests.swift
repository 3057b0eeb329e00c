import Glibc
import Testing

/// Options of `pakfs` whose effect only a client sees.
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
            "exec perl -e '\(give)' '\(scratch("socket"))' '\(Program.pakfs.path)' '\(scratch("p.tar"))'",
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
