import Testing

/// `pak export`, as a user runs it.
@Suite struct ExportTests {
    private func example() throws -> Scratch {
        let scratch = try Scratch()
        try scratch.shell(
            """
            mkdir -p a/bin a/usr/share b/usr/bin b/usr/ro
            echo one >a/bin/one; chmod 755 a/bin/one; ln a/bin/one a/bin/again
            echo two >b/usr/bin/two; ln -s two b/usr/bin/link; mkfifo b/usr/ro/pipe
            head -c 300000 /dev/urandom >a/usr/share/big
            chmod 555 b/usr/ro; find a b | xargs touch -h -d @1000000000
            for i in a b; do tar --owner 0 --group 0 --hard-dereference -C $i -cf $i.tar .; done
            chmod 755 b/usr/ro
            """
        )
        return scratch
    }

    private func pak(_ scratch: Scratch, _ words: String...) throws -> Program.Outcome {
        var pak = Program.pak
        pak.environment["XDG_CACHE_HOME"] = scratch("cache")
        return try pak.run(words)
    }

    @Test func packagesAreWrittenTogetherAsTheyAreSeen() throws {
        let scratch = try example()
        let made = try pak(
            scratch,
            "export",
            "--json",
            "-q",
            "-p",
            scratch("a.tar"),
            "-p",
            scratch("b.tar"),
            "--option",
            "alias=/bin:/usr/bin",
            scratch("out")
        )
        #expect(made.status == 0, "\(made.complaints)")
        #expect(made.output.hasPrefix(#"{"output":"\#(scratch("out"))","packages":["#))
        let format = #"-printf '%P %y %m %s %l %T@\n'"#
        let found = try scratch.shell("cd out; find . -not -type d \(format) | sort")
        try scratch.shell(
            """
            mkdir both; tar -C both -xf a.tar; tar -C both -xf b.tar
            mv both/bin/* both/usr/bin; rmdir both/bin; ln -s usr/bin both/bin
            """
        )
        #expect(try scratch.shell("cat out/bin/one out/usr/bin/link") == "one\ntwo\n")
        try scratch.shell("cmp both/usr/share/big out/usr/share/big")
        let expected = try scratch.shell("cd both; find . -not -type d \(format) | sort")
        let lines = { (text: String) in
            // The alias's link is nobody's file: its time is nobody's.
            Set(text.split(separator: "\n").filter { !$0.hasPrefix("bin l ") })
        }
        #expect(lines(found) == lines(expected))
        #expect(try scratch.shell("stat -c %a out/usr/ro") == "555\n")
        try scratch.shell("chmod 755 out/usr/ro both/usr/ro")
    }

    @Test func packagesThatDisagreeAreRefusedAndNothingIsMade() throws {
        let scratch = try example()
        try scratch.shell("echo other >a/bin/one; tar --owner 0 --group 0 -C a -cf c.tar .")
        let made = try pak(
            scratch,
            "export",
            "-p",
            scratch("a.tar"),
            "-p",
            scratch("c.tar"),
            scratch("out")
        )
        #expect(made.status == 1)
        #expect(made.complaints.contains("try: --option prefer=/bin/one:"), "\(made.complaints)")
        #expect(!scratch.names().contains("out"))
    }

    @Test func aDirectoryThatHasFilesIsLeftAlone() throws {
        let scratch = try example()
        let made = try pak(scratch, "export", "-p", scratch("b.tar"), scratch("a"))
        #expect(made.status == 1)
        #expect(made.complaints.contains("pak: \(scratch("a")): directory is not empty\ntry: "))
    }
}
