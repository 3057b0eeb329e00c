import FileTree
import Foundation
import Glibc
import NineP
import Testing

/// `pakfs -c` and `pak layer`, as the user of a capture meets them.
@Suite(.serialized) struct CaptureTests {
    /// A package and a base, and the words that serve a capture of them at a socket.
    private struct Example {
        let scratch: Scratch
        var address: String { "unix!\(scratch("socket"))" }
        var words: [String] {
            [
                "-l", address, "-b", scratch("base"), "-c", scratch("layers"), scratch("p.tar"),
            ]
        }

        init() throws {
            scratch = try Scratch()
            try scratch.shell(
                """
                mkdir -p p/usr/bin p/usr/lib/old/deep base/etc base/tmp
                echo tool >p/usr/bin/tool; echo gone >p/usr/bin/gone; echo deep >p/usr/lib/old/deep/x
                tar -C p --owner 0 --group 0 -cf p.tar .; rm -r p
                echo one >base/etc/one; echo two >base/etc/two
                """
            )
        }

        func serve(_ more: String...) throws -> Served {
            try Served(scratch, words + more)
        }

        func editor(_ aname: String = "") throws -> Editor { try Editor(address, aname) }

        /// `pak layer` with this server.
        func layer(_ verb: String, _ more: String..., name: String = "default") throws -> String {
            let outcome = try Program.pak.run(["layer", verb, "-a", address, name] + more)
            #expect(outcome.status == 0, "\(outcome.complaints)")
            return outcome.output
        }
    }

    private func pak(_ arguments: String...) throws -> String {
        let outcome = try Program.pak.run(arguments)
        #expect(outcome.status == 0, "\(arguments): \(outcome.complaints)")
        return outcome.output
    }

    /// Does one of each kind of change.
    private func build(_ editor: Editor) throws {
        try editor.write("usr/bin/new", "new\n")
        try editor.write("usr/bin/tool", "changed\n")
        try editor.remove("usr/bin/gone")
        try editor.rename("usr/lib/old", "usr/lib/moved")
        try editor.change("etc/one") { $0.permissions = 0o600 }
        try editor.addName("etc/three", for: "etc/two")
        try editor.link("usr/bin/link", to: "tool")
        try editor.makeDirectory("opt")
        try editor.write("opt/a b%", "odd\n")
        // What leaves nothing: made and removed, written as it was, and what rules leave out.
        try editor.write("opt/gone", "x")
        try editor.remove("opt/gone")
        try editor.write("tmp/junk", "junk")
    }

    private static let changes = """
        m etc/one
        L etc/two -> etc/three
        A opt
        A opt/a%20b%25
        D usr/bin/gone
        A usr/bin/link
        A usr/bin/new
        M usr/bin/tool
        R usr/lib/old -> usr/lib/moved

        """

