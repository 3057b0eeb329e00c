import Glibc
import Testing

/// `pak pack`, `check` and `unpack`, and what other programs make of the result.
struct PackTests {
    /// A folder with one of each kind of file, and a tar of it.
    private func example() throws -> Scratch {
        let scratch = try Scratch()
        try scratch.write("in/usr/bin/tool", "#!/bin/sh\necho tool\n", mode: 0o755)
        try scratch.write(
            "in/usr/share/big",
            (0..<300_000).map { UInt8(truncatingIfNeeded: $0 >> 3) }
        )
        try scratch.write("in/usr/share/odd name%\n", "x")
        try scratch.shell(
            """
            ln -s tool in/usr/bin/link; ln in/usr/bin/tool in/usr/bin/twin
            mkfifo in/usr/share/fifo; mkdir -m 700 in/usr/share/closed
            find in -exec touch -h -d @1600000000 {} +
            """
        )
        return scratch
    }

    @Test func checkSaysTheIdentityThatPackGives() throws {
        let scratch = try Scratch()
        try scratch.shell("mkdir d; echo x >d/f; tar -C d -cf p.tar f")
        for name in ["p.tar", "d"] {
            let packed = try Program.pak.run("pack", "-o", scratch("\(name).pak"), scratch(name))
            let checked = try Program.pak.run("check", scratch(name))
            #expect(packed.output.prefix(65) == checked.output.prefix(65), "\(checked.complaints)")
            #expect(checked.output.count > 65)
        }
    }

    @Test func aPackedDirectoryIsReadByTheUsualTools() throws {
        let scratch = try example()
        let packed = try Program.pak.run("pack", scratch("in"), "-o", scratch("a.pak.zst"))
        #expect(packed.status == 0, "\(packed.complaints)")
        let id = try #require(packed.output.split(separator: " ").first)
        let sum = try scratch.shell("zstd -dcq a.pak.zst | sha256sum")
        #expect(sum.split(separator: " ").first == id)
        try scratch.shell(
            "mkdir gnu bsd; tar --zstd -xf a.pak.zst -C gnu; bsdtar -xf a.pak.zst -C bsd"
        )
        try scratch.shell(
            "rm -r gnu/.pak bsd/.pak; diff -r --no-dereference -x fifo in gnu >&2"
        )
        let format = #"-printf '%P %y %m %s %l %n\n'"#
        for folder in ["gnu", "bsd"] {
            let expected = try scratch.shell("find in -not -type d \(format) | sort")
            #expect(try scratch.shell("find \(folder) -not -type d \(format) | sort") == expected)
        }
        #expect(try Program.pak.run("check", scratch("a.pak.zst")).status == 0)
    }

    @Test func theSameContentsGiveTheSameBytes() throws {
        let scratch = try example()
        try scratch.shell(
            "cp -a in other; touch -d @1600000000 other/usr/bin; tar -C in -cf in.tar ."
        )
        for (number, name) in ["in", "other", "in"].enumerated() {
            let packed = try Program.pak.run(
                "pack",
                scratch(name),
                "--name",
                "x",
                "-o",
                scratch("\(number).pak.zst")
            )
            #expect(packed.status == 0, "\(packed.complaints)")
        }
        let first = try scratch.bytes("0.pak.zst")
        #expect(try scratch.bytes("1.pak.zst") == first)
        #expect(try scratch.bytes("2.pak.zst") == first)
    }

