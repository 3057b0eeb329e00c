import FileTree
import Testing

/// The words and files by which a served capture is steered.
@Suite(.serialized) struct CaptureControlTests {
    @Test(arguments: [
        "bogus", "seal now", "export", "export zip", "export dir", "export pak", "rule",
        "rule keep", "rule what x", "rule keep /a b", "reset x", "\u{1}",
    ])
    func aWrongWordIsAnErrorThatCanBeRead(word: String) throws {
        let example = try CaptureExample()
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
        let example = try CaptureExample()
        let served = try example.serve()
        let control = try example.editor("ctl")
        for (line, why) in [
            (
                Array("rule drop /\(String(repeating: "x", count: 8192))\n".utf8),
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
        let example = try CaptureExample()
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
        let example = try CaptureExample()
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
            let exporting = try Worker {
                // What came of it is read below.
                try? exporter.write("capture/default/ctl", "export pak")
            }
            for _ in 0..<pause { _ = try control.read("capture/default/rules") }
            try control.write("capture/default/ctl", "unseal")
            exporting.join()
            told = try control.read("capture/default/ctl")
        }
        let why = "it was unsealed meanwhile: Device or resource busy"
        #expect(told == "unsealed\nerror: export pak: \(why)\n")
        #expect(
            try pak("ls", "-a", example.address, "-A", "ctl", "capture/default/export") == ""
        )
        #expect(served.end() == 0)
    }

    @Test func packagesAreMovedDownWhileALayerIsServed() throws {
        let example = try CaptureExample()
        let served = try example.serve()
        try CaptureExample.build(example.editor())
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

    @Test func onlyItsOwnerSteersACapture() throws {
        let example = try CaptureExample()
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

    @Test func aLayerThatDoesNotSayWhatItLiesOverIsFound() throws {
        let example = try CaptureExample()
        let served = try example.serve()
        try CaptureExample.build(example.editor())
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
}