    @Test func scratchThroughAndDenyHoldWhileALayerIsUsed() throws {
        let example = try Example()
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
        #expect(try pak("cat", "-a", example.address, "/tmp/junk", "/out/real") == "junkreal\n")
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
        let example = try Example()
        let scratch = example.scratch
        try scratch.shell(
            "find base -printf '%P %m %s %T@ %C@\\n' | sort >before; sha256sum p.tar >sum"
        )
        let served = try example.serve()
        #expect(served.mounts[0].contains(",access=client,cache=mmap "))
        try build(example.editor())
        #expect(try example.layer("final") == Self.changes)
        #expect(throws: FileError(.readOnly)) { try example.editor().write("usr/bin/new", "again") }
        let said = try example.layer("export", "-o", scratch("a.pak.zst"))
        #expect(said == "\(scratch("a.pak.zst"))\n")
        #expect(served.end() == 0)

        // The same from the folder, byte by byte.
        let folder = scratch("layers/default")
        #expect(try pak("layer", "changes", folder) == Self.changes)
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

    @Test func everyFormatIsMadeWhileItIsServed() throws {
        let example = try Example()
        let scratch = example.scratch
        let served = try example.serve()
        try build(example.editor())
        _ = try example.layer("final")
        for (format, suffix) in [
            ("pak", "pak.zst"), ("tar", "tar"), ("oci", "oci.tar"), ("nar", "nar"),
        ] {
            _ = try example.layer("export", "--to", format, "-o", scratch("out.\(suffix)"))
            let stat = try pak(
                "stat",
                "--json",
                "-a",
                example.address,
                "-A",
                "ctl",
                "capture/default/export/\(suffix)"
            )
            let size = try JSONText.object(stat)["size"] as? Int
            #expect(try scratch.bytes("out.\(suffix)").count == size)
        }
        try scratch.shell("zstd -dcq out.pak.zst | cmp - out.tar")
        let names = try scratch.shell("tar -tf out.oci.tar")
        #expect(names.contains("usr/bin/.wh.gone\n") && names.contains("usr/lib/.wh.old\n"))
        #expect(try example.editor("ctl").read("capture/default/tree/usr/bin/tool") == "changed\n")
        // Whoever takes changes again has exported nothing.
        try example.editor("ctl").write("capture/default/ctl", "unseal\n")
        #expect(try pak("ls", "-a", example.address, "-A", "ctl", "capture/default/export") == "")
        #expect(served.end() == 0)
        _ = try pak(
            "layer",
            "export",
            scratch("layers/default"),
            "--to",
            "dir",
            "-o",
            scratch("dir")
        )
        #expect(try scratch.shell("cat dir/usr/bin/new") == "new\n")
    }

    @Test func aNameThatIsNoTextIsListedByItsBytes() throws {
        let example = try Example()
        let served = try example.serve()
        try example.editor().makeDirectory(named: [0xff, 0xc3, 0xa9])
        #expect(try example.layer("changes") == "A %FF%C3%A9\n")
        let object = try JSONText.object(example.layer("changes", "--json"))
        #expect(object["hex"] as? String == "ffc3a9")
        #expect(served.end() == 0)
        #expect(try pak("layer", "changes", example.scratch("layers/default")) == "A %FF%C3%A9\n")
    }

    @Test func anOutputThatCannotBeMadeIsToldBeforeTheServerExports() throws {
        let example = try Example()
        let served = try example.serve()
        _ = try example.layer("final")
        let output = example.scratch("no/where")
        let words = ["layer", "export", "-a", example.address, "default", "-o", output]
        let outcome = try Program.pak.run(words)
        #expect(outcome.status == 1)
        #expect(outcome.complaints.hasPrefix("pak: \(output): "), "\(outcome.complaints)")
        #expect(try pak("ls", "-a", example.address, "-A", "ctl", "capture/default/export") == "")
        #expect(served.end() == 0)
    }

    @Test func aKilledServerLosesNothingThatItAnswered() throws {
        let example = try Example()
        let first = try example.serve("-o", "sync=op")
        let editor = try example.editor()
        try build(editor)
        first.running.send(SIGKILL)
        _ = first.running.wait()
        let folder = example.scratch("layers/default")
        #expect(try pak("layer", "changes", folder) == Self.changes)
        _ = try pak("layer", "check", folder)
        let second = try example.serve()
        #expect(try example.editor().read("usr/bin/new") == "new\n")
        try example.editor().write("usr/bin/newer", "newer\n")
        #expect(second.end() == 0)
        #expect(try pak("layer", "changes", folder).contains("A usr/bin/newer\n"))
    }

    @Test func aLayerThatIsInUseIsRefusedWithTheWayOut() throws {
        let example = try Example()
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
        let example = try Example()
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
        #expect(try pak("layer", "changes", scratch("layers/default")) == "A usr/bin/new\n")
    }

    @Test func severalClientsShareALayerAndOthersHaveTheirOwn() throws {
        let example = try Example()
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

    @Test(arguments: [
        "bogus", "seal now", "export", "export zip", "export dir", "export pak", "rule",
        "rule keep", "rule what x", "rule keep /a b", "reset x", "\u{1}",
    ])
    func aWrongWordIsAnErrorThatCanBeRead(word: String) throws {
        let example = try Example()
        let served = try example.serve()
        let control = try example.editor("ctl")
        #expect(throws: FileError.self) { try control.write("capture/default/ctl", word) }
        let told = try control.read("capture/default/ctl").split(separator: "\n")
        #expect(told.first == "unsealed" && told.count == 2, "\(told)")
        #expect(told.last?.hasPrefix("error: ") == true)
        try control.write("capture/default/ctl", "seal\nunseal\nrule drop *.o\n")
        #expect(try control.read("capture/default/ctl") == "unsealed\n")
        #expect(try control.read("capture/default/rules").hasSuffix("drop *.o\n"))
        #expect(served.end() == 0)
    }

    @Test func aLineThatIsNoneSaysWhy() throws {
        let example = try Example()
        let served = try example.serve()
        let control = try example.editor("ctl")
        for (line, why) in [
            (
                Array("rule drop /\(String(repeating: "x", count: 8192))".utf8),
                "a line of 8203 bytes: 8192 is the most"
            ),
            ([0x73, 0xff, 0x20], "s%FF : no UTF-8"),
        ] {
            #expect(throws: FileError.self) { try control.write("capture/default/ctl", line) }
            let told = try control.read("capture/default/ctl")
            #expect(told.hasPrefix("unsealed\nerror: \(why)"), "\(told)")
        }
        #expect(served.end() == 0)
    }

    @Test func aRuleHoldsAtOnceForWhoeverIsThere() throws {
        let example = try Example()
        let served = try example.serve()
        let editor = try example.editor()
        try editor.write("etc/new", "x")
        let control = try example.editor("ctl")
        try control.write("capture/default/ctl", "rule deny /etc")
        #expect(throws: FileError(.readOnly)) { try editor.write("etc/new", "y") }
        try control.write("capture/default/ctl", "rule scratch /usr/lib")
        #expect(throws: FileError(.notFound)) { try editor.read("usr/lib/old") }
        try editor.write("usr/lib/junk", "junk")
        try editor.write("usr/new", "x")
        #expect(try example.layer("changes") == "A usr/new\n")
        #expect(served.end() == 0)
    }

    /// Of a layer that takes changes again there is no export, also when it had begun.
    @Test func whoUnsealsALayerEndsItsExport() throws {
        let example = try Example()
        try example.scratch.shell("head -c 96M /dev/urandom >base/big")
        let served = try example.serve()
        let editor = try example.editor()
        try editor.write("big", "x")
        let control = try example.editor("ctl")
        let exporter = try example.editor("ctl")
        var told = ""
        // The export may be over before, or not have begun: then once more, a little later.
        for pause in 0..<20 where !told.contains("unsealed meanwhile") {
            try control.write("capture/default/ctl", "seal")
            let ended = DispatchSemaphore(value: 0)
            Thread.detachNewThread {
                // What came of it is read below.
                try? exporter.write("capture/default/ctl", "export pak")
                ended.signal()
            }
            for _ in 0..<pause { _ = try control.read("capture/default/rules") }
            try control.write("capture/default/ctl", "unseal")
            ended.wait()
            told = try control.read("capture/default/ctl")
        }
        let why = "it was unsealed meanwhile: Device or resource busy"
        #expect(told == "unsealed\nerror: export pak: \(why)\n")
        #expect(try pak("ls", "-a", example.address, "-A", "ctl", "capture/default/export") == "")
        #expect(served.end() == 0)
    }

    @Test func packagesAreMovedDownWhileALayerIsServed() throws {
        let example = try Example()
        let served = try example.serve()
        try build(example.editor())
        let control = try example.editor("ctl")
        #expect(throws: FileError(.busy)) { try control.write("capture/default/ctl", "down") }
        try control.write("capture/default/ctl", "seal\ndown rest\n")
        let names = try pak("ls", "-a", example.address, "-A", "ctl", "capture/default/export")
        #expect(names == "p.pak.zst\nrest.pak.zst\n")
        #expect(served.end() == 0)
        let folder = example.scratch("layers/default")
        let output = example.scratch("down")
        _ = try pak("layer", "down", "--name", "rest", "-o", output, folder)
        #expect(try example.scratch.shell("ls down") == "p.pak.zst\nrest.pak.zst\n")
    }

    @Test func aLayerThatDoesNotSayWhatItLiesOverIsFound() throws {
        let example = try Example()
        let served = try example.serve()
        try build(example.editor())
        #expect(served.end() == 0)
        let folder = example.scratch("layers/default")
        for (damage, why) in [
            ("echo what is this >>layers/default/over", "over: line "),
            ("rm layers/default/over", "over is missing: nobody knows"),
        ] {
            try example.scratch.shell(damage)
            let checked = try Program.pak.run("layer", "check", folder)
            #expect(checked.status == 4)
            #expect(checked.complaints.contains(why), "\(checked.complaints)")
            #expect(checked.complaints.contains("try: that of a copy"), "\(checked.complaints)")
            let object = try JSONText.object(
                Program.pak.run("layer", "check", "--json", folder).output
            )
            #expect(object["whole"] as? Bool == false)
            #expect((object["over"] as? String)?.contains(why) == true)
        }
    }

    @Test func onlyItsOwnerSteersACapture() throws {
        let example = try Example()
        let scratch = example.scratch
        let served = try Served(
            scratch,
            ["-l", "tcp!127.0.0.1!0", "-c", scratch("layers"), scratch("p.tar")]
        )
        let port = try #require(
            served.mounts[0].split(separator: "port=").last?.split(separator: ",").first
        )
        let address = "tcp!127.0.0.1!\(port)"
        // Over a network nobody has proven to be anyone, root neither.
        let control = try Editor(address, "ctl", user: 0)
        #expect(throws: FileError(.notFound)) { try control.read("capture/default/ctl") }
        #expect(throws: FileError(.permission)) { try Editor(address, ":capture=new", user: 0) }
        try Editor(address, "", user: 0).write("usr/bin/new", "new")
        let outcome = try Program.pak.run("layer", "changes", "-a", address, "default")
        #expect(outcome.status == 1)
        #expect(outcome.complaints.contains("\ntry: "), "\(outcome.complaints)")
        #expect(served.end() == 0)
        #expect(try scratch.shell("ls layers") == "default\n")
    }

    @Test func whatGoesPastALimitIsRefusedAndAllElseGoesOn() throws {
        let example = try Example()
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

    @Test func rulesSayWhatIsExportedAndWhatMayNotBeChanged() throws {
        let example = try Example()
        let scratch = example.scratch
        try scratch.write("rules", "# ours\ndrop *.o\ndeny /etc\nkeep /opt/keep.o\n")
        let served = try example.serve("-o", "rules=\(scratch("rules"))")
        let editor = try example.editor()
        try editor.makeDirectory("opt")
        for name in ["a.o", "keep.o", "b.c"] { try editor.write("opt/\(name)", "x") }
        #expect(throws: FileError(.readOnly)) { try editor.write("etc/one", "x") }
        #expect(throws: FileError(.readOnly)) { try editor.write("etc/new", "x") }
        #expect(try example.layer("changes") == "A opt\nA opt/b.c\nA opt/keep.o\n")
        #expect(served.end() == 0)
        try scratch.write("more", "drop *.c\n")
        _ = try pak(
            "layer",
            "export",
            "--rules",
            scratch("more"),
            "--to",
            "tar",
            scratch("layers/default"),
            "-o",
            scratch("o.tar")
        )
        #expect(try scratch.shell("tar -tf o.tar") == ".pak/manifest\nopt/\nopt/keep.o\n")
    }

    @Test func whatIsScratchIsGoneAndWhatIsThroughIsReal() throws {
        let example = try Example()
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

    @Test func whatWasReadIsToldByPackage() throws {
        let example = try Example()
        let served = try example.serve()
        let editor = try example.editor()
        _ = try editor.read("usr/bin/tool")
        _ = try editor.read("etc/one")
        try editor.write("usr/bin/new", "x")
        _ = try editor.read("usr/bin/new")
        #expect(try example.layer("reads") == "- etc/one\np usr/bin/tool\n")
        let objects = try JSONText.objects(example.layer("reads", "--json"))
        #expect(objects.count == 2)
        #expect(objects[0]["package"] is NSNull && objects[0]["name"] as? String == "etc/one")
        #expect(objects[1]["package"] as? String == "p")
        #expect(served.end() == 0)
        #expect(
            try pak("layer", "reads", example.scratch("layers/default"))
                == "- etc/one\np usr/bin/tool\n"
        )
    }

    @Test func jsonHasAnObjectAChange() throws {
        let example = try Example()
        let served = try example.serve()
        try build(example.editor())
        let objects = try JSONText.objects(example.layer("changes", "--json"))
        #expect(
            objects.compactMap { $0["change"] as? String } == [
                "m", "L", "A", "A", "D", "A", "A", "M", "R",
            ]
        )
        #expect(
            objects[1]["from"] as? String == "etc/two"
                && objects[1]["name"] as? String == "etc/three"
        )
        #expect(objects[3]["name"] as? String == "opt/a b%")
        #expect(served.end() == 0)
        let folder = example.scratch("layers/default")
        let export = try JSONText.object(
            pak("layer", "export", "--json", folder, "-o", example.scratch("o"))
        )
        #expect((export["id"] as? String)?.count == 64)
        #expect(export["output"] as? String == example.scratch("o"))
        let check = try JSONText.object(pak("layer", "check", "--json", folder))
        #expect(check["layer"] as? String == folder)
        #expect(check["whole"] as? Bool == true)
        let made = try JSONText.object(pak("layer", "init", "--json", folder))
        #expect(made["layer"] as? String == folder)
        #expect(try pak("layer", "changes", folder) == "")
    }

