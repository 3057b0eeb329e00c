import Foundation
import Glibc
import Testing
import Watched

/// Environments as a user has them: the commands, and a pakfs beside them.
@Suite(.unwatched)
struct EnvironmentTests {
    private func pak(_ scratch: Scratch, _ words: String..., status: Int32 = 0) throws -> String {
        try Self.pak(scratch, words, status: status).output
    }

    static func pak(
        _ scratch: Scratch,
        _ words: [String],
        status: Int32 = 0
    ) throws -> Program.Outcome {
        let store = ["--store", scratch("store"), "--root", scratch("system")]
        let outcome = try Program.pak.run(words + store)
        #expect(outcome.status == status, "\(words): \(outcome.complaints)")
        return outcome
    }

    /// Packages of Debian's form: `a` and `b`, and `c`, which needs `b` and disagrees with `a`.
    static func makePackages(_ scratch: Scratch) throws {
        try scratch.shell(
            #"""
            export SOURCE_DATE_EPOCH=1000000000
            make() { # name version text depends
                mkdir -p deb/DEBIAN deb/usr/bin deb/usr/share/doc/$1
                echo $3 >deb/usr/bin/$3; echo $1 $2 >deb/usr/share/doc/$1/version
                [ $1 = $3 ] || echo $1 >deb/usr/bin/$3
                printf 'Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: x\nDescription: x\n' \
                    $1 $2 >deb/DEBIAN/control
                [ -z "$4" ] || echo "Depends: $4" >>deb/DEBIAN/control
                dpkg-deb --root-owner-group -b deb $1-$2.deb >&2; rm -r deb
            }
            make a 1.0-1 a; make a 1.0-2 a; make b 2 b; make c 3 a b
            """#
        )
    }

    /// Takes packages `m1` to `m24` into the store: more than a log names by their ids at once.
    static func importMany(_ scratch: Scratch) throws {
        try scratch.shell(
            """
            for i in $(seq 24); do
                mkdir t && echo $i >t/m$i && tar -C t -cf m$i-1.tar . && rm -r t || exit
            done
            """
        )
        _ = try pak(scratch, ["import"] + (1...24).map { scratch("m\($0)-1.tar") })
    }

    /// Their names.
    static let many = (1...24).map { "m\($0)" }

    @Test func aFileThatIsTakenForAPackageIsToldWithItsSlash() throws {
        let scratch = try Scratch()
        try Self.makePackages(scratch)
        let outcome = try Program(path: "/bin/sh").run(
            "-c",
            "cd '\(scratch.path)' && exec '\(Program.pak.path)' add a-1.0-1.deb --store s --root r"
        )
        #expect(outcome.status == 1)
        let cure = "try: pak add --store s --root r ./a-1.0-1.deb\n"
        #expect(outcome.complaints.hasSuffix(cure), "\(outcome)")
    }

    @Test func whatIsBelowADirectoryIsMeantWhateverAVariableSays() throws {
        let scratch = try Scratch()
        try Self.makePackages(scratch)
        var pak = Program.pak
        pak.environment["PAK_STORE"] = scratch("mine")
        func run(_ words: String...) throws -> Program.Outcome {
            let outcome = try pak.run(words)
            #expect(outcome.status == 0, "\(words): \(outcome.complaints)")
            return outcome
        }
        _ = try run("add", scratch("a-1.0-1.deb"))
        _ = try run("add", "--root", scratch("below"), scratch("b-2.deb"))
        #expect(try run("list").output.hasSuffix(" a 1.0-1\n"))
        #expect(try run("list", "--root", scratch("below")).output.hasSuffix(" b 2\n"))
        _ = try run("env", "delete", "--root", scratch("below"), "main")
        #expect(try run("list").output.hasSuffix(" a 1.0-1\n"))
    }

    @Test func whatIsAddedIsThereAndWhatIsUndoneIsAsBefore() throws {
        let scratch = try Scratch()
        try Self.makePackages(scratch)
        // Which of the two would be had is not to hang on the order of the words.
        let both = ["add", scratch("a-1.0-2.deb"), scratch("a-1.0-1.deb")]
        let none = try Self.pak(scratch, both, status: 2)
        #expect(none.complaints.contains("pak: a: 2 packages of that name at once"))
        _ = try pak(scratch, "import", scratch("a-1.0-1.deb"), scratch("a-1.0-2.deb"))
        #expect(try pak(scratch, "add", "a=1.0-1") == "Generation 2 (was 1)\n+ a 1.0-1\n")
        #expect(
            try pak(scratch, "add", "a", scratch("b-2.deb"))
                == "Generation 3 (was 2)\n~ a 1.0-1 -> 1.0-2\n+ b 2\n"
        )
        #expect(try pak(scratch, "add", "a") == "Generation 3, as it was\n")
        #expect(try pak(scratch, "rollback") == "Generation 2 (was 3)\n~ a 1.0-2 -> 1.0-1\n- b 2\n")
        #expect(try pak(scratch, "switch", "3").hasPrefix("Generation 3 (was 2)\n"))
        #expect(try pak(scratch, "rm", "a", "a") == "Generation 4 (was 3)\n- a 1.0-2\n")
        let words = try pak(scratch, "history").split(separator: "\n").compactMap {
            $0.split(separator: " ").first
        }
        #expect(words == ["1", "2", "3", "2", "3", "4"])
        #expect(try pak(scratch, "diff", "2", "4") == "- a 1.0-1\n+ b 2\n")
    }

    @Test func equalPackagesHaveOneIdentityInAnyStore() throws {
        var hashes: Set<String> = []
        for order in [["a-1.0-1.deb", "b-2.deb"], ["b-2.deb", "a-1.0-1.deb"]] {
            let scratch = try Scratch()
            try Self.makePackages(scratch)
            for file in order { _ = try pak(scratch, "add", scratch(file)) }
            let lines = try pak(scratch, "env", "show").split(separator: "\n")
            hashes.formUnion(lines.filter { $0.hasPrefix("hash ") }.map(String.init))
        }
        #expect(hashes.count == 1)
    }

    @Test func allConflictsAreToldAndNothingIsChanged() throws {
        let scratch = try Scratch()
        try Self.makePackages(scratch)
        _ = try pak(scratch, "add", scratch("a-1.0-1.deb"))
        let outcome = try Self.pak(scratch, ["add", scratch("c-3.deb")], status: 1)
        #expect(outcome.output.isEmpty)
        #expect(outcome.complaints.contains("/usr/bin/a: packages have different files"))
        // In the stores that were meant.
        let stores = "--store \(scratch("store")) --root \(scratch("system"))"
        let own = "try: pak prefer \(stores) /usr/bin/a a | pak block \(stores) c"
        #expect(outcome.complaints.contains(own), "\(outcome.complaints)")
        _ = try pak(scratch, "env", "create", "web", "--like", "main")
        let other = try Self.pak(scratch, ["add", "-e", "web", scratch("c-3.deb")], status: 1)
        let ways = "try: pak prefer -e web \(stores) /usr/bin/a a | pak block -e web \(stores) c"
        #expect(other.complaints.contains(ways))
        #expect(try pak(scratch, "list").contains(" a 1.0-1"))
        #expect(try !pak(scratch, "list").contains(" c 3"))
        let early = try Self.pak(scratch, ["prefer", "/usr/bin/a", "c"])
        #expect(early.complaints == "pak: c: not in environment main: the rule waits for it\n")
        #expect(try pak(scratch, "add", scratch("c-3.deb")) == "Generation 4 (was 3)\n+ c 3\n")
        #expect(try pak(scratch, "owns", "/usr/bin/a") == "a (hidden)\nc\n")
        #expect(try pak(scratch, "conflicts").hasPrefix("/usr/bin/a: "))
        // Without the rule they disagree again.
        let refused = try Self.pak(scratch, ["prefer", "--not", "usr/bin/a", "c"], status: 1)
        #expect(refused.complaints.contains("1 conflict"))
    }

    @Test func whatNoGenerationUsesIsCollected() throws {
        let scratch = try Scratch()
        try Self.makePackages(scratch)
        _ = try pak(scratch, "import", scratch("b-2.deb"))
        _ = try pak(scratch, "add", scratch("a-1.0-1.deb"))
        _ = try pak(scratch, "add", scratch("a-1.0-2.deb"))
        #expect(try pak(scratch, "gc", "--dry-run").contains("- b 2\n1 packages, "))
        #expect(try pak(scratch, "gc").contains("- b 2\n1 packages, "))
        #expect(try pak(scratch, "list", "--all").split(separator: "\n").count == 2)
        #expect(
            try pak(scratch, "gc", "--why", "--dry-run").contains("  a 1.0-1: main generation 2\n")
        )
        _ = try pak(scratch, "pin", "2")
        #expect(try pak(scratch, "gc", "--keep", "0").hasSuffix("0 packages, 0 bytes removed\n"))
        _ = try pak(scratch, "pin", "--not", "2")
        #expect(try pak(scratch, "gc", "--keep", "0").contains("- a 1.0-1\n"))
        #expect(try Self.pak(scratch, ["rollback"], status: 1).complaints.contains("generation 2"))
        #expect(try pak(scratch, "store", "verify").hasSuffix(" a ok\n"))
    }

    @Test func aPinnedGenerationIsSwitchedToWhenOthersAreForgotten() throws {
        let scratch = try Scratch()
        try Self.makePackages(scratch)
        for name in ["b-2", "a-1.0-1", "a-1.0-2"] {
            _ = try pak(scratch, "add", scratch("\(name).deb"))
        }
        _ = try pak(scratch, "rm", "b")
        _ = try pak(scratch, "pin", "2")
        _ = try pak(scratch, "gc", "--keep", "1")
        #expect(try pak(scratch, "switch", "2").contains("+ b 2\n"))
        #expect(try pak(scratch, "list").hasSuffix(" b 2\n"))
        _ = try pak(scratch, "switch", "5")
        #expect(try pak(scratch, "list").hasSuffix(" a 1.0-2\n"))
    }

    @Test func aDamagedGenerationIsNamedAndNotCollected() throws {
        let scratch = try Scratch()
        try Self.makePackages(scratch)
        for name in ["b-2", "a-1.0-1"] { _ = try pak(scratch, "add", scratch("\(name).deb")) }
        _ = try pak(scratch, "rm", "b")
        let log = scratch("store/envs/main/log")
        try scratch.shell("sed -i '/^generation 2$/s/2/7/' \(log) && cp \(log) before")
        let verified = try Self.pak(scratch, ["store", "verify"], status: 4)
        #expect(verified.complaints.contains("environment main: log: byte "))
        #expect(verified.complaints.contains("pak env create NAME --like main"))
        for words in [["gc"], ["gc", "--keep", "0"], ["history"]] {
            let refused = try Self.pak(scratch, words, status: 1)
            #expect(refused.complaints.contains("environment main: log: byte "), "\(words)")
            #expect(refused.complaints.contains("try: pak store verify"), "\(words)")
        }
        let told = try Self.pak(scratch, ["history"], status: 1).output.split(separator: "\n")
        #expect(told.map { $0.prefix(2) } == ["1 ", "3 ", "4 "], "\(told)")
        try scratch.shell("cmp \(log) before")
        // What is sound goes on, and the way out is one.
        #expect(try pak(scratch, "list").hasSuffix(" a 1.0-1\n"))
        _ = try pak(scratch, "switch", "3")
        _ = try pak(scratch, "add", "b")
        _ = try pak(scratch, "env", "create", "new", "--like", "main")
        _ = try pak(scratch, "env", "delete", "main")
        #expect(try pak(scratch, "store", "verify").contains(" a ok"))
        #expect(try pak(scratch, "list", "--env", "new").contains(" b 2\n"))
    }

    @Test func aDamagedPackageIsNamedWhereverItIsMet() throws {
        let scratch = try Scratch()
        try Self.makePackages(scratch)
        _ = try pak(scratch, "add", scratch("a-1.0-1.deb"))
        try scratch.shell("for f in store/packages/a-*; do truncate -s -100 $f; done")
        let checked = try Self.pak(scratch, ["store", "verify"], status: 4)
        #expect(checked.output.contains(" a "))
        #expect(!checked.output.contains(" a ok"))
        let refused = try Self.pak(scratch, ["add", scratch("b-2.deb")], status: 1)
        #expect(refused.complaints.contains("a-1.0%2D1."))
        // What a check says to do does it.
        #expect(checked.complaints.hasSuffix("1 fault\ntry: pak import the package again\n"))
        _ = try pak(scratch, "import", scratch("a-1.0-1.deb"))
        #expect(try pak(scratch, "store", "verify").contains(" a ok\n"))
        #expect(try pak(scratch, "owns", "/usr/bin/a") == "a\n")
        try scratch.shell("rm store/packages/a-*")
        #expect(
            try Self.pak(scratch, ["owns", "/usr/bin/a"], status: 1).complaints
                .contains("package a 1.0-1")
        )
        // An import of the same puts it back.
        _ = try pak(scratch, "import", scratch("a-1.0-1.deb"))
        #expect(try pak(scratch, "owns", "/usr/bin/a") == "a\n")
    }

    @Test func aLowerStoreIsReadAndNotWritten() throws {
        let scratch = try Scratch()
        try Self.makePackages(scratch)
        let system = ["--root", scratch("system")]
        let made = try Program.pak.run(["env", "create", "tools"] + system)
        #expect(made.status == 0, "\(made.complaints)")
        let added = try Program.pak.run(["add", "-e", "tools", scratch("a-1.0-1.deb")] + system)
        #expect(added.status == 0, "\(added.complaints)")
        #expect(try pak(scratch, "list", "-e", "tools").hasSuffix(" a 1.0-1\n"))
        let refused = try Self.pak(scratch, ["rm", "-e", "tools", "a"], status: 1)
        #expect(refused.complaints.contains("try: pak env create ANOTHER --like tools"))
        _ = try pak(scratch, "env", "create", "mine", "--like", "tools")
        #expect(try pak(scratch, "rm", "-e", "mine", "a") == "Generation 2 (was 1)\n- a 1.0-1\n")
        // The upper one of a name is meant.
        _ = try pak(scratch, "env", "create", "tools")
        #expect(try pak(scratch, "list", "-e", "tools").isEmpty)
    }

    @Test func otherSpellingsMeanTheSame() throws {
        let scratch = try Scratch()
        try Self.makePackages(scratch)
        _ = try pak(scratch, "import", scratch("a-1.0-1.deb"), scratch("a-1.0-2.deb"))
        #expect(try pak(scratch, "install", "--offline", "a==1.0-1").hasSuffix("+ a 1.0-1\n"))
        var offline = Program.pak
        offline.environment["PAK_OFFLINE"] = "1"
        let store = ["--store", scratch("store"), "--root", scratch("system")]
        #expect(try offline.run(["list"] + store).status == 0)
        #expect(try pak(scratch, "env", "--list") == pak(scratch, "env", "list"))
        #expect(try pak(scratch, "uninstall", "a").hasSuffix("- a 1.0-1\n"))
    }

    /// Home over common over system: an environment hides the one of its name below.
    @Test func theUsersOwnEnvironmentBeginsAsTheMachines() throws {
        let scratch = try Scratch()
        try Self.makePackages(scratch)
        let below = ["--store", scratch("system/var/lib/pak"), "--root", scratch("system")]
        #expect(try Program.pak.run(["add", scratch("b-2.deb")] + below).status == 0)
        func names() throws -> [Substring] {
            try pak(scratch, "list").split(separator: "\n").map { $0.dropFirst(17) }
        }
        #expect(try names() == ["b 2"])
        // What is refused hides nothing.
        let refused = try Self.pak(scratch, ["rm", "a"], status: 1).complaints
        #expect(refused.contains("\ntry: pak list --store "), "\(refused)")
        for words in [["add", scratch("none.deb")], ["rollback"], ["switch", "9"], ["pin", "9"]] {
            _ = try Self.pak(scratch, words, status: 1)
        }
        #expect(try names() == ["b 2"])
        #expect(try Program.pak.run(["add", scratch("c-3.deb")] + below).status == 0)
        #expect(try names() == ["b 2", "c 3"])
        #expect(try Program.pak.run(["rm", "c"] + below).status == 0)
        let added = try pak(scratch, "add", scratch("a-1.0-1.deb"))
        #expect(added == "Generation 2 (was 1)\n+ a 1.0-1\n")
        #expect(try names() == ["a 1.0-1", "b 2"])
        #expect(try pak(scratch, "why", "b").hasSuffix("asked for\n"))
        #expect(try pak(scratch, "rollback") == "Generation 1 (was 2)\n- a 1.0-1\n")
        #expect(try Program.pak.run(["rm", "b"] + below).status == 0)
        #expect(try names() == ["b 2"])
        // What the machine has no more is the user's still.
        let gc = try Program.pak.run(["gc", "--keep", "0"] + below)
        #expect(gc.output.contains("- b 2\n"), "\(gc.complaints)")
        #expect(try pak(scratch, "owns", "/usr/bin/b") == "b\n")
        _ = try pak(scratch, "env", "create", "more", "--like", "main")
        #expect(try pak(scratch, "owns", "-e", "more", "/usr/bin/b") == "b\n")
    }

    @Test func aPackageOfTheMachinesStaysWhereItWasAdded() throws {
        let scratch = try Scratch()
        try Self.makePackages(scratch)
        let below = ["--store", scratch("system/var/lib/pak"), "--root", scratch("system")]
        #expect(try Program.pak.run(["import", scratch("b-2.deb")] + below).status == 0)
        _ = try pak(scratch, "env", "create", "main")
        #expect(try pak(scratch, "add", "b") == "Generation 2 (was 1)\n+ b 2\n")
        #expect(try Program.pak.run(["gc"] + below).output.contains("- b 2\n"))
        #expect(try pak(scratch, "owns", "/usr/bin/b") == "b\n")
        #expect(try pak(scratch, "store", "verify").hasSuffix(" b ok\n"))
    }

    @Test(arguments: ["ctl", "default", "A", "a/b", ""])
    func aNameThatAServerKnowsSomethingElseByIsRefused(name: String) throws {
        let scratch = try Scratch()
        #expect(try Self.pak(scratch, ["env", "create", name], status: 2).output.isEmpty)
    }

    @Test func oneWhoWaitsGoesOnWhenAnotherIsDone() throws {
        let scratch = try Scratch()
        try Self.makePackages(scratch)
        _ = try pak(scratch, "import", scratch("b-2.deb"))
        _ = try pak(scratch, "add", scratch("a-1.0-1.deb"))
        // Another command that takes its time: whoever has the lock changes the environment.
        let descriptor = open(scratch("store/envs/main/lock"), O_RDWR | O_CLOEXEC)
        try #require(descriptor >= 0 && flock(descriptor, LOCK_EX) == 0)
        #expect(try Self.pak(scratch, ["add", "b"], status: 7).output.isEmpty)
        #expect(try Self.pak(scratch, ["add", "--wait", "0", "b"], status: 7).output.isEmpty)
        let store = ["--store", scratch("store"), "--root", scratch("system")]
        let waiting = try Program.pak.start(["add", "--wait", "600", "b"] + store)
        // By now one who does not wait has come and gone.
        #expect(try Self.pak(scratch, ["rm", "a"], status: 7).output.isEmpty)
        close(descriptor)
        #expect(waiting.wait() == 0)
        #expect(waiting.output.rest() == "Generation 3 (was 2)\n+ b 2\n")
        // And one who makes an environment that another is about to make.
        try scratch.makeDirectory("store/envs/web")
        let other = open(scratch("store/envs/web/lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        try #require(other >= 0 && flock(other, LOCK_EX) == 0)
        #expect(try Self.pak(scratch, ["env", "create", "web"], status: 7).output.isEmpty)
        let making = try Program.pak.start(["env", "create", "--wait", "600", "web"] + store)
        #expect(try Self.pak(scratch, ["env", "create", "web"], status: 7).output.isEmpty)
        close(other)
        #expect(making.wait() == 0)
        #expect(making.output.rest() == "web\n")
    }

    /// The bytes of a path as they are, and as other commands print them.
    @Test func aPathOfAnyBytesHasItsOwner() throws {
        let scratch = try Scratch()
        try scratch.shell(
            #"""
            mkdir -p p/usr/bin p/opt/v1 q/opt; echo x >"p/opt/v1/$(printf 'a\377b')"
            echo x >p/usr/bin/x; echo x >p/opt/50%25; ln -s v1 p/opt/now; echo y >q/opt/50%
            tar -C p -cf p.tar .; tar -C q -cf q.tar .
            """#
        )
        _ = try pak(scratch, "add", scratch("p.tar"), scratch("q.tar"))
        #expect(try pak(scratch, "owns", "/opt/v1/a%FFb") == "p\n")
        #expect(try pak(scratch, "owns", "/opt/now/a%FFb") == "p\n")
        // What is there in these very letters is meant first.
        #expect(try pak(scratch, "owns", "opt/50%25") == "p\n")
        _ = try pak(scratch, "rm", "p")
        #expect(try pak(scratch, "owns", "opt/50%25") == "q\n")
        _ = try pak(scratch, "rollback")
        let stores = "--store '\(scratch("store"))' --root '\(scratch("system"))'"
        let raw = try scratch.shell(
            #"'\#(Program.pak.path)' owns \#(stores) "/opt/v1/$(printf 'a\377b')""#
        )
        #expect(raw == "p\n")
        let none = try Self.pak(scratch, ["owns", "/opt/v1/a%FEb"], status: 1)
        #expect(none.complaints.contains("/opt/v1/a%FEb: no package of main has it"))
        #expect(try Self.pak(scratch, ["owns", "/opt/../x"], status: 2).output.isEmpty)
    }

    /// By the alias that packages of Debian bring, and by the host's own link.
    @Test(arguments: ["deb", "tar"])
    func aPathThroughAMergedUsrHasItsOwner(kind: String) throws {
        let scratch = try Scratch()
        try Self.makePackages(scratch)
        try scratch.shell("mkdir -p p/usr/bin; echo a >p/usr/bin/a; tar -C p -cf a.tar .")
        _ = try pak(scratch, "add", scratch(kind == "deb" ? "a-1.0-1.deb" : "a.tar"))
        #expect(try pak(scratch, "owns", "/usr/bin/a") == "a\n")
        var link = [UInt8](repeating: 0, count: 16)
        let isMerged = readlink("/bin", &link, link.count) > 0
        guard kind == "deb" || isMerged else { return }
        #expect(try pak(scratch, "owns", "/bin/a") == "a\n")
        #expect(try Self.pak(scratch, ["owns", "/bin/none"], status: 1).output.isEmpty)
    }

    @Test func whatAnotherStoreHasIsNotDeletedHere() throws {
        let scratch = try Scratch()
        let system = scratch("system/var/lib/pak")
        let roots = ["--root", scratch("system")]
        _ = try Program.pak.run(["env", "create", "web", "--store", system] + roots)
        let told = try Self.pak(scratch, ["env", "delete", "web"], status: 1).complaints
        #expect(told.hasPrefix("pak: environment web is in the store \(system): read only file"))
        let way = try #require(told.split(separator: "try: pak ").last?.split(separator: ",").first)
        try scratch.shell("'\(Program.pak.path)' \(way) --root '\(scratch("system"))'")
        let gone = try Self.pak(scratch, ["env", "delete", "web"], status: 1).complaints
        #expect(gone == "pak: environment web: file does not exist\ntry: pak env list\n")
    }

    @Test func namesAreCompletedFromTheStore() throws {
        let scratch = try Scratch()
        try Self.makePackages(scratch)
        _ = try pak(scratch, "add", scratch("a-1.0-1.deb"))
        _ = try pak(scratch, "env", "create", "web")
        let program = Program(path: "/usr/bin/env")
        func complete(_ words: String...) throws -> String {
            try program.run(
                [
                    "PAK_STORE=\(scratch("store"))", "PAK_ROOT=\(scratch("system"))",
                    Program.pak.path,
                ]
                    + ["---completion"] + words
            ).output
        }
        let members = try complete("rm", "--", "positional@0", "2", "0", "pak", "rm", "")
        #expect(members.split(separator: "\n") == ["a"])
        #expect(
            try complete("list", "--", "--env", "3", "0", "pak", "list", "-e", "w").contains("web")
        )
    }

    /// By the script that the manual says, as bash calls it; a name of a file is never run.
    @Test func bashCompletesNamesAndPathsWherePackagesAreNamed() throws {
        let scratch = try Scratch()
        try Self.makePackages(scratch)
        _ = try pak(scratch, "import", scratch("a-1.0-1.deb"), scratch("b-2.deb"))
        try scratch.shell(
            #"""
            mkdir -p files/folder/below
            touch 'files/b x.deb' files/bc.deb files/.hidden 'files/$(touch oops).deb' "files/b'y"
            """#
        )
        try scratch.write(
            "ask",
            #"""
            . ./script
            call=$(sed -n 's/^complete .* -F \([^ ]*\) pak$/\1/p' script)
            COMP_WORDS=("$PAK" "$@"); COMP_CWORD=$#
            COMP_LINE="${COMP_WORDS[*]}"; COMP_POINT=${#COMP_LINE}
            $call pak "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
            printf '%s\n' "${COMPREPLY[@]}"
            """#
        )
        try scratch.shell("'\(Program.pak.path)' --generate-completion-script bash >script")
        var bash = Program(path: "/bin/bash")
        bash.environment = [
            "PAK": Program.pak.path, "PAK_STORE": scratch("store"),
            "PAK_ROOT": scratch("system"), "HOME": scratch("files"),
        ]
        func ask(_ words: String...) throws -> [String] {
            let line = words.map { "'\($0)'" }.joined(separator: " ")
            let told = try bash.run("-c", "cd '\(scratch.path)' && bash ./ask \(line)")
            #expect(told.status == 0, "\(words): \(told.complaints)")
            return told.output.split(separator: "\n").map(String.init)
        }
        #expect(try ask("add", "") == ["a", "b"])
        #expect(try ask("add", "b") == ["b"])
        #expect(
            try ask("add", "./files/b") == [
                "./files/b x.deb", "./files/b'y", "./files/bc.deb",
            ]
        )
        #expect(try ask("add", "./files/").contains("./files/$(touch oops).deb"))
        #expect(try ask("add", "./files/.").contains("./files/.hidden"))
        #expect(try ask("add", "a", "~/f") == ["~/folder"])
        #expect(!Scratch.names(in: scratch.path).contains("oops"))
        for words in [["run", "-p"], ["run", "--package"], ["mount", "-p"], ["taste"]] {
            #expect(try ask(words[0], words.count > 1 ? words[1] : "a", "b") == ["b", "b-2.deb"])
        }
        #expect(try ask("taste", "./files/f") == ["./files/folder"])
    }

    @Test(arguments: [
        ("fish", "./files/f", ["./files/folder/"]),
        ("zsh", "./files/f", ["./files/folder/", "./files/folder/below/"]),
        ("zsh", "./files/c", [#"./files/c\:d"#]), ("fish", "./files/c", ["./files/c:d"]),
    ])
    func otherShellsAreToldWhatADirectoryIs(shell: String, word: String, names: [String]) throws {
        let scratch = try Scratch()
        try scratch.shell("mkdir -p files/folder/below; touch files/c:d")
        let command = "---completion add -- positional@0 2 \(word.utf8.count) pak add \(word)"
        let told = try scratch.shell("SAP_SHELL=\(shell) '\(Program.pak.path)' \(command)")
        // To zsh a line more is said, which its script leaves out.
        #expect(told.split(separator: "\n").prefix(names.count).elementsEqual(names) { $0 == $1 })
        #expect(told.split(separator: "\n").count <= names.count + 1)
    }
}

extension JSONTests {
    func check(environmentsIn scratch: Scratch, _ page: inout JSONPage) throws {
        try EnvironmentTests.makePackages(scratch)
        func check(_ verb: String, _ words: String..., status: Int32 = 0) throws {
            let verbs = verb.split(separator: " ").dropFirst().map(String.init)
            let outcome = try EnvironmentTests.pak(
                scratch,
                verbs + ["--json"] + words,
                status: status
            )
            try page.check(verb, outcome.output)
        }
        try check("pak import", scratch("a-1.0-1.deb"), scratch("r.pak.zst"))
        try check("pak env create", "main")
        try check("pak add", "a", "r", scratch("b-2.deb"))
        try check("pak list")
        try check("pak env list")
        try check("pak prefer", "usr/bin/a", "c")
        try check("pak alias", "opt", "usr/opt")
        try check("pak block", "b", "usr/share/doc")
        try check("pak allow", "b")
        try check("pak env show")
        try check("pak add", scratch("c-3.deb"))
        try check("pak tree")
        for package in ["b", "r"] { try check("pak why", package) }
        for package in ["b", "r"] { try check("pak info", package) }
        try check("pak files", "b")
        try check("pak owns", "/usr/bin/a")
        try check("pak conflicts")
        try scratch.shell("mkdir -p below/opt below/usr/bin; touch below/usr/bin/a")
        try check("pak shadowed", "--base", scratch("below"))
        try check("pak diff", "2", "6")
        try check("pak diff", "6", "7")
        try check("pak diff", "7", "6")
        try check("pak diff", "--files", "6", "7")
        try check("pak rm", "b")
        try check("pak rollback")
        try check("pak switch", "8")
        try check("pak history")
        try check("pak store du")
        try check("pak store verify")
        try scratch.shell("mkdir disk")
        try check("pak shine", "/usr/share/doc/b", scratch("disk"))
        try check("pak shadowed", "--base", scratch("below"))
        try check("pak gc", "--why", "--dry-run")
        let id = "$(sha256sum <c-3.deb | cut -c-64)"
        try scratch.shell("mkdir store/lists && cp c-3.deb store/lists/\(id)")
        try check("pak store du")
        _ = try EnvironmentTests.pak(scratch, ["env", "delete", "main"])
        try check("pak gc")
    }
}
