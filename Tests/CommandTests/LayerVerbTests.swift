import FileTree
import Foundation
import Testing
import Watched

/// `pak layer`, at a folder and at a server.
@Suite(.unwatched, .serialized) struct LayerVerbTests {
    @Test func aNameThatIsNoTextIsListedByItsBytes() throws {
        let example = try CaptureExample()
        let served = try example.serve()
        try example.editor().makeDirectory(named: [0xff, 0xc3, 0xa9])
        #expect(try example.layer("changes") == "A %FF%C3%A9\n")
        let object = try JSONText.object(example.layer("changes", "--json"))
        #expect(object["hex"] as? String == "ffc3a9")
        #expect(served.end() == 0)
        #expect(
            try pak("layer", "changes", example.scratch("layers/default"))
                == "A %FF%C3%A9\n"
        )
    }

    @Test func anOutputThatCannotBeMadeIsToldBeforeTheServerExports() throws {
        let example = try CaptureExample()
        let served = try example.serve()
        _ = try example.layer("final")
        let output = example.scratch("no/where")
        let words = ["layer", "export", "-a", example.address, "default", "-o", output]
        let outcome = try Program.pak.run(words)
        #expect(outcome.status == 1)
        #expect(outcome.complaints.hasPrefix("pak: \(output): "), "\(outcome.complaints)")
        #expect(
            try pak("ls", "-a", example.address, "-A", "ctl", "capture/default/export") == ""
        )
        #expect(served.end() == 0)
    }

    /// To make it anew would be the end of what is in it.
    @Test func aLayerThatDoesNotSayWhatItLiesOverIsNotSaidToBeNone() throws {
        let scratch = try Scratch()
        try scratch.shell("mkdir base")
        _ = try pak("layer", "init", "-b", scratch("base"), scratch("layer"))
        try scratch.shell("rm layer/over")
        for (name, cure) in [("layer", "check"), ("none", "init")] {
            let outcome = try Program.pak.run(["layer", "changes", scratch(name)])
            #expect(outcome.status != 0)
            let told = "try: pak layer \(cure) \(scratch(name))\n"
            #expect(outcome.complaints.hasSuffix(told), "\(outcome.complaints)")
        }
    }

    @Test func jsonHasAnObjectAChange() throws {
        let example = try CaptureExample()
        let served = try example.serve()
        try CaptureExample.build(example.editor())
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
        let example = try CaptureExample()
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
        let example = try CaptureExample()
        let scratch = example.scratch
        let served = try example.serve()
        try CaptureExample.build(example.editor())
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

    @Test func aDamagedLogIsToldWithItsPlace() throws {
        let example = try CaptureExample()
        let scratch = example.scratch
        let served = try example.serve()
        try CaptureExample.build(example.editor())
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
        let example = try CaptureExample()
        let scratch = example.scratch
        let served = try example.serve()
        try CaptureExample.build(example.editor())
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

    @Test func everyFormatIsMadeWhileItIsServed() throws {
        let example = try CaptureExample()
        let scratch = example.scratch
        let served = try example.serve()
        try CaptureExample.build(example.editor())
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
        #expect(
            try pak("ls", "-a", example.address, "-A", "ctl", "capture/default/export") == ""
        )
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

    @Test func whatWasReadIsToldByPackage() throws {
        let example = try CaptureExample()
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

    @Test func rulesSayWhatIsExportedAndWhatMayNotBeChanged() throws {
        let example = try CaptureExample()
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
}
