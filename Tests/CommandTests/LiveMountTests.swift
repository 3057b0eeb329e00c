import Glibc
import Testing

/// `pak mount` of an environment that is changed meanwhile, each word of it as a user says it.
///
/// The mount's kernel keeps for ever what it has seen, and the lack of it.
@Suite(.enabled(if: Visitor.whyNone == nil, "\(Visitor.whyNone ?? "")"))
struct LiveMountTests {
    /// Runs a script in a home that has `a` 1.0-1 and 1.0-2, `b` and `c` as files, and nothing in
    /// its store; it knows pak as `pak`, a directory `at`, and `till WORDS`, which waits until a
    /// command succeeds.
    private func shell(_ who: Visitor, _ scratch: Scratch, _ text: String) throws -> String {
        try EnvironmentTests.makePackages(scratch)
        try scratch.makeDirectory("home/at")
        try scratch.makeDirectory("home/old")
        let (program, words) = try who.program(Program(path: "/bin/sh"), scratch)
        if who != .own { try scratch.shell("chown 65534:65534 home/*") }
        let script = """
            cd '\(scratch("home"))' || exit
            export PAK_STORE="$PWD/store" PAK_ROOT="$PWD/system"
            pak() { '\(Program.pak.path)' "$@"; }
            till() { timeout 60 sh -c "until $1; do :; done" || echo "never: $1"; }
            gone() { pak umount -l at; pak umount -l old 2>/dev/null; }
            trap gone EXIT
            \(text)
            """
        let outcome = try program.run(words + ["-c", script])
        #expect(outcome.status == 0, "\(outcome.output)\(outcome.complaints)")
        return outcome.output
    }