    @Test func aPackageUnpacksToWhatWasPacked() throws {
        let scratch = try example()
        try #require(
            try Program.pak.run("pack", scratch("in"), "-o", scratch("a.pak.zst")).status == 0
        )
        let unpacked = try Program.pak.run("unpack", scratch("a.pak.zst"), scratch("out"))
        #expect(unpacked.status == 0, "\(unpacked.complaints)")
        let format = #"-printf '%P %y %m %s %l %n %T@\n'"#
        let expected = try scratch.shell("find in -not -type d \(format) | sort")
        #expect(try scratch.shell("find out -not -type d \(format) | sort") == expected)
        try scratch.shell("cmp in/usr/share/big out/usr/share/big")
        #expect(try Program.pak.run("unpack", scratch("a.pak.zst"), scratch("out")).status == 1)
    }

    @Test(arguments: ["mkfifo o", "ln -s other o", "mkdir o"])
    func whatIsNoRegularFileIsNotReplaced(make: String) throws {
        let scratch = try Scratch()
        try scratch.shell("mkdir in; echo x >in/x; \(make); stat -c %F o >before")
        let packed = try Program.pak.run("pack", scratch("in"), "-o", scratch("o"))
        #expect(packed.status == 1)
        #expect(packed.complaints.contains("\(scratch("o"))"))
        try scratch.shell("stat -c %F o | cmp - before")
        #expect(scratch.names() == ["before", "in", "o"])
    }

    @Test func zerosAreNotWrittenOut() throws {
        let scratch = try Scratch()
        try scratch.shell("mkdir in; truncate -s 200M in/hole; echo end >>in/hole")
        try #require(try Program.pak.run("pack", scratch("in"), "-o", scratch("a")).status == 0)
        try #require(try Program.pak.run("unpack", scratch("a"), scratch("out")).status == 0)
        try scratch.shell("cmp in/hole out/hole")
        let kilobytes = try scratch.shell("du -sk out | cut -f 1")
        #expect(try #require(Int(kilobytes.dropLast())) < 4096)
    }

    @Test func quietLeavesResultsAlone() throws {
        let scratch = try Scratch()
        try scratch.shell("echo 1 >x; tar -cf in.tar x; echo 2 >x; tar -rf in.tar x")
        var outputs: [String] = []
        for quiet in [[], ["-q"]] {
            let packed = try Program.pak.run(
                ["pack"] + quiet + [scratch("in.tar"), "-o", scratch("a.pak.zst")]
            )
            #expect(packed.status == 0)
            #expect(packed.complaints.isEmpty != quiet.isEmpty, "\(packed.complaints)")
            outputs.append(packed.output)
        }
        #expect(outputs[0] == outputs[1])
    }

    @Test func jsonIsOneObject() throws {
        let scratch = try example()
        let packed = try Program.pak.run(
            "pack",
            "--json",
            scratch("in"),
            "-o",
            scratch("a.pak.zst")
        )
        let object = try JSONText.object(packed.output)
        #expect((object["id"] as? String)?.count == 64)
        #expect(object["name"] as? String == "in")
        let checked = try Program.pak.run("check", "--json", scratch("a.pak.zst"))
        #expect(try JSONText.object(checked.output)["id"] as? String == object["id"] as? String)
    }

    @Test func progressIsToldInBytes() throws {
        let scratch = try example()
        try scratch.shell("tar -C in -cf in.tar .")
        let told = try scratch.shell(
            "'\(Program.pak.path)' pack --progress-fd 3 in.tar -o a.pak.zst 3>&1 >/dev/null"
        )
        let last = try #require(told.split(separator: "\n").last)
        let size = try scratch.bytes("in.tar").count
        #expect(last == "\(size) \(size) in.tar" || last.hasSuffix(" \(size) in.tar"))
    }

    @Test func nothingHalfMadeIsLeftWhenItIsKilled() throws {
        let scratch = try Scratch()
        try scratch.shell("head -c 40000000 /dev/urandom >big; tar -cf big.tar big")
        let running = try Program(path: "/bin/sh").start([
            "-c",
            "exec '\(Program.pak.path)' pack --level 19 --progress-fd 1 '\(scratch("big.tar"))' -o '\(scratch("o"))'",
        ])
        // The first line comes when the first block was read.
        #expect(running.output.next() != nil)
        running.send(SIGKILL)
        #expect(running.wait() == 128 + SIGKILL)
        let names = scratch.names()
        #expect(names == ["big", "big.tar"])
    }
}
