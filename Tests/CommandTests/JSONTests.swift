import Foundation
import Testing
import Watched

/// What `--json` prints is what pak.json(6) says.
@Suite(.unwatched) struct JSONTests {
    private func pak(_ words: [String], status: Int32 = 0) throws -> String {
        let outcome = try Program.pak.run(words)
        #expect(outcome.status == status, "\(words): \(outcome.complaints)")
        return outcome.output
    }

    /// The verbs below one, each with the words of its help.
    private func verbs(below words: [String] = []) throws -> [[String]] {
        let help = try pak(words + ["--help"])
        guard let start = help.range(of: "SUBCOMMANDS:\n") else { return [words] }
        let names = help[start.upperBound...].split(separator: "\n").filter {
            $0.hasPrefix("  ") && !$0.hasPrefix("   ") && !$0.hasPrefix("  See ")
        }
        return try names.flatMap { line in
            // Behind a comma is what else the verb is called.
            try verbs(below: words + [String(line.split { " ,".contains($0) }[0])])
        }
    }

    @Test func everyVerbWithObjectsIsInThePage() throws {
        let page = try JSONPage()
        let all = try verbs()
        #expect(all.count > 10)
        for words in all {
            let verb = (["pak"] + words).joined(separator: " ")
            let hasObjects = try pak(words + ["--help"]).contains("--json")
            #expect(hasObjects == (page.objects[verb] != nil), "\(verb)")
        }
    }

    @Test func whatIsPrintedIsWhatThePageSays() throws {
        var page = try JSONPage()
        let scratch = try Scratch()
        // Names that are no UTF-8, one that comes twice, and packages with a
        // version and without.
        try scratch.shell(
            #"""
            mkdir -p p/bin q/DEBIAN base; cd p; echo one >bin/one; echo two >bin/two
            ln -s one bin/link; ln -s "$(printf 'to\377')" "$(printf 'odd\377')"
            tar -cf ../p.tar . ; tar -rf ../p.tar ./bin/one; cd ..; echo base >base/b
            tar -C p -cf whole.tar .
            printf 'Package: q\nVersion: 1\nArchitecture: all\nMaintainer: x\nDescription: x\n' \
                >q/DEBIAN/control
            dpkg-deb --root-owner-group -b q q.deb >&2
            mkdir -p r/.pak; echo name r >r/.pak/manifest; tar -C r -cf r.tar .pak/manifest
            """#
        )
        for (input, output) in [
            ("p.tar", "p.pak.zst"), ("q.deb", "q.pak.zst"), ("r.tar", "r.pak.zst"),
        ] {
            try page.check(
                "pak pack",
                pak(["pack", "--json", "-q", scratch(input), "-o", scratch(output)])
            )
            try page.check("pak check", pak(["check", "--json", "-q", scratch(output)]))
        }
        try page.check(
            "pak unpack",
            pak(["unpack", "--json", "-q", scratch("p.pak.zst"), scratch("unpacked")])
        )
        try page.check(
            "pak export",
            pak(["export", "--json", "-q", "-p", scratch("p.pak.zst"), scratch("exported")])
        )

        let socket = "unix!\(scratch("socket"))"
        let words = [
            "-l", socket, "-b", scratch("base"), "-c", scratch("layers"), scratch("whole.tar"),
        ]
        let served = try Served(scratch, words)
        try page.check("pak ls", pak(["ls", "--json", "-R", "-a", socket]))
        try page.check("pak stat", pak(["stat", "--json", "-a", socket, "/bin/link", "/b"]))
        let editor = try Editor(socket)
        _ = try editor.read("bin/one")
        _ = try editor.read("b")
        try editor.write("new", "new")
        try editor.write("bin/one", "and", at: 4)
        try editor.rename("bin/two", "bin/three")
        let layer = ["-a", socket, "default"]
        try page.check("pak layer changes", pak(["layer", "changes", "--json"] + layer))
        try page.check("pak layer reads", pak(["layer", "reads", "--json"] + layer))
        try page.check("pak layer final", pak(["layer", "final", "--json"] + layer))
        try page.check(
            "pak layer export",
            pak(["layer", "export", "--json", "-q", "-o", scratch("a")] + layer)
        )
        #expect(served.end() == 0)
        try check(layer: scratch("layers/default"), in: scratch, &page)

        try page.check("pak doctor", Program.pak.run("doctor", "--json").output)
        var all = page.all
        if Visitor.whyNone == nil {
            for (format, output) in [("pak", "d"), ("dir", "e")] {
                let words = ["--to", format, "-o", scratch(output), "--", "true"]
                try page.check("pak capture", pak(["capture", "--json", "-q"] + words))
            }
        } else {
            all = all.filter { !$0.hasPrefix("pak capture.") }
        }

        try check(environmentsIn: scratch, &page)
        #expect(page.seen == all, "not tried: \(all.subtracting(page.seen).sorted())")
    }

    private func check(layer folder: String, in scratch: Scratch, _ page: inout JSONPage) throws {
        for (format, output) in [("pak", "b"), ("nar", "c")] {
            try page.check(
                "pak layer export",
                pak([
                    "layer", "export", "--json", "-q", folder, "--to", format, "-o",
                    scratch(output),
                ])
            )
        }
        try page.check(
            "pak layer down",
            pak(["layer", "down", "--json", "-q", folder, "-o", scratch("down")])
        )
        try page.check("pak layer check", pak(["layer", "check", "--json", folder]))
        // Bytes that are gone, bytes of nothing, a name of somebody else; then a log that was cut
        // within its last record, and one with another byte in it.
        try scratch.shell(
            "cd layers/default; rm data/*; touch data/9999 stray; cp log ../log"
        )
        try page.check("pak layer check", pak(["layer", "check", "--json", folder], status: 4))
        try scratch.shell("cd layers/default; truncate -s -3 log")
        try page.check("pak layer check", pak(["layer", "check", "--json", folder], status: 4))
        try scratch.shell(
            "cd layers/default; cp ../log log; printf X | dd of=log bs=1 seek=60 conv=notrunc 2>&1"
        )
        try page.check("pak layer check", pak(["layer", "check", "--json", folder], status: 4))
        try page.check("pak layer init", pak(["layer", "init", "--json", scratch("fresh")]))
    }
}
