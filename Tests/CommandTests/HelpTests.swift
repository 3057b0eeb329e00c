import Testing
import Watched

/// What `--help` says and what the manual's SYNOPSIS says are the same options.
struct HelpTests {
    @Test func theManualOfPakfsHasTheOptionsOfItsHelp() throws {
        let help = try Program.pakfs.run("--help")
        #expect(help.status == 0)
        #expect(
            Self.options(help: help.output)
                == Self.options(manual: try Self.synopsis("pakfs/pakfs.4"))
        )
    }

    @Test(
        .unwatched,
        arguments: [
            "run", "shell", "taste", "capture", "mount", "umount", "doctor", "pack", "check",
            "unpack", "export", "ls", "cat", "stat", "layer init", "layer run", "layer final",
            "layer changes", "layer reads", "layer export", "layer check", "layer down",
            "import",
            "add", "rm", "list", "tree", "why", "info", "files", "owns", "conflicts", "shadowed",
            "switch", "rollback", "pin", "history", "diff", "prefer", "block", "alias", "allow",
            "shine",
            "env create", "env list", "env show", "env delete", "env use", "store verify",
            "store du",
            "gc",
        ]
    )
    func theManualOfPakHasTheOptionsOfEachVerb(verb: String) throws {
        let help = try Program.pak.run(verb.split(separator: " ").map(String.init) + ["--help"])
        #expect(help.status == 0)
        let synopsis = try Self.synopsis("pak/pak.1")
        let start = try #require(synopsis.firstIndex(of: ".B pak \(verb)"))
        let lines = synopsis[(start + 1)...].prefix { !$0.hasPrefix(".B pak ") }
        let options = Self.options(help: help.output)
        #expect(options == Self.options(manual: Array(lines)))
        // What has a long name and a short one has both in the text below.
        let text = try Self.page("pak/pak.1").joined(separator: "\n")
        for option in Self.allNames(help: help.output) {
            #expect(text.contains(option), "\(option)")
        }
    }

    @Test(.unwatched, arguments: ["bash", "zsh", "fish"])
    func completionsNameTheVerbs(shell: String) throws {
        let script = try Program.pak.run("--generate-completion-script", shell)
        #expect(script.status == 0)
        for verb in [
            "run", "shell", "taste", "capture", "mount", "umount", "doctor", "pack", "check",
            "unpack", "export", "ls", "cat", "stat", "layer", "changes", "reads",
        ] {
            #expect(script.output.contains(verb))
        }
    }

    @Test(arguments: [
        ["--no-such"], ["-l"], ["-m", "12", "x"], [], ["-o", "nothing", "x"], ["-e", "A=x"],
        ["-e", "ctl=x"], ["-e", "a=x", "-e", "a=y"], ["-l", "nowhere", "x"],
        ["-o", "sync=op", "x"], ["-c", "l", "-o", "sync=now", "x"],
        ["-c", "l", "-o", "bytes=x", "x"],
        ["-c", "l"], ["-o", "wait=5", "x"], ["-b", "/", "-o", "wait=5"],
        ["-b", "9p!unix!x", "-o", "wait=0"], ["-b", "9p!unix!x", "-o", "wait=+1"],
    ])
    func aCommandLineThatMakesNoSenseEndsWithStatus2(arguments: [String]) throws {
        let outcome = try Program.pakfs.run(arguments)
        #expect(outcome.status == 2)
        #expect(outcome.output.isEmpty)
        #expect(outcome.complaints.hasPrefix("pakfs: "))
    }

    @Test(arguments: [
        ["pack"], ["pack", "--level", "20", "-o", "x", "y"], ["unpack", "x"], ["nothing"],
        ["check"], ["ls", "--no-such"], ["ls", "-a", "nowhere"],
        ["pack", "--progress-fd", "99", "-o", "x", "y"], ["check", "--progress-fd", "0", "y"],
    ])
    func aVerbThatMakesNoSenseEndsWithStatus2(arguments: [String]) throws {
        let outcome = try Program.pak.run(arguments)
        #expect(outcome.status == 2)
        #expect(outcome.output.isEmpty)
        #expect(outcome.complaints.hasPrefix("pak: "))
    }

    /// The lines of a page of the manual.
    private static func page(_ name: String) throws -> [String] {
        let file = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
        let text = try Program(path: "/bin/cat").run("\(file)/Sources/\(name)").output
        return text.split(separator: "\n").map(String.init)
    }

    private static func synopsis(_ name: String) throws -> [String] {
        Array(
            try page(name).drop { $0 != ".SH SYNOPSIS" }.dropFirst().prefix {
                !$0.hasPrefix(".SH ") && !$0.hasPrefix(".B mount ")
            }
        )
    }

    /// The options of a synopsis, one name each.
    private static func options(manual lines: [String]) -> Set<String> {
        let words = lines.flatMap { $0.split { " \"".contains($0) } }
        return Set(
            words.filter { $0.hasPrefix("-") && $0.count > 1 && $0 != "--" }.map(String.init)
        )
    }

    /// The options of a help text: the first name of each, as the synopsis has it.
    private static func options(help: String) -> Set<String> {
        Set(optionLines(help).compactMap(\.first).filter { !["-h", "--help"].contains($0) })
    }

    private static func allNames(help: String) -> [String] {
        optionLines(help).flatMap { $0 }.filter { !["-h", "--help"].contains($0) }
    }

    /// The names that each line of a help text begins with.
    private static func optionLines(_ help: String) -> [[String]] {
        help.split(separator: "\n").compactMap { line in
            let words = line.split { " ,".contains($0) }
            guard line.hasPrefix("  -"), let first = words.first, first.hasPrefix("-") else {
                return nil
            }
            return words.prefix { $0.hasPrefix("-") }.map(String.init)
        }
    }
}
