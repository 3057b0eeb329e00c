import Glibc
import Testing
import Watched

/// What is told when something is refused: what it is about, and what helps.
@Suite(.unwatched)
struct CureTests {
    @Test func aMountAtWhatIsNoDirectoryIsRefusedBeforeAnything() throws {
        let scratch = try Scratch()
        try EnvironmentTests.makePackages(scratch)
        _ = try EnvironmentTests.pak(scratch, ["add", scratch("a-1.0-1.deb")])
        try scratch.write("file", "kept\n")
        for what in [["-e", "main"], ["-p", scratch("a-1.0-1.deb")]] {
            var program = Program.pak
            program.environment = ["PAK_STORE": scratch("store")]
            let run = try program.run(["mount"] + what + [scratch("file")])
            #expect(run.status == 1)
            #expect(run.complaints.hasPrefix("pak: \(scratch("file")): not a directory\ntry: "))
        }
        #expect(try scratch.bytes("file") == Array("kept\n".utf8))
    }

    @Test(
        arguments: [
            (["pin", "0"], "pak history"), (["pin", "5000"], "pak history"),
            (["env", "use", ".."], "pak env list"), (["env", "use", "b"], "pak env create b"),
            (["add", "b"], "pak import the package again"),
        ]
    )
    func whatIsRefusedHasACure(words: [String], cure: String) throws {
        let scratch = try Scratch()
        try EnvironmentTests.makePackages(scratch)
        _ = try EnvironmentTests.pak(scratch, ["add", scratch("a-1.0-1.deb")])
        if words[0] == "add" {
            _ = try EnvironmentTests.pak(scratch, ["import", scratch("b-2.deb")])
            try scratch.shell("rm store/packages/a-*; rm -rf store/tables")
        }
        let run = try Program.pak.run(
            words + ["--store", scratch("store"), "--root", scratch("system")]
        )
        #expect(run.status == 1, "\(run.output)")
        #expect(
            run.complaints.hasSuffix("\ntry: \(cure)\n")
                || run.complaints.contains("\ntry: \(cure) --store "),
            "\(run.complaints)"
        )
    }

    /// What helps is typed as it is told: it is about the same environment and the same stores.
    @Test func aCureIsOfTheEnvironmentThatWasMeant() throws {
        let scratch = try Scratch()
        try EnvironmentTests.makePackages(scratch)
        let stores = "--store \(scratch("store")) --root \(scratch("system"))"
        let folder = scratch("disk")
        func cure(_ words: String...) throws -> String {
            let complaints = try EnvironmentTests.pak(scratch, words, status: 1).complaints
            #expect(!complaints.contains("//"), "\(complaints)")
            return complaints.split(separator: "\n").last.map(String.init) ?? ""
        }
        _ = try EnvironmentTests.pak(scratch, ["env", "create", "o"])
        _ = try EnvironmentTests.pak(scratch, ["add", "-e", "o", scratch("a-1.0-1.deb")])
        #expect(try cure("export", "-e", "o@77", scratch("x")) == "try: pak history -e o \(stores)")
        #expect(try cure("owns", "-e", "o", "/nope") == "try: pak shadowed -e o \(stores)")
        let shine = "pak shine -e o \(stores)"
        #expect(
            try cure("shine", "-e", "o", "/opt/q", folder)
                == "try: mkdir -p \(folder), or \(shine) --copy /opt/q \(folder)"
        )
        try scratch.shell("mkdir disk full; touch full/x; ln -s disk link")
        #expect(
            try cure("shine", "-e", "o", "/opt/q", scratch("link"))
                == "try: a folder to which no link leads: \(shine) /opt/q FOLDER"
        )
        let full = scratch("full")
        #expect(
            try cure("shine", "-e", "o", "--copy", "/usr/share/doc/a", full)
                == "try: \(shine) /usr/share/doc/a \(full): what is there stays"
        )
    }

    @Test(.enabled(if: Visitor.whyNone == nil, "\(Visitor.whyNone ?? "")"))
    func aFolderOfTheDiskThatIsGoneIsToldWithTheEnvironment() throws {
        let scratch = try Scratch()
        try EnvironmentTests.makePackages(scratch)
        try scratch.makeDirectory("disk")
        _ = try EnvironmentTests.pak(scratch, ["env", "create", "o"])
        _ = try EnvironmentTests.pak(scratch, ["shine", "-e", "o", "/opt/q", scratch("disk")])
        try scratch.shell("rmdir disk")
        let stores = ["--store", scratch("store"), "--root", scratch("system")]
        let run = try Program.pak.run(["run", "-e", "o"] + stores + ["--", "true"])
        let shine = "pak shine -e o \(stores.joined(separator: " "))"
        #expect(run.complaints.contains("shine /opt/q: \(scratch("disk")): file does not exist"))
        #expect(run.complaints.hasSuffix("try: \(shine) --copy /opt/q, or \(shine) --not /opt/q\n"))
    }

    /// The table that is kept of what there is tells of no package that nobody can open.
    @Test(arguments: [["rm", "a"], ["add", "a-1.0-2.deb"]])
    func aPackageThatIsGoneOrDamagedCanBeTakenOut(words: [String]) throws {
        for damage in ["rm store/packages/a-*", "truncate -s 100 store/packages/a-*"] {
            let scratch = try Scratch()
            try EnvironmentTests.makePackages(scratch)
            let both = [scratch("a-1.0-1.deb"), scratch("b-2.deb")]
            _ = try EnvironmentTests.pak(scratch, ["add"] + both)
            try scratch.shell("ls store/tables/*; \(damage)")
            let file = words[1].hasSuffix(".deb") ? scratch(words[1]) : words[1]
            _ = try EnvironmentTests.pak(scratch, [words[0], file])
            let list = try EnvironmentTests.pak(scratch, ["list"]).output
            #expect(list.contains("b 2") && !list.contains("a 1.0-1"), "\(list)")
        }
    }

    @Test(.mounting)
    func aFullFileSystemIsNamedByItsStore() throws {
        let scratch = try Scratch()
        try EnvironmentTests.makePackages(scratch)
        try scratch.makeDirectory("store")
        let run = try Program(path: "/usr/bin/unshare").run(
            "-m",
            "sh",
            "-c",
            """
            cd '\(scratch.path)'; mount -t tmpfs -o size=64k none store || exit 1
            export PAK_STORE="$PWD/store" PAK_ROOT="$PWD/system"; pak='\(Program.pak.path)'
            "$pak" env create first; cat /dev/zero >store/full 2>/dev/null
            for words in "add ./a-1.0-1.deb" "import ./a-1.0-1.deb" "env create second" \
                "env use first"; do
                "$pak" $words && echo "$words: done"
            done 2>&1 | sed 's/^/: /'
            """
        )
        let lines = run.output.split(separator: "\n").dropFirst()
        let cure = ": try: pak gc, or --store FOLDER, where there is room"
        #expect(lines.count == 8, "\(run.output)")
        for (number, line) in lines.enumerated() {
            if number % 2 == 1 {
                #expect(line == cure)
            } else {
                #expect(line.hasPrefix(": pak: store \(scratch("store"))"), "\(line)")
                #expect(line.hasSuffix("file system is full"), "\(line)")
            }
        }
    }

    /// What holds the packages is the history, and forgetting of it is written.
    @Test(.mounting)
    func aFullStoreIsMadeSmallerByItsHistory() throws {
        let scratch = try Scratch()
        try EnvironmentTests.makePackages(scratch)
        try scratch.makeDirectory("store")
        let run = try Program(path: "/usr/bin/unshare").run(
            "-m",
            "sh",
            "-c",
            """
            cd '\(scratch.path)'; mount -t tmpfs -o size=1m none store || exit 1
            export PAK_STORE="$PWD/store" PAK_ROOT="$PWD/system"; pak='\(Program.pak.path)'
            for file in a-1.0-1 a-1.0-2 b-2; do "$pak" add ./$file.deb >/dev/null; done
            cp -r store/tables kept; rm -r store/tables; cat /dev/zero >store/full 2>/dev/null
            "$pak" gc --keep 1 2>&1; "$pak" list | wc -l
            rm store/full; mv kept store/tables; ls store/tables | grep -q union || echo no table
            cat /dev/zero >store/full 2>/dev/null
            "$pak" gc | cut -d , -f 1; "$pak" gc --keep 1 | cut -d , -f 1
            "$pak" list | cut -d ' ' -f 2-; ls store/packages | wc -l; "$pak" store verify | wc -l
            """
        )
        let lines = """
            pak: store \(scratch("store")): write: file system is full
            try: pak env delete NAME, or to remove other files there
            2
            0 packages
            - a 1.0-1
            1 packages
            a 1.0-2
            b 2
            2
            2

            """
        #expect(run.output == lines, "\(run.complaints)")
    }
}