    @Test func aLayerIsMadeByHandAndMadeClean() throws {
        let example = try Example()
        let scratch = example.scratch
        try scratch.makeDirectory("layers")
        try scratch.write("rules", "drop *.o\n")
        _ = try pak(
            "layer",
            "init",
            "-p",
            scratch("p.tar"),
            "-b",
            scratch("base"),
            "--rules",
            scratch("rules"),
            scratch("layers/default")
        )
        let served = try example.serve()
        try example.editor().write("usr/a.o", "x")
        try example.editor().write("usr/a", "x")
        #expect(try example.layer("changes") == "A usr/a\n")
        _ = try example.layer("final")
        _ = try example.layer("init")
        #expect(try example.layer("changes") == "")
        try example.editor().write("usr/b", "x")
        _ = try example.layer("init", name: "other")
        #expect(try example.layer("changes", name: "other") == "")
        #expect(served.end() == 0)
        // Over something else once it is clean.
        _ = try pak("layer", "init", "-p", scratch("p.tar"), scratch("layers/default"))
        #expect(!(try scratch.shell("cat layers/default/over")).contains("base"))
    }

    @Test func aLayerAndItsPackagesBecomeNewPackages() throws {
        let example = try Example()
        let scratch = example.scratch
        let served = try example.serve()
        try build(example.editor())
        try example.editor().remove("tmp/junk")
        let captured = try pak("ls", "-R", "-a", example.address)
        #expect(served.end() == 0)
        let said = try pak("layer", "down", scratch("layers/default"), "-o", scratch("out"))
        #expect(said.split(separator: "\n").count == 2, "\(said)")
        #expect(try scratch.shell("ls out") == "default.pak.zst\np.pak.zst\n")
        let again = try Served(
            scratch,
            [
                "-l", example.address, "-b", scratch("base"), scratch("out/default.pak.zst"),
                scratch("out/p.pak.zst"),
            ]
        )
        #expect(try pak("ls", "-R", "-a", example.address) == captured)
        #expect(try example.editor().read("usr/bin/tool") == "changed\n")
        #expect(again.end() == 0)
        let refused = try Program.pak.run(
            "layer",
            "down",
            scratch("layers/default"),
            "-o",
            scratch("out")
        )
        #expect(refused.status == 1)
        #expect(refused.complaints.contains("directory is not empty\ntry: "))
    }