    @Test(arguments: Visitor.withFUSE)
    func aSwitchShowsInAMountAndOpenFilesStayWhatTheyWere(who: Visitor) throws {
        let said = try shell(
            who,
            Scratch(),
            """
            pak import ../a-1.0-2.deb ../b-2.deb >log && pak add ../a-1.0-1.deb >log || exit
            pak mount -e main at || exit
            version=at/usr/share/doc/a/version
            exec 3<$version 4<$version
            cat $version; ls at/usr/bin at/usr/share/doc; [ ! -e at/usr/bin/b ] && echo no b
            pak add a=1.0-2 b
            till "[ -e at/usr/bin/b ]"; till "grep -q 1.0-2 $version"
            till "ls at/usr/share/doc | grep -q b"
            echo; cat $version; ls at/usr/bin; cat <&3
            pak rm a
            till "[ ! -e at/usr/bin/a ]"; till "! ls at/usr/bin | grep -q a"
            echo; ls at/usr/bin; cat <&4
            pak switch 3; till "[ -e $version ]"; till "ls at/usr/bin | grep -q a"
            echo; cat $version; ls at/usr/bin
            pak rollback; till "[ ! -e at/usr/bin/b ]"; till "grep -q 1.0-1 $version"
            till "! ls at/usr/bin | grep -q b"
            echo; cat $version; ls at/usr/bin
            """
        )
        #expect(
            said == """
                a 1.0-1
                at/usr/bin:
                a

                at/usr/share/doc:
                a
                no b
                Generation 3 (was 2)
                ~ a 1.0-1 -> 1.0-2
                + b 2

                a 1.0-2
                a
                b
                a 1.0-1
                Generation 4 (was 3)
                - a 1.0-2

                b
                a 1.0-1
                Generation 3 (was 4)
                + a 1.0-2

                a 1.0-2
                a
                b
                Generation 2 (was 3)
                ~ a 1.0-2 -> 1.0-1
                - b 2

                a 1.0-1
                a

                """
        )
    }

    /// What is asked for by a generation, a hash, or with packages besides, is what it was.
    @Test(arguments: Visitor.withFUSE)
    func aMountOfAStateStaysThat(who: Visitor) throws {
        let said = try shell(
            who,
            Scratch(),
            """
            pak add ../a-1.0-1.deb >log || exit
            pak mount at || exit
            hash=$(pak env show | sed -n 's/^hash //p' | cut -c 1-16)
            for state in main@2 "@$hash" "main -p ../b-2.deb"; do
                pak mount -e $state old || exit
                pak add ../a-1.0-2.deb >log
                # The one that goes with it tells that it is time.
                till "grep -q 1.0-2 at/usr/share/doc/a/version"
                cat old/usr/share/doc/a/version; pak umount old
                pak switch 2 >log; till "grep -q 1.0-1 at/usr/share/doc/a/version"
            done
            """
        )
        #expect(said == "a 1.0-1\na 1.0-1\na 1.0-1\n")
    }

    @Test(arguments: Visitor.withFUSE)
    func whereAnEnvironmentShinesTheDiskIsInTheMount(who: Visitor) throws {
        let said = try shell(
            who,
            Scratch(),
            """
            mkdir disk; echo disk >disk/x
            pak import ../b-2.deb >log; pak add ../a-1.0-1.deb >log || exit
            pak shine /usr/share/doc/a "$PWD/disk" >log || exit
            pak mount --via 9p at 2>&1; echo $?
            pak mount at || exit
            cat at/usr/share/doc/a/x; [ -e at/usr/share/doc/a/version ] || echo hidden
            pak shadowed | grep shine
            echo new >at/usr/share/doc/a/y && cat disk/y
            echo no 2>log >at/usr/bin/a || echo refused
            # Others write there, too.
            echo changed >disk/x; till "grep -q changed at/usr/share/doc/a/x"
            pak add b >log; till "[ -e at/usr/bin/b ]"; cat at/usr/share/doc/a/x
            pak shine --not /usr/share/doc/a >log; till "[ -e at/usr/share/doc/a/version ]"
            echo no 2>log >at/usr/share/doc/a/x || echo refused; cat disk/x
            """
        )
        let shadowed = "/usr/share/doc/a a (shine)\n/usr/share/doc/a/version a (shine)\n"
        let refused = """
            pak: at: where an environment shines the disk is written through fuse alone
            try: --via fuse
            2

            """
        #expect(
            said == "\(refused)disk\nhidden\n\(shadowed)new\nrefused\nchanged\nrefused\nchanged\n",
            "\(said)"
        )
    }

    @Test(arguments: Visitor.withFUSE)
    func aCaptureLiesOverTheDiskThatShines(who: Visitor) throws {
        let said = try shell(
            who,
            Scratch(),
            """
            mkdir disk; echo disk >disk/x; echo other >disk/z
            pak add ../a-1.0-1.deb >log && pak shine /usr/share/doc/a "$PWD/disk" >log || exit
            pak capture -q -e main --list -o "$PWD/new.pak.zst" --name new -- sh -c '
                cd /usr/share/doc/a; cat x; ls; echo new >>x; echo more >y; rm z; cat x y'
            cat disk/x; ls disk; pak unpack -q new.pak.zst out && cat out/usr/share/doc/a/x
            """
        )
        let name = "usr/share/doc/a"
        let changes = "M \(name)/x\nA \(name)/y\nD \(name)/z\n"
        #expect(said.hasPrefix("disk\nx\nz\ndisk\nnew\nmore\n"), "\(said)")
        #expect(said.contains(changes), "\(said)")
        #expect(said.hasSuffix("disk\nx\nz\ndisk\nnew\n"), "\(said)")
    }

    /// At a directory of its own nothing of the kernel's lies between a command and the packages.
    @Test(arguments: Visitor.withFUSE)
    func aCommandSeesTheSwitchAtADirectoryAndTheDiskWhereItShines(who: Visitor) throws {
        let said = try shell(
            who,
            Scratch(),
            """
            mkdir disk; echo disk >disk/x
            pak import ../b-2.deb >log; pak add ../a-1.0-1.deb >log || exit
            cat >see <<'END'
            echo $PAK_VIEW
            ls at/usr/bin at/usr/share/doc/a
            echo new >at/usr/share/doc/a/y || echo refused
            "$0" add b >log; timeout 60 sh -c "until [ -e at/usr/bin/b ]; do :; done"
            ls at/usr/bin; "$0" rollback >log
            timeout 60 sh -c "while [ -e at/usr/bin/b ]; do :; done"; ls at/usr/bin
            END
            pak run --at "$PWD/at" -- sh -c "$(cat see)" '\(Program.pak.path)' 2>log
            pak shine /usr/share/doc/a "$PWD/disk" >log
            pak run --at "$PWD/at" -- sh -c "$(cat see)" '\(Program.pak.path)' 2>log
            cat disk/y
            """
        )
        func seen(_ name: String, _ write: String) -> String {
            "main\nat/usr/bin:\na\n\nat/usr/share/doc/a:\n\(name)\n\(write)a\nb\na\n"
        }
        #expect(said == seen("version", "refused\n") + seen("x", "") + "new\n", "\(said)")
    }

    /// Looking for changes once it is mounted would be a question to the mount itself.
    @Test(arguments: Visitor.withFUSE)
    func aMountOverItsOwnStoreStands(who: Visitor) throws {
        let said = try shell(
            who,
            Scratch(),
            """
            export PAK_STORE="$PWD/at/store"
            pak add ../a-1.0-1.deb >log || exit
            timeout -k 1 60 '\(Program.pak.path)' mount -e main at || exit
            ls at/usr/bin
            """
        )
        #expect(said == "a\n")
    }

    /// Where the kernel tells nobody of changes, the mount that cannot go with them says so while
    /// there is somebody to hear it.
    @Test(arguments: Visitor.withFUSE)
    func aMountThatCannotFollowSaysSo(who: Visitor) throws {
        let said = try shell(
            who,
            Scratch(),
            """
            pak add ../a-1.0-1.deb >log || exit
            refused() {
                unshare -Urm sh -c 'echo 0 >/proc/sys/user/max_inotify_instances; exec "$@"' sh \
                    '\(Program.pak.path)' "$@" 2>&1
            }
            refused run -e main --at "$PWD/at" -- cat at/usr/share/doc/a/version
            refused mount -e main at
            """
        )
        let complaint = "pak: environment main is not followed: "
        let lines = said.split(separator: "\n")
        #expect(lines.count == 3 && lines.contains("a 1.0-1"), "\(said)")
        #expect(lines.filter { $0.hasPrefix(complaint) }.count == 2, "\(said)")
    }

    /// More than there are threads to wait with; some are killed meanwhile.
    @Test(arguments: Visitor.withFUSE)
    func anyNumberMayWaitForWhatHappens(who: Visitor) throws {
        let said = try shell(
            who,
            Scratch(),
            """
            pak add ../a-1.0-1.deb >log || exit
            pak mount -e main --ctl .pak at || exit
            for n in $(seq 48); do
                sh -c ": >opened.$n; exec head -n 1" <at/.pak/events >event.$n &
                all="$all $!"
            done
            till '[ "$(ls | grep -c ^opened)" = 48 ]'
            # What opened before is told, whenever it reads; most wait by now.
            sleep 0.3; timeout 20 cat at/usr/share/doc/a/version
            set -- $all; kill -KILL $1 $2 $3; wait $1 $2 $3 2>/dev/null
            echo rollback >at/.pak/ctl; till '[ "$(cat event.* | wc -l)" = 45 ]'
            cat event.* | cut -d ' ' -f 1-2 | sort | uniq -c | tr -s ' '
            """
        )
        #expect(said == "a 1.0-1\n 45 main 1\n")
    }

    /// As anyone may with echo, in the mount itself, where a refused word is the writer's error.
    @Test(arguments: Visitor.withFUSE)
    func wordsWrittenInAMountChangeIt(who: Visitor) throws {
        let said = try shell(
            who,
            Scratch(),
            """
            pak import ../b-2.deb >log && pak add ../a-1.0-1.deb >log || exit
            pak mount -e main --ctl .pak at || exit
            ls at/.pak; ls at/.pak/env/main; cat at/.pak/ctl
            echo add b >at/.pak/ctl || exit
            till "[ -e at/usr/bin/b ]"; cat at/usr/bin/b at/.pak/ctl
            cut -d ' ' -f 1 at/.pak/env/main/gen
            { echo begin; echo rm a; echo rm nothing; } >at/.pak/ctl || exit
            { echo commit >at/.pak/ctl; } 2>/dev/null && echo taken
            sed -n 's/.*error: //p' at/.pak/ctl; ls at/usr/bin
            echo rollback >at/.pak/env/main/ctl; till "[ ! -e at/usr/bin/b ]"
            echo x 2>/dev/null >at/usr/bin/a && echo written
            cut -d ' ' -f 1 at/.pak/env/main/gen
            # Whoever waits for what happens is told, whenever he begins.
            head -n 1 at/.pak/events >event &
            till "for n in 3 2; do echo gen \\$n >at/.pak/ctl; done; [ -s event ]"
            wait; cut -d ' ' -f 1 event
            """
        )
        #expect(
            said == """
                ctl
                env
                events
                pkg
                conflicts
                ctl
                gen
                packages
                pkg
                rules
                shadowed
                main
                generation 2
                b
                main
                generation 3
                3
                commit: nothing: not in environment main: file does not exist
                a
                b
                2
                main

                """
        )
    }

    @Test func controlFilesAreOfAnEnvironmentThatCanChange() throws {
        let scratch = try Scratch()
        try EnvironmentTests.makePackages(scratch)
        let all = [
            ["--ctl", "a/b"], ["--ctl", "x", "-p", scratch("b-2.deb")],
            ["--ctl", "x", "--via", "9p"],
        ]
        for words in all {
            var pak = Program.pak
            pak.environment["PAK_STORE"] = scratch("store")
            let told = try pak.run(["mount", scratch("at")] + words)
            #expect(told.status == 2)
            #expect(told.complaints.contains("--ctl"))
        }
    }
}
