import Glibc
import Testing

/// Names and words of the host that are not UTF-8.
struct ByteTests {
    /// A package, and a shell whose `$pak` is the program and whose `$n` is a name of one odd byte.
    private func shell(_ scratch: Scratch, _ text: String) throws -> Program.Outcome {
        try scratch.makeDirectory("cache")
        try scratch.shell("mkdir -p a/usr/share/bytes; tar -C a -cf a.tar .")
        var sh = Program(path: "/bin/sh")
        sh.environment = [
            "pak": Program.pak.path, "XDG_CACHE_HOME": scratch("cache"),
            "PAK_STORE": scratch("store"),
        ]
        return try sh.run("-c", "cd '\(scratch.path)'; n=$(printf 'a\\377'); \(text)")
    }

    @Test(
        .enabled(if: Visitor.whyNone == nil, "\(Visitor.whyNone ?? "")"),
        arguments: [
            // The line that is read without the parser, and what the parser reads.
            "run -p $a", "run -p $a --", "run --no-net -p $a --", "taste $a --",
        ]
    )
    func aCommandHasItsWordsVariablesAndDirectoryByteForByte(line: String) throws {
        let scratch = try Scratch()
        let run = try shell(
            scratch,
            """
            a=$PWD/a.tar; mkdir "cw$n"; cd "cw$n"; touch "$n" kept
            X=$n "$pak" \(line) sh -c 'rm "$1" && printf "%s/" "$1" "$X" "$(pwd -P)"' sh "$n" |
                od -An -v -c | tr -d ' \\n' && ls
            """
        )
        #expect(run.complaints.isEmpty, "\(run.complaints)")
        #expect(run.output.hasPrefix(#"a377/a377/"#), "\(run.output)")
        #expect(run.output.hasSuffix(#"/cwa377/kept"# + "\n"), "\(run.output)")
    }

    @Test(.enabled(if: Visitor.whyNone == nil, "\(Visitor.whyNone ?? "")"))
    func whatACaptureMakesHasTheNameThatItWasGiven() throws {
        let scratch = try Scratch()
        let run = try shell(
            scratch,
            """
            "$pak" capture -q -o made.tar -- touch "/usr/$n" && tar -tf made.tar --quoting-style=c
            """
        )
        #expect(run.status == 0, "\(run.complaints)")
        #expect(run.output.contains(#"usr/a\377""#), "\(run.output)")
    }

    @Test(
        .enabled(if: Visitor.whyNone == nil, "\(Visitor.whyNone ?? "")"),
        arguments: ["fuse", "overlay"]
    )
    func aViewHasNamesThatAreNoTextHoweverNearItsRoot(way: String) throws {
        guard way != "fuse" || Visitor.own.hasFUSE else { return }
        let scratch = try Scratch()
        let run = try shell(
            scratch,
            """
            mkdir -p "t/pt$n" "t/usr/share/pt$n" "t/usr/pt$n" "src$n" base/bin "base/h$n"
            echo 1 >"t/pt$n/f"; echo 2 >"t/usr/share/pt$n/f"; echo 3 >"t/usr/pt$n/f"; echo 4 >"t/ptf$n"
            ln -s "pt$n" "t/ptl$n"; tar -C t --owner 0 --group 0 -cf t.tar .; echo src >"src$n/in"
            echo 5 >"base/h$n/f"; cp /bin/busybox base/bin
            "$pak" run --via \(way) -p ./t.tar -- cat "/pt$n/f" "/usr/share/pt$n/f" "/usr/pt$n/f" \
                "/ptf$n" "/ptl$n/f"
            "$pak" run --via \(way) --bind "src$n:/mnt" --bind="$PWD/src$n:/pt-new$n/x$n" \
                --bind "src$n:/usr/share/b$n" -p ./t.tar -- \
                cat /mnt/in "/pt-new$n/x$n/in" "/usr/share/b$n/in"
            "$pak" run --via \(way) --at "/at$n" -p ./t.tar -- cat "/at$n/usr/pt$n/f"
            "$pak" run --via \(way) --base base -p ./t.tar -- /bin/busybox cat "/h$n/f" "/pt$n/f"
            "$pak" run --via \(way) --pure --bind "$PWD/base/bin:/bin" -p ./t.tar -- \
                /bin/busybox cat "/pt$n/f"
            cd /; "$pak" capture --via \(way) -p "$OLDPWD/t.tar" --list -- \
                sh -ec 'cat "/pt$1/f"; echo x >"/pt$1/g"; mkdir "/usr/pt-$1"' sh "$n"
            """
        )
        #expect(run.complaints.isEmpty, "\(run.complaints)")
        #expect(
            run.output
                == "1\n2\n3\n4\n1\nsrc\nsrc\nsrc\n3\n5\n1\n1\n1\n"
                + "A pta%FF/g\nA usr/pt-a%FF\n"
        )
    }

    @Test(
        arguments: [
            (#""$pak" run -p "./$n" -- true"#, 125 as Int32),
            (#""$pak" run -p "./$n" true"#, 125),
            (#""$pak" taste "./$n" -- true"#, 125),
            (#""$pak" shell --base "$n" -p ./a.tar"#, 125),
            (#""$pak" run --bind "/tmp:/b" --base="$n" -p ./a.tar true"#, 125),
            (#""$pak" add "./$n""#, 2), (#""$pak" mount -p ./a.tar "$n""#, 2),
            (#""$pak" pack -o "$n" a"#, 2),
        ]
    )
    func aNameOfOursThatIsNoTextIsRefusedAndNotTakenForAnother(line: String, status: Int32) throws {
        let scratch = try Scratch()
        let run = try shell(scratch, "cp -r a \"$n\"; \(line)")
        #expect(run.status == status)
        #expect(
            run.complaints.contains(": names that are not UTF-8 are not taken\ntry: a link"),
            "\(run.complaints)"
        )
        try scratch.shell("! test -e \"$(printf 'a\\357\\277\\275')\"")
    }

    /// Two names that are no text read alike, and so do two spellings of one letter.
    @Test func eachPathOfAServerIsTheOneThatWasGiven() throws {
        let scratch = try Scratch()
        try scratch.shell(
            """
            mkdir base; cd base; echo 1 >"$(printf 'a\\377')"; echo 2 >"$(printf 'a\\376')"
            echo 3 >"$(printf 'e\\314\\201')"; echo 4 >"$(printf '\\303\\251')"
            """
        )
        let address = "unix!\(scratch("socket"))"
        let served = try Served(scratch, ["-l", address, "-b", scratch("base")])
        let run = try shell(
            scratch,
            """
            b=$(printf 'a\\376'); c=$(printf 'e\\314\\201'); d=$(printf '\\303\\251')
            "$pak" cat -a '\(address)' "$b" "$n" "$d" "$c" "$n"
            "$pak" ls "$n" "$b" -a '\(address)' | od -An -v -c | tr -d ' \\n'
            """
        )
        #expect(run.output == "2\n1\n4\n3\n1\n" + #"a377\na376\n"#, "\(run.complaints)")
        #expect(served.end() == 0)
    }

    @Test func aPackageInAFolderWhoseNameIsNoTextIsNotSaidToBeMissing() throws {
        let scratch = try Scratch()
        let run = try shell(
            scratch,
            """
            mkdir "d$n"; cp a.tar "d$n"; cd "d$n"; "$pak" run -p ./a.tar -- true
            """
        )
        #expect(run.status == 125)
        #expect(run.complaints.contains("it lies in a folder whose name is not UTF-8"))
    }
}
