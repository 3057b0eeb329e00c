import Testing

/// Archives made to do harm, or broken on the way.
struct HostileTests {
    /// A shell text that makes `bad` in the scratch folder, and what the complaint has to name.
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var make: String
        var says: [String]
        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(
            name: "a member that climbs",
            make: "echo x >x; tar -P --transform 's,^x,../../x,' -cf bad.tar x",
            says: ["bad.tar", "../../x"]
        ),
        Case(
            name: "a tar that ends within a file",
            make:
                "head -c 100000 /dev/zero >x; tar -cf whole.tar x; head -c 50000 whole.tar >bad.tar",
            says: ["bad.tar", "x"]
        ),
        Case(
            name: "a header with a wrong sum",
            make: "echo 1 >a; echo 2 >b; tar -b 1 -cf bad.tar a b; "
                + "printf '\\377' | dd of=bad.tar bs=1 seek=1100 conv=notrunc",
            says: ["bad.tar"]
        ),
        Case(
            name: "a deb without data",
            make: "printf '2.0\\n' >debian-binary; ar qc bad.deb debian-binary",
            says: ["bad.deb"]
        ),
        Case(
            name: "a deb whose data are cut",
            make:
                "head -c 100000 /dev/urandom >x; tar -czf data.tar.gz x; tar -czf control.tar.gz -T /dev/null; "
                + "printf '2.0\\n' >debian-binary; ar qc whole.deb debian-binary control.tar.gz data.tar.gz; "
                + "head -c 60000 whole.deb >bad.deb",
            says: ["bad.deb"]
        ),
        Case(
            name: "a zip whose directory is cut",
            make: "head -c 5000 /dev/urandom >x; bsdtar --format zip -cf whole.zip x; "
                + "head -c 4000 whole.zip >bad.zip",
            says: ["bad.zip"]
        ),
        Case(
            name: "a megabyte that becomes gigabytes",
            make: "truncate -s 1G x; tar -cf - x | zstd -q >bad.tar.zst",
            says: ["bad.tar.zst"]
        ),
        Case(
            name: "a native package without its end",
            make: "mkdir d; echo x >d/x; '$PAK' pack d -o whole.pak.zst >/dev/null; "
                + "size=$(stat -c %s whole.pak.zst); head -c $((size - 40)) whole.pak.zst >bad.pak.zst",
            says: ["bad.pak.zst"]
        ),
        Case(
            name: "a file of the private folder",
            make: "mkdir .pak; echo x >.pak/x; tar -cf bad.tar .pak/x",
            says: ["bad.tar", ".pak"]
        ),
        Case(
            name: "a hard link to nothing",
            make: "echo x >a; ln a b; tar -cf bad.tar a b; tar -f bad.tar --delete a",
            says: ["bad.tar", "b"]
        ),
        Case(
            name: "bytes that are no archive",
            make: "head -c 5000 /dev/urandom | tr '\\000-\\037\\200-\\377' x >bad",
            says: ["bad"]
        ),
    ]

    @Test(arguments: cases)
    func aBadArchiveIsToldInALineAndLeavesNothing(bad: Case) throws {
        let scratch = try Scratch()
        let make = bad.make.replacing("$PAK", with: Program.pak.path)
        try scratch.shell(
            "mkdir work; cd work; { \(make); } 2>/dev/null; mv bad* ..; cd ..; rm -r work"
        )
        let name = try #require(scratch.names().first)
        var pakfs = Program.pakfs
        pakfs.environment["XDG_CACHE_HOME"] = scratch("cache")
        let socket = scratch("socket")
        let runs = [
            ("pak: ", try Program.pak.run("pack", scratch(name), "-o", scratch("out"))),
            ("pakfs: ", try pakfs.run("-l", "unix!\(socket)", scratch(name))),
        ]
        for (program, outcome) in runs {
            #expect(outcome.status == 1)
            #expect(outcome.output.isEmpty)
            let lines = outcome.complaints.split(separator: "\n").filter { !$0.hasPrefix("try: ") }
            #expect(lines.count == 1, "\(outcome.complaints)")
            #expect(lines.first?.hasPrefix(program) == true)
            for word in bad.says { #expect(outcome.complaints.contains(word), "\(word)") }
        }
        #expect(scratch.names().filter { $0 != "cache" } == [name])
        #expect(try scratch.shell("find cache -type f 2>/dev/null | wc -l || true") == "0\n")
    }

    @Test(arguments: ["", "x", "070701", "PK\u{3}\u{4}"])
    func aFewBytesAreNoPackage(text: String) throws {
        let scratch = try Scratch()
        try scratch.write("bad", text)
        let outcome = try Program.pak.run("pack", scratch("bad"), "-o", scratch("out"))
        #expect(outcome.status == 1)
        #expect(scratch.names() == ["bad"])
    }

    @Test func whatIsNotThereOrMayNotBeReadIsNamed() throws {
        let scratch = try Scratch()
        for verb in [["pack", "-o", scratch("o")], ["check"]] {
            let outcome = try Program.pak.run(verb + [scratch("nowhere.deb")])
            #expect(outcome.status == 1)
            #expect(outcome.complaints.hasPrefix("pak: "))
            #expect(outcome.complaints.contains("nowhere.deb: file does not exist"))
        }
        let outcome = try Program.pakfs.run("-l", "unix!\(scratch("s"))", scratch("nowhere.deb"))
        #expect(outcome.status == 1)
        #expect(outcome.complaints.contains("nowhere.deb: file does not exist"))
        #expect(scratch.names().isEmpty)
    }
}
