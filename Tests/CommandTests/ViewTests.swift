import Glibc
import Testing

/// What a view is from within: its files, who its command is, how it ends.
@Suite struct ViewTests {
    static let host = "bind:h/:v/"

    // MARK: Who

    @Test(arguments: Views.Maker.allHere)
    func theUserStaysWhoTheyAre(_ maker: Views.Maker) throws {
        let views = try Views(maker)
        let uid = maker == .user ? (geteuid() == 0 ? 65534 : geteuid()) : 0
        let outcome = try views.run(Self.host, "--", "sh", "-c", "id -u; id -g")
        #expect(outcome.complaints == "")
        #expect(
            outcome.output
                == "\(uid)\n\(maker == .user ? (geteuid() == 0 ? 65534 : getegid()) : 0)\n"
        )
    }

    @Test(arguments: Views.Maker.allHere)
    func rootInTheViewIsNumberZero(_ maker: Views.Maker) throws {
        let outcome = try Views(maker).run("-root", Self.host, "--", "sh", "-c", "id -u; id -g")
        #expect(outcome.output == "0\n0\n")
    }

    @Test(arguments: Views.Maker.allHere)
    func aCommandHasNoRightThatItShouldNotHave(_ maker: Views.Maker) throws {
        let read = ["sh", "-c", "grep -E '^(Cap(Inh|Prm|Eff|Bnd|Amb)|NoNew)' /proc/self/status"]
        let views = try Views(maker)
        let kept = try views.run([Self.host, "--"] + read)
        let root = try views.run(["-root", Self.host, "--"] + read)
        let none = "0000000000000000"
        let some = "00000000a80425fb"
        func status(_ rights: String, bound: String) -> String {
            """
            CapInh:\t\(none)
            CapPrm:\t\(rights)
            CapEff:\t\(rights)
            CapBnd:\t\(bound)
            CapAmb:\t\(none)
            NoNewPrivs:\t1

            """
        }
        switch maker {
        case .root: #expect(kept.output.hasSuffix("NoNewPrivs:\t1\n") && kept.output == root.output)
        case .rootWithUsers:
            #expect(kept.output == status(some, bound: some))
            #expect(root.output == status(some, bound: some))
        case .user:
            #expect(kept.output == status(none, bound: none))
            #expect(root.output == status(some, bound: some))
        }
    }

    @Test(arguments: Views.Maker.allHere)
    func onlyTheCallersDescriptorsGoOn(_ maker: Views.Maker) throws {
        let views = try Views(maker)
        let list = "for f in /proc/self/fd/*; do echo ${f##*/}; done"
        try views.scratch.write("list", "exec 9</dev/null; \(list)\n")
        let listing = ". '\(views.scratch("list"))'"
        let program = views.typed("\(Self.host) -- sh -c \"\(listing)\"")
        let outcome = try Program(path: "/bin/sh").run(
            "-c",
            "exec 8</dev/null; \(listing); echo; \(program)"
        )
        let sides = outcome.output.split(separator: "\n\n")
        #expect(sides.count == 2 && sides[0].contains("\n8\n"), "\(outcome)")
        #expect(sides.first.map { $0 + "\n" } == sides.last)
    }

    // MARK: Files

    @Test(arguments: Views.Maker.allHere)
    func aViewIsMadeOfItsStepsAlone(_ maker: Views.Maker) throws {
        let views = try Views(maker)
        try views.scratch.write("one/f", "one")
        try views.scratch.write("one/only", "one")
        try views.scratch.write("two/f", "two")
        try views.scratch.write("two/sub/g", "two")
        try views.scratch.shell("chmod -R a+rX .")
        let here = views.scratch.path
        let outcome = try views.run(
            "-own",
            "bind:h/usr:v/usr",
            "link:v/bin:usr/bin",
            "link:v/lib:usr/lib",
            "link:v/lib64:usr/lib64",
            "proc:v/proc",
            "dev:v/dev",
            "tmp:v/tmp",
            "dir:v/a/b/c",
            "file:v/a/empty",
            "bind:h\(here)/one/f:v/a/bound",
            "bindro:h\(here)/two:v/two",
            "fill:v/full",
            "bind:h\(here)/one:x/deep/one",
            "overlay:v/both:x/deep/one:h\(here)/two",
            "--",
            "sh",
            "-c",
            """
            ls /; cat /a/empty /a/bound; echo; ls -A /a /full /both; cat /both/f /both/sub/g; echo
            echo x >/tmp/x && cat /tmp/x; echo y >/two/new; echo $?; ls /dev; test -c /dev/null
            echo to >/dev/null; test $$ -lt 9; echo $?; ls -d /hidden /host; cd /dev/pts; ls
            """
        )
        #expect(
            outcome.output == """
                a
                bin
                both
                dev
                full
                lib
                lib64
                proc
                tmp
                two
                usr
                one
                /a:
                b
                bound
                empty

                /both:
                f
                only
                sub

                /full:
                filled
                onetwo
                x
                2
                fd
                full
                null
                ptmx
                pts
                random
                shm
                stderr
                stdin
                stdout
                tty
                urandom
                zero
                0
                ptmx

                """
        )
        #expect(outcome.complaints.contains("Read-only file system"))
        #expect(outcome.complaints.contains("'/hidden': No such file or directory"))
        #expect(outcome.complaints.contains("'/host': No such file or directory"))
    }

    @Test(arguments: Views.Maker.allHere)
    func allMountsBelowAReadOnlyDirectoryAreReadOnly(_ maker: Views.Maker) throws {
        let views = try Views(maker)
        let outcome = try views.run(
            "bindro:h/:v/",
            "--",
            "sh",
            "-c",
            "echo x >/dev/shm/pak-view-test; echo x >/tmp/pak-view-test"
        )
        #expect(outcome.status != 0)
        #expect(outcome.complaints.split(separator: "\n").count == 2)
        #expect(outcome.complaints.contains("Read-only"))
    }

    @Test(arguments: Views.Maker.allHere)
    func nothingIsMadeOnTheHostOnTheWay(_ maker: Views.Maker) throws {
        let views = try Views(maker)
        let place = views.scratch("missing/place")
        for step in ["bind:h/usr", "tmp", "dir", "file", "fill", "dev", "proc"] {
            let outcome = try views.run(Self.host, "\(step):v\(place)", "--", "true")
            #expect(outcome.status == 125, "\(step)")
            #expect(outcome.complaints.contains("\(place): file does not exist"), "\(step)")
        }
        let link = try views.run(Self.host, "link:v\(views.scratch.path)/link:x", "--", "true")
        #expect(link.complaints.contains("read only file system"))
        #expect(views.scratch.names() == ["viewcheck"])
    }

    @Test(arguments: Views.Maker.allHere)
    func theHostsMountsStayAsTheyAre(_ maker: Views.Maker) throws {
        func mounts() throws -> Set<Substring> {
            let text = String(decoding: try TextFile.bytes("/proc/self/mountinfo"), as: UTF8.self)
            // What other tests mount meanwhile is in folders of their own.
            return Set(text.split(separator: "\n").filter { !$0.contains("/pak-test.") })
        }
        let views = try Views(maker)
        let before = try mounts()
        var input: [Int32] = [0, 0]
        try #require(
            socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &input) == 0
        )
        let running = try views.start(
            Self.host,
            "tmp:v/mnt",
            "overlay:v/usr:h/etc:h/usr",
            "--",
            "sh",
            "-c",
            "touch /mnt/x; ls /usr/passwd; read line; echo $line",
            input: input[0]
        )
        close(input[0])
        #expect(running.output.next() == "/usr/passwd")
        #expect(try mounts() == before)
        _ = write(input[1], "go\n", 3)
        close(input[1])
        #expect(running.output.next() == "go")
        #expect(running.wait() == 0)
        #expect(try mounts() == before)
        #expect(access("/mnt/x", F_OK) != 0)
    }

    // MARK: Commands

    @Test(arguments: Views.Maker.allHere)
    func aCommandsStatusIsTheOneSeen(_ maker: Views.Maker) throws {
        let views = try Views(maker)
        try views.scratch.write("bad", "#!/no/such/interpreter\n", mode: 0o755)
        try views.scratch.write("plain", "echo script $1\n", mode: 0o755)
        try views.scratch.write("data", "x", mode: 0o644)
        try views.scratch.shell("chmod a+rx bad plain; chmod a+r data")
        let table: [([String], Int32, String, String)] = [
            (["true"], 0, "", ""),
            (["sh", "-c", "exit 7"], 7, "", ""),
            (["sh", "-c", "kill -9 $$"], 128 + 9, "", ""),
            (["sh", "-c", "kill -TERM $$"], 128 + 15, "", ""),
            (["no-such-command"], 127, "", "viewcheck: no-such-command: not found\n"),
            (["/no/such/command"], 127, "", "viewcheck: /no/such/command: not found\n"),
            ([""], 127, "", "viewcheck: : not found\n"),
            (
                [views.scratch("data")], 126, "",
                "viewcheck: \(views.scratch("data")): Permission denied\n"
            ),
            (
                [views.scratch("bad")], 126, "",
                "viewcheck: \(views.scratch("bad")): its interpreter is not in the view\n"
            ),
            ([views.scratch("plain"), "word"], 0, "script word\n", ""),
        ]
        for (words, status, output, complaints) in table {
            let outcome = try views.run([Self.host, "--"] + words)
            #expect(outcome.status == status, "\(words)")
            #expect(outcome.output == output, "\(words)")
            #expect(outcome.complaints == complaints, "\(words)")
        }
    }

    @Test(arguments: Views.Maker.allHere)
    func theCommandIsLookedForInTheView(_ maker: Views.Maker) throws {
        let views = try Views(maker)
        try views.scratch.write("bin/only-here", "#!/bin/sh\necho found\n", mode: 0o755)
        try views.scratch.shell("chmod -R a+rX bin")
        let folder = "/usr/local/sbin"
        let outside = try views.run(Self.host, "--", "only-here")
        let inside = try views.run(
            Self.host,
            "bind:h\(views.scratch("bin")):v\(folder)",
            "--",
            "env",
            "PATH=\(folder)",
            "only-here"
        )
        #expect(outside.status == 127)
        #expect(inside.output == "found\n")
    }

    @Test(arguments: Views.Maker.allHere)
    func theWorkingDirectoryIsTheSameOrTheRoot(_ maker: Views.Maker) throws {
        let views = try Views(maker)
        let kept = try views.run("-in", views.scratch.path, Self.host, "--", "pwd")
        let lost = try views.run("-in", "/no/such", Self.host, "--", "pwd")
        #expect(kept.output == views.scratch.path + "\n" && kept.complaints == "")
        #expect(
            lost.output == "/\n" && lost.complaints == "viewcheck: /no/such: file does not exist\n"
        )
    }

    @Test(arguments: Views.Maker.allHere)
    func whatIsTheViewsOwnIsNotTheHosts(_ maker: Views.Maker) throws {
        let outcome = try Views(maker).run(
            "-own",
            "-name",
            "inside",
            "-network",
            Self.host,
            "proc:v/proc",
            "--",
            "sh",
            "-c",
            "hostname; test $$ -lt 9; echo $?; cat /proc/net/dev | grep -c : ; echo $PPID;"
                + "cat /sys/class/net/lo/operstate >/dev/null; ls /proc/sysvipc | wc -l"
        )
        #expect(outcome.output == "inside\n0\n1\n1\n3\n", "\(outcome)")
        #expect(outcome.complaints == "")
    }

    @Test(arguments: Views.Maker.allHere)
    func fiftyViewsAtOnceAreFiftyViews(_ maker: Views.Maker) throws {
        let views = try Views(maker)
        let running = try (0..<50).map { number in
            try views.start(
                Self.host,
                "tmp:v/mnt",
                "--",
                "sh",
                "-c",
                "echo \(number) >/mnt/mine; ls /mnt; cat /mnt/*; exit \(number)"
            )
        }
        for (number, view) in running.enumerated() {
            #expect(view.output.rest() == "mine\n\(number)\n")
            #expect(view.wait() == Int32(number))
        }
        #expect(access("/mnt/mine", F_OK) != 0)
    }
}

/// Files that are read as they are.
enum TextFile {
    static func bytes(_ path: String) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        try #require(descriptor >= 0, "\(path)")
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = read(descriptor, &buffer, buffer.count), count > 0 {
            bytes += buffer[..<count]
        }
        return bytes
    }
}
