import FileTree
import Glibc
import NineP
import Testing

/// `pakfs -c`, as the user of a capture meets it.
@Suite(.serialized) struct CaptureTests {
    @Test func scratchThroughAndDenyHoldWhileALayerIsUsed() throws {
        let example = try CaptureExample()
        try example.scratch.shell(
            """
            mkdir -p base/out; ln -s /etc base/away
            printf 'scratch /tmp\\nthrough /out\\ndeny /etc\\n' >rules
            """
        )
        let served = try example.serve("-o", "rules=\(example.scratch("rules"))")
        let editor = try example.editor()
        try editor.write("tmp/junk", "junk")
        try editor.write("out/real", "real\n")
        for path in ["etc/one", "etc/new"] {
            #expect(throws: FileError(.readOnly)) { try editor.write(path, "x") }
        }
        #expect(throws: FileError(.crossDevice)) { try editor.rename("tmp/junk", "usr/junk") }
        #expect(throws: FileError(.busy)) { try editor.remove("tmp", isDirectory: true) }
        try editor.write("usr/bin/new", "new\n")
        #expect(try example.layer("changes") == "A usr/bin/new\n")
        #expect(try example.scratch.shell("cat base/out/real; ls base/tmp") == "real\n")
        #expect(
            try pak("cat", "-a", example.address, "/tmp/junk", "/out/real")
                == "junkreal\n"
        )
        #expect(served.end() == 0)
        // What is a link below is no place to write to.
        try example.scratch.shell("printf 'through /away\\n' >rules; rm -r layers")
        let refused = try Program.pakfs.run(
            example.words + ["-o", "rules=\(example.scratch("rules"))"]
        )
        #expect(refused.status == 1)
        #expect(refused.complaints.contains("through /away"), "\(refused.complaints)")
    }

    @Test func whatABuildChangesIsListedAndExportedAndTheBaseIsAsItWas() throws {
        let example = try CaptureExample()
        let scratch = example.scratch
        try scratch.shell(
            "find base -printf '%P %m %s %T@ %C@\\n' | sort >before; sha256sum p.tar >sum"
        )
        let served = try example.serve()
        #expect(served.mounts[0].contains(",access=client,cache=mmap "))
        try CaptureExample.build(example.editor())
        #expect(try example.layer("final") == CaptureExample.changes)
        #expect(throws: FileError(.readOnly)) { try example.editor().write("usr/bin/new", "again") }
        let said = try example.layer("export", "-o", scratch("a.pak.zst"))
        #expect(said == "\(scratch("a.pak.zst"))\n")
        #expect(served.end() == 0)

        // The same from the folder, byte by byte.
        let folder = scratch("layers/default")
        #expect(try pak("layer", "changes", folder) == CaptureExample.changes)
        _ = try pak("layer", "export", folder, "-o", scratch("b.pak.zst"))
        #expect(try scratch.bytes("a.pak.zst") == scratch.bytes("b.pak.zst"))
        _ = try pak("check", scratch("a.pak.zst"))
        try scratch.shell("mkdir out; tar --zstd -xf a.pak.zst -C out")
        let list = try scratch.shell("cd out; find . -not -type d -printf '%P %m %l\\n' | sort")
        #expect(
            list == """
                .pak/manifest 644 \n\
                etc/one 600 \n\
                etc/three 644 \n\
                etc/two 644 \n\
                opt/a b% 644 \n\
                usr/bin/link 777 tool
                usr/bin/new 644 \n\
                usr/bin/tool 644 \n\
                usr/lib/moved/deep/x 644 \n\

                """
        )
        #expect(
            try scratch.shell("grep hole out/.pak/manifest")
                == "hole usr/bin/gone\nhole usr/lib/old\n"
        )
        #expect(
            try scratch.shell("cat out/usr/bin/tool out/usr/lib/moved/deep/x") == "changed\ndeep\n"
        )
        try scratch.shell("[ $(stat -c %h out/etc/two) = 2 ]")
        try scratch.shell(
            "find base -printf '%P %m %s %T@ %C@\\n' | sort | cmp - before; sha256sum -c --quiet sum"
        )
    }

    @Test func aKilledServerLosesNothingThatItAnswered() throws {
        let example = try CaptureExample()
        let first = try example.serve("-o", "sync=op")
        let editor = try example.editor()
        try CaptureExample.build(editor)
        first.running.send(SIGKILL)
        _ = first.running.wait()
        let folder = example.scratch("layers/default")
        #expect(try pak("layer", "changes", folder) == CaptureExample.changes)
        _ = try pak("layer", "check", folder)
        let second = try example.serve()
        #expect(try example.editor().read("usr/bin/new") == "new\n")
        try example.editor().write("usr/bin/newer", "newer\n")
        #expect(second.end() == 0)
        #expect(try pak("layer", "changes", folder).contains("A usr/bin/newer\n"))
    }

    @Test func aLayerThatIsInUseIsRefusedWithTheWayOut() throws {
        let example = try CaptureExample()
        let served = try example.serve()
        let folder = example.scratch("layers/default")
        let other = ["-l", "unix!\(example.scratch("other"))"] + example.words.dropFirst(2)
        let refused = try Program.pakfs.run(other)
        #expect(refused.status == 1)
        #expect(refused.complaints.contains("\(folder): the layer is in use"))
        #expect(refused.complaints.contains("\ntry: "))
        for verb in [["changes"], ["reads"], ["init"], ["export", "-o", example.scratch("o")]] {
            let outcome = try Program.pak.run(["layer"] + verb + [folder])
            #expect(outcome.status == 1)
            #expect(outcome.complaints.hasPrefix("pak: \(folder)"), "\(outcome.complaints)")
            #expect(outcome.complaints.contains("\ntry: pak layer"), "\(outcome.complaints)")
        }
        #expect(served.end() == 0)
        #expect(!example.scratch.names().contains("o"))
    }

    @Test func aLayerOverSomethingElseIsRefusedAndSaysOverWhat() throws {
        let example = try CaptureExample()
        let scratch = example.scratch
        let served = try example.serve()
        try example.editor().write("usr/bin/new", "new\n")
        // While it is open, and another view of the same server is asked for.
        #expect(throws: FileError.self) { try example.editor("default:capture=default:sub=usr") }
        #expect(served.running.complaints.next { $0.contains("it lies over p") } != nil)
        #expect(served.end() == 0)
        try scratch.shell("mkdir other; echo x >other/x; tar -C other -cf q.tar .")
        for words in [
            ["-b", scratch("other"), scratch("p.tar")], ["-b", scratch("base"), scratch("q.tar")],
            [scratch("p.tar")],
        ] {
            let refused = try Program.pakfs.run(
                ["-l", example.address, "-c", scratch("layers")] + words
            )
            #expect(refused.status == 1)
            #expect(refused.complaints.contains("it lies over p"), "\(refused.complaints)")
            #expect(refused.complaints.contains("pak layer init"), "\(refused.complaints)")
        }
        let named = try Program.pak.run(
            "layer",
            "changes",
            "-p",
            scratch("q.tar"),
            scratch("layers/default")
        )
        #expect(named.status == 1)
        #expect(named.complaints.contains("it lies over p"))
        #expect(
            try pak("layer", "changes", scratch("layers/default"))
                == "A usr/bin/new\n"
        )
    }

    @Test func severalClientsShareALayerAndOthersHaveTheirOwn() throws {
        let example = try CaptureExample()
        let served = try example.serve()
        let (one, two) = (try example.editor(), try example.editor(":capture=default"))
        let other = try example.editor(":capture=x.1")
        let plain = try example.editor("default")
        try one.write("usr/shared", "one")
        #expect(try two.read("usr/shared") == "one")
        #expect(throws: FileError(.notFound)) { try other.read("usr/shared") }
        #expect(throws: FileError(.notFound)) { try plain.read("usr/shared") }
        #expect(throws: FileError(.readOnly)) { try plain.write("usr/shared", "x") }
        let list = try pak("ls", "-a", example.address, "-A", "ctl", "capture")
        #expect(list == "default\nx.1\n")
        #expect(served.end() == 0)
        // Those that nobody has attached to yet are there, too.
        let again = try example.serve()
        let paths = ["capture/x.1/changes", "capture/default/changes"]
        #expect(
            try paths.map { try example.editor("ctl").read($0) } == ["", "A usr/shared\n"]
        )
        #expect(again.end() == 0)
    }

    @Test func whatGoesPastALimitIsRefusedAndAllElseGoesOn() throws {
        let example = try CaptureExample()
        let served = try example.serve(
            "-o",
            "bytes=256K",
            "-o",
            "largest=128K",
            "-o",
            "inodes=8"
        )
        let editor = try example.editor()
        let block = [UInt8](repeating: 7, count: 100_000)
        try editor.write("usr/one", block)
        #expect(throws: FileError(.tooBig)) { try editor.write("usr/one", block, at: 100_000) }
        #expect(throws: FileError(.quota)) {
            for name in ["two", "three"] { try editor.write("usr/\(name)", block) }
        }
        try editor.remove("usr/one")
        #expect(throws: FileError(.quota)) {
            for number in 0..<8 { try editor.write("usr/f\(number)", "") }
        }
        #expect(try editor.read("usr/bin/tool") == "tool\n")
        #expect(served.end() == 0)
    }

    @Test func whatIsScratchIsGoneAndWhatIsThroughIsReal() throws {
        let example = try CaptureExample()
        let scratch = example.scratch
        try scratch.makeDirectory("base/out")
        try scratch.write("rules", "scratch /tmp\nthrough /out\n")
        let served = try example.serve("-o", "rules=\(scratch("rules"))", "-o", "scratch=128K")
        let editor = try example.editor()
        try editor.write("tmp/x", "x")
        #expect(throws: FileError.self) {
            try editor.write("tmp/large", [UInt8](repeating: 1, count: 300_000))
        }
        try editor.write("out/real", "real\n")
        #expect(try example.layer("changes") == "")
        #expect(served.end() == 0)
        #expect(try scratch.shell("cat base/out/real; ls base/tmp") == "real\n")
        let again = try example.serve()
        #expect(throws: FileError(.notFound)) { try example.editor().read("tmp/x") }
        #expect(again.end() == 0)
    }

    /// What rc/pakcap has a Plan 9 machine do: it exports its root, pakfs diverges that, and the
    /// machine works in it; all in 9P2000 and one conversation.
    @Test func aMachineOfPlan9ChangesACopyOfItsOwnRoot() throws {
        let example = try CaptureExample()
        let scratch = example.scratch
        let machine = try Served(
            scratch,
            ["-l", "unix!\(scratch("machine"))", "-b", scratch("base")]
        )
        let served = try Served(
            scratch,
            [
                "-l", example.address, "-c", scratch("layers"), "-b",
                "9p!unix!\(scratch("machine"))",
            ]
        )
        let editor = try Editor(example.address, "", .plain)
        try editor.makeDirectory("bin")
        try editor.write("bin/tool", "#!/bin/rc\n")
        try editor.change("bin/tool") { $0.permissions = 0o755 }
        try editor.write("etc/one", "ONE\n")
        try editor.rename("etc/two", "etc/three", replacing: false)
        #expect(throws: FileError(.exists)) {
            try editor.rename("etc/three", "etc/one", replacing: false)
        }
        #expect(try editor.read("etc/three") == "two\n")
        let control = try editor.other("ctl")
        try control.write("capture/default/ctl", "seal")
        #expect(
            try control.read("capture/default/changes")
                == "A bin\nA bin/tool\nM etc/one\nR etc/two -> etc/three\n"
        )
        try control.write("capture/default/ctl", "export tar")
        try scratch.write("out.tar", Array(control.read("capture/default/export/tar").utf8))
        #expect(
            try scratch.shell("tar -tf out.tar")
                == ".pak/manifest\nbin/\nbin/tool\netc/one\netc/three\n"
        )
        #expect(served.end() == 0)
        #expect(machine.end() == 0)
        #expect(
            try scratch.shell("cat base/etc/one base/etc/two; ls base") == "one\ntwo\netc\ntmp\n"
        )
    }

    @Test func packagesReadAgainDoNotMoveWhatIsUnderACapture() throws {
        let example = try CaptureExample()
        let scratch = example.scratch
        let served = try example.serve()
        let editor = try example.editor()
        try editor.write("usr/new", "x")
        try scratch.shell("mkdir p; echo more >p/more; tar -C p -cf new.tar .; mv new.tar p.tar")
        served.running.send(SIGHUP)
        #expect(served.running.complaints.next { $0.contains("read again") } != nil)
        #expect(try editor.read("usr/bin/tool") == "tool\n")
        #expect(try example.editor().read("usr/new") == "x")
        #expect(try example.editor("default").read("more") == "more\n")
        #expect(served.end() == 0)
    }

    /// A shell text that makes `layers` unfit, and what the complaint has to say.
    static let unfit: [(make: String, says: String)] = [
        ("echo x >layers", "not a directory"),
        ("mkdir -p layers/default; echo junk >layers/default/log", "layers/default"),
        ("mkdir -p layers/default; echo junk >layers/default/other", "other"),
        ("mkdir -p layers; echo x >layers/log", "a layer itself"),
        ("ln -s /proc layers", "/proc"),
        ("ln -s /nowhere/at/all layers", "layers"),
    ]

    @Test(arguments: unfit)
    func aFolderThatIsUnfitIsNamedAndLeftAsItWas(make: String, says: String) throws {
        let example = try CaptureExample()
        let sums = "find layers -type f -not -name lock -exec sha256sum {} + | sort"
        try example.scratch.shell("\(make); \(sums) >before")
        let refused = try Program.pakfs.run(example.words)
        #expect(refused.status == 1)
        #expect(refused.output.isEmpty)
        #expect(refused.complaints.hasPrefix("pakfs: -c"), "\(refused.complaints)")
        #expect(refused.complaints.contains(says), "\(refused.complaints)")
        try example.scratch.shell("\(sums) | cmp - before")
        #expect(!example.scratch.names().contains("socket"))
    }
}