    /// What rc/pakcap has a Plan 9 machine do: it exports its root, pakfs diverges that, and the
    /// machine works in it; all in 9P2000 and one conversation.
    @Test func aMachineOfPlan9ChangesACopyOfItsOwnRoot() throws {
        let example = try Example()
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
        let example = try Example()
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
        let example = try Example()
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

    @Test func aDamagedLogIsToldWithItsPlace() throws {
        let example = try Example()
        let scratch = example.scratch
        let served = try example.serve()
        try build(example.editor())
        #expect(served.end() == 0)
        let folder = scratch("layers/default")
        #expect(try pak("layer", "check", folder).hasPrefix("\(folder): "))
        try scratch.shell(
            "printf '\\377\\377\\377' | dd of=layers/default/log bs=1 seek=100 conv=notrunc status=none"
        )
        let checked = try Program.pak.run("layer", "check", folder)
        #expect(checked.status == 4)
        #expect(checked.complaints.contains("offset "), "\(checked.complaints)")
        let changes = try Program.pak.run("layer", "changes", folder)
        #expect(changes.status == 4)
        #expect(changes.complaints.contains("try: pak layer check"), "\(changes.complaints)")
        let refused = try Program.pakfs.run(example.words)
        #expect(refused.status == 1)
        #expect(refused.complaints.contains("try: pak layer check"), "\(refused.complaints)")
    }

    @Test func aRecordThatWasNeverFinishedIsNoDamage() throws {
        let example = try Example()
        let scratch = example.scratch
        let served = try example.serve()
        try build(example.editor())
        #expect(served.end() == 0)
        let folder = scratch("layers/default")
        try scratch.shell("truncate -s -3 layers/default/log; cp -r layers/default copy")
        let checked = try Program.pak.run("layer", "check", folder)
        #expect(checked.status == 0, "\(checked.complaints)")
        #expect(checked.output.contains("unfinished"), "\(checked.output)")
        try scratch.shell("cmp layers/default/log copy/log")
        #expect(try pak("layer", "changes", folder).contains("usr/bin/new"))
    }

    @Test(arguments: [
        ["layer"], ["layer", "what"], ["layer", "changes"], ["layer", "export", "x"],
        ["layer", "export", "x", "-o", "y", "--to", "zip"], ["layer", "changes", "-a", "x", "y"],
        ["layer", "changes", "-a", "unix!/x", "../y"],
        ["layer", "changes", "-a", "unix!/x", "-p", "q", "y"],
        ["layer", "export", "-a", "unix!/x", "y", "-o", "z", "--to", "dir"],
        ["layer", "export", "x", "-o", "y", "--level", "20"],
        ["layer", "init", "x", "--option", "z"],
    ])
    func aLayerVerbThatMakesNoSenseEndsWithStatus2(arguments: [String]) throws {
        let outcome = try Program.pak.run(arguments)
        #expect(outcome.status == 2 || arguments == ["layer"] && outcome.status == 0)
        #expect(outcome.complaints.hasPrefix("pak: ") || arguments == ["layer"])
    }

    @Test func whatIsMissingIsNamed() throws {
        let scratch = try Scratch()
        try scratch.write("file", "x")
        for (path, says) in [
            (scratch("nowhere"), "file does not exist"), (scratch("file"), "not a directory"),
        ] {
            for verb in [
                ["changes"], ["reads"], ["final"], ["export", "-o", scratch("o")], ["check"],
            ] {
                let outcome = try Program.pak.run(["layer"] + verb + [path])
                #expect(outcome.status == 1)
                #expect(outcome.complaints.hasPrefix("pak: \(path)"), "\(outcome.complaints)")
                #expect(outcome.complaints.contains(says), "\(verb): \(outcome.complaints)")
            }
        }
        #expect(scratch.names() == ["file"])
        let none = try Program.pak.run("layer", "init", scratch("no/such/layer"))
        #expect(none.status == 1)
    }
}
