import FileTree
import Glibc
import NinePClient
import Testing

/// A folder of packages beside the pakfs that follows it.
struct FolderTests {
    private struct Live {
        var served: Served
        var seen: Editor
        var events: Fid
        private var place: UInt64 = 0
        /// What the last switch said besides its number.
        private(set) var hash = ""

        init(_ scratch: Scratch, _ folder: String = "web", as who: Visitor = .own) throws {
            // One test may have several.
            let address = "unix!\(scratch("\(folder).socket"))"
            let words = ["-l", address, "-e", "web=dir:\(scratch(folder))"]
            if who == .own {
                served = try Served(scratch, words)
            } else {
                let (program, start) = try who.program(.pakfs, scratch)
                served = try Served(program, start + words)
            }
            // What never comes is not waited for to the end of the suite.
            events = try Client(dial: address, patience: 60_000).attach(to: "ctl").walk("events")
            try events.open()
            seen = try Editor(address, "web")
        }

        /// Waits for the next switch; its number.
        mutating func next() throws -> String {
            let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 1)
            defer { room.deallocate() }
            let count = try events.read(into: room, at: place)
            place += UInt64(count)
            let words = String(decoding: room[..<count], as: UTF8.self).split(separator: " ")
            #expect(words.count == 3 && words.first == "web")
            hash = words.last.map { String($0.filter { $0 != "\n" }) } ?? ""
            return words.count > 1 ? String(words[1]) : ""
        }

        func names(_ path: String = "bin") throws -> Set<String> {
            let folder = try seen.walk(path)
            try folder.open()
            return Set(try folder.entries().map { String(decoding: $0.name, as: UTF8.self) })
        }

        /// Waits for a line of the log.
        func told(_ words: String) -> Bool {
            served.running.complaints.next { $0.contains(words) } != nil
        }

        /// The lines of the log up to one.
        func lines(upTo words: String) -> [String] {
            var lines: [String] = []
            while let line = served.running.complaints.next() {
                lines.append(line)
                if line.contains(words) { return lines }
            }
            Issue.record("no line: \(words)")
            return lines
        }

        func isThere(_ path: String) -> Bool { (try? seen.read(path)) != nil }
    }

    /// Archives `1` to `9`, each of `bin/N` and `all/N`, and `bad`, which disagrees with `1`; a
    /// folder that has `1`.
    private func prepared() throws -> Scratch {
        let scratch = try Scratch()
        try scratch.shell(
            """
            for i in 1 2 3 4 5 6 7 8 9; do
                mkdir -p p/bin p/all; echo $i >p/bin/$i; echo $i >p/all/$i
                tar -C p -cf $i.tar .; rm -r p
            done
            mkdir -p p/bin; echo other >p/bin/1; tar -C p -cf bad.tar .; rm -r p
            mkdir web; cp 1.tar web
            """
        )
        return scratch
    }

    @Test func whatIsDroppedInOrTakenOutShowsAtOnce() throws {
        let scratch = try prepared()
        var live = try Live(scratch)
        #expect(live.isThere("bin/1"))
        let old = try live.seen.open("bin/1")
        let pinned = try live.seen.other("web:pinned")
        try scratch.shell("cp 2.tar web")
        #expect(try live.next() == "2")
        #expect(try live.seen.read("bin/2") == "2\n")
        try scratch.shell("mv 3.tar web; rm web/1.tar; ln 4.tar web/4.tar")
        while !live.isThere("bin/4") { _ = try live.next() }
        #expect(!live.isThere("bin/1") && live.isThere("bin/3") && live.isThere("bin/4"))
        // What was open, and who is pinned, see what they saw.
        #expect(try String(decoding: old.readAll(), as: UTF8.self) == "1\n")
        #expect(try pinned.read("bin/1") == "1\n")
        try scratch.shell("mv web/2.tar web/.hidden")
        while live.isThere("bin/2") { _ = try live.next() }
        #expect(live.served.end() == 0)
    }

    /// It is that of any other environment that has the same.
    @Test func equalContentHasOneIdentityInAnyFolder() throws {
        let scratch = try Scratch()
        try EnvironmentTests.makePackages(scratch)
        try scratch.shell("mkdir one two; cp a-1.0-1.deb one; cp a-1.0-1.deb two/x.deb")
        let rules = ["block a usr/bin/none", "prefer usr/bin/a a", "block c /usr/bin/a/"]
        var live = try [Live(scratch, "one"), Live(scratch, "two")]
        for (place, folder) in ["one", "two"].enumerated() {
            try scratch.shell("cp b-2.deb \(folder)")
            #expect(try live[place].next() == "2")
        }
        let bare = live[0].hash
        #expect(live[1].hash == bare)
        let files = [scratch("b-2.deb"), scratch("a-1.0-1.deb")]
        _ = try EnvironmentTests.pak(scratch, ["add"] + files)
        func shown() throws -> Bool {
            let lines = try EnvironmentTests.pak(scratch, ["env", "show"]).output
            return lines.contains("hash \(live[0].hash)\n")
        }
        #expect(try shown())
        // Rules count, in whatever order and spelling they are told.
        try scratch.write("one/rules", rules.joined(separator: "\n") + "\n")
        try scratch.write("two/rules", rules.reversed().joined(separator: "\n") + "\n")
        for place in live.indices { #expect(try live[place].next() == "3") }
        #expect(live[1].hash == live[0].hash && live[0].hash != bare)
        #expect(try !shown())
        for rule in rules {
            let words = rule.split(separator: " ").map(String.init)
            _ = try EnvironmentTests.pak(scratch, words)
        }
        #expect(try shown())
        // By it one attaches to that state and no other, for as long as it is there.
        let hash = String(live[0].hash.prefix(16))
        #expect(try live[0].seen.other("web@\(hash)").read("usr/bin/a") == "a\n")
        #expect(throws: FileError.self) { try live[0].seen.other("web@\(bare)") }
        for one in live { #expect(one.served.end() == 0) }
    }

    @Test func theControlTreeHasWhatItHasOfEnvironmentsOfStores() throws {
        let scratch = try Scratch()
        try EnvironmentTests.makePackages(scratch)
        try scratch.shell("mkdir web; cp a-1.0-1.deb c-3.deb web")
        try scratch.write("web/rules", "block c usr/bin/a\n")
        var live = try Live(scratch)
        let control = try live.seen.other("ctl")
        func names(_ path: String) throws -> [String] {
            let folder = try control.walk(path)
            try folder.open()
            return try folder.entries().map { String(decoding: $0.name, as: UTF8.self) }.sorted()
        }
        let packages = try names("pkg")
        #expect(packages.map { $0.prefix { $0 != "." } } == ["a", "c"])
        let c = packages[1]
        #expect(try names("pkg/\(c)/dep") == [])
        // What it needs comes.
        try scratch.shell("cp b-2.deb web")
        let number = try live.next()
        #expect(try control.read("env/web/gen") == "\(number) \(live.hash)\n")
        #expect(try control.read("env/web/rules") == "block c usr/bin/a\n")
        #expect(try names("env/web/root/usr/bin") == ["a", "b"])
        #expect(try names("env/web/pkg") == names("pkg"))
        #expect(try names("pkg/\(c)/dep") == ["b"])
        #expect(try control.read("pkg/\(c)/tree/usr/bin/a") == "c\n")
        let link = try control.walk("pkg/\(c)/dep/b").readLink()
        let b = try #require(names("pkg").first { $0.hasPrefix("b.") })
        #expect(String(decoding: link, as: UTF8.self) == "../../\(b)/tree")
        #expect(live.served.end() == 0)
    }

    /// An upgrade may be dropped in before what it takes the place of is taken out.
    @Test func ofVersionsOfAPackageTheLatestIsShown() throws {
        let scratch = try Scratch()
        try EnvironmentTests.makePackages(scratch)
        try scratch.shell("mkdir web; cp a-1.0-1.deb web")
        var live = try Live(scratch)
        let version = "usr/share/doc/a/version"
        try scratch.shell("cp a-1.0-2.deb web")
        #expect(live.told("a-1.0-1.deb is kept out: there is a 1.0-2"))
        #expect(try live.next() == "2")
        #expect(try live.seen.read(version) == "a 1.0-2\n")
        try scratch.shell("rm web/a-1.0-1.deb; cp a-1.0-1.deb web/z.deb")
        #expect(live.told("z.deb is kept out: there is a 1.0-2"))
        try scratch.shell("rm web/a-1.0-2.deb")
        #expect(try live.next() == "3")
        #expect(try live.seen.read(version) == "a 1.0-1\n")
        // The same version, of other bytes: the one whose name comes first.
        try scratch.shell(
            """
            dpkg-deb -R a-1.0-1.deb deb && echo other >deb/usr/share/doc/a/version
            dpkg-deb -b deb web/b.deb >&2
            """
        )
        #expect(live.told("z.deb is kept out: there is b.deb of this version, too"))
        #expect(try live.next() == "4")
        #expect(try live.seen.read(version) == "other\n")
        try scratch.shell("rm web/b.deb")
        #expect(try live.next() == "5")
        #expect(try live.seen.read(version) == "a 1.0-1\n")
        #expect(live.served.end() == 0)
    }

    /// An accent may be a letter's, or a sign of its own.
    @Test func aNameInOtherBytesIsKeptOut() throws {
        let scratch = try prepared()
        try scratch.shell("cp 2.tar 'web/\u{e9}.tar'; cp 3.tar 'web/e\u{301}.tar'")
        let live = try Live(scratch)
        #expect(live.told("is kept out: another name"))
        #expect(try live.names().count == 2)
        #expect(live.served.end() == 0)
    }

    /// What tells that it is whole happens in another folder.
    @Test func whatIsWrittenByAnotherNameShowsWhenItIsWhole() throws {
        let scratch = try prepared()
        var live = try Live(scratch)
        try scratch.shell("cp 2.tar other.tar")
        let file = open(scratch("other.tar"), O_WRONLY | O_CLOEXEC)
        try #require(file >= 0)
        try scratch.shell("ln -s ../other.tar web/2.tar")
        #expect(live.told("2.tar is kept out: "))
        close(file)
        #expect(try live.next() == "2")
        #expect(live.isThere("bin/2"))
        #expect(live.served.end() == 0)
    }

    /// Of a file of others the kernel does not say whether anybody writes to it.
    @Test(.enabled(if: Visitor.all.contains(.nobody)))
    func aLinkToAFileOfOthersShowsOnceThatIsLeftAlone() throws {
        let scratch = try prepared()
        try scratch.shell("mkdir home; mv web home")
        var live = try Live(scratch, "home/web", as: .nobody)
        // Touched just now, for all that can be known.
        try scratch.shell("cp 2.tar other.tar; ln -s ../../other.tar home/web/2.tar")
        #expect(live.told("2.tar is kept out: it is being written"))
        #expect(try live.next() == "2")
        #expect(live.isThere("bin/2"))
        // One that is dropped in is known to be whole or not.
        let file = open(scratch("home/web/3.tar"), O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        try #require(file >= 0)
        #expect(live.told("3.tar is kept out: it is being written"))
        let bytes = try scratch.bytes("3.tar")
        #expect(bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) } == bytes.count)
        close(file)
        #expect(try live.next() == "3")
        #expect(live.isThere("bin/3"))
        #expect(live.served.end() == 0)
    }

    /// All that has happened when it looks is one switch, however many files that were; here it
    /// cannot look meanwhile.
    @Test func aBurstIsOneSwitch() throws {
        let scratch = try prepared()
        var live = try Live(scratch)
        live.served.running.send(SIGSTOP)
        var status: Int32 = 0
        #expect(waitpid(live.served.running.process, &status, WUNTRACED) > 0)
        #expect(status & 0xff == 0x7f, "it did not stop but end")
        try scratch.shell("cp [2-9].tar web; rm web/1.tar")
        live.served.running.send(SIGCONT)
        #expect(try live.next() == "2")
        #expect(try live.names() == ["2", "3", "4", "5", "6", "7", "8", "9"])
        // Nothing of it is left for another.
        try scratch.shell("cp 1.tar web")
        #expect(try live.next() == "3")
        #expect(try live.names().count == 9)
        #expect(live.served.end() == 0)
    }

    /// A file is copied in two halves by somebody who has it open meanwhile.
    @Test func aFileCountsOnceItIsClosed() throws {
        let scratch = try prepared()
        var live = try Live(scratch)
        let bytes = try scratch.bytes("2.tar")
        // Half of an archive that is one by itself, if it is not looked at closely.
        let half = 1024
        let file = open(scratch("web/2.tar"), O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        try #require(file >= 0)
        #expect(bytes.withUnsafeBytes { write(file, $0.baseAddress, half) } == half)
        // Others come meanwhile.
        try scratch.shell("cp 3.tar web")
        #expect(try live.next() == "2")
        #expect(live.isThere("bin/3") && !live.isThere("bin/2"))
        #expect(live.told("2.tar is kept out: "))
        let rest = bytes.withUnsafeBytes {
            write(file, $0.baseAddress.map { $0 + half }, bytes.count - half)
        }
        #expect(rest == bytes.count - half)
        close(file)
        #expect(try live.next() == "3")
        #expect(live.isThere("bin/2"))
        #expect(live.served.end() == 0)
    }

    @Test func whatIsNoPackageIsKeptOutUntilItIsOne() throws {
        let scratch = try prepared()
        try scratch.shell(
            """
            head -c 700 2.tar >web/2.tar; echo text >web/README; ln -s none web/dangling
            cp 3.tar "web/x$(printf '\\377')"
            """
        )
        // Also at the start.
        var live = try Live(scratch)
        #expect(live.told("2.tar is kept out: "))
        #expect(live.told("dangling is kept out: it leads nowhere"))
        #expect(live.told(" is kept out: its name is not UTF-8"))
        #expect(live.isThere("bin/1") && !live.isThere("bin/3"))
        try scratch.shell("cp 2.tar web")
        #expect(try live.next() == "2")
        #expect(live.isThere("bin/2"))
        // And one that is written over is out until it is whole.
        try scratch.shell("head -c 700 3.tar >web/2.tar")
        #expect(try live.next() == "3")
        #expect(!live.isThere("bin/2"))
        #expect(live.served.end() == 0)
    }

    @Test func whatDoesNotGoTogetherLeavesWhatIs() throws {
        let scratch = try prepared()
        var live = try Live(scratch)
        try scratch.shell("cp bad.tar 2.tar web")
        #expect(live.told("environment web stays as it was: "))
        #expect(try live.seen.read("bin/1") == "1\n")
        #expect(!live.isThere("bin/2"))
        try scratch.shell("rm web/1.tar")
        #expect(try live.next() == "2")
        #expect(try live.seen.read("bin/1") == "other\n")
        #expect(live.isThere("bin/2"))
        #expect(live.served.end() == 0)
    }

    /// The way out that the log tells is one that can be gone, with nothing started anew.
    @Test func whatTheFileOfRulesSettlesIsShown() throws {
        let scratch = try prepared()
        var live = try Live(scratch)
        try scratch.shell("cp bad.tar 2.tar web")
        let prefix = "    try: "
        let line = live.served.running.complaints.next { $0.contains(prefix) }
        let ways = try #require(line?.split(separator: prefix).last?.split(separator: " | "))
        #expect(ways.count == 3)
        #expect(ways[0] == "printf '%s\\n' 'prefer /bin/1 1' >>\(scratch("web"))/rules")
        #expect(live.told("environment web stays as it was: "))
        try scratch.shell("\(ways[0])")
        #expect(try live.next() == "2")
        #expect(try live.seen.read("bin/1") == "1\n")
        #expect(live.isThere("bin/2") && live.isThere("all/1"))
        // One about a package that is not there waits; a change shows as any other.
        try scratch.shell("printf '# ours\\n\\nprefer bin/1 none\\nblock 1 bin\\n' >web/rules")
        #expect(try live.next() == "3")
        #expect(try live.seen.read("bin/1") == "other\n")
        // What is no rule leaves those there are.
        try scratch.shell("printf 'block 1 all\\nallow 1\\n' >web/rules")
        #expect(live.told("rules is kept out: line 2: allow: prefer, block or alias is needed"))
        #expect(try live.seen.read("bin/1") == "other\n")
        #expect(live.isThere("all/1"))
        // Without it they are in each other's way again.
        try scratch.shell("rm web/rules")
        #expect(live.told("environment web stays as it was: "))
        try scratch.shell("rm web/bad.tar")
        #expect(try live.next() == "4")
        #expect(try live.seen.read("bin/1") == "1\n")
        #expect(live.served.end() == 0)
    }

    /// At the start nothing is served, and what helps is told as well.
    @Test func aFolderInConflictIsServedOnceItsRulesSayHow() throws {
        let scratch = try prepared()
        try scratch.shell("cp bad.tar web")
        let words = ["-l", "unix!\(scratch("socket"))", "-e", "web=dir:\(scratch("web"))"]
        var pakfs = Program.pakfs
        pakfs.environment["XDG_CACHE_HOME"] = scratch("cache")
        let refused = try pakfs.run(words)
        #expect(refused.status == 1)
        let line = refused.complaints.split(separator: "\n").first { $0.hasPrefix("    try: ") }
        let way = try #require(line?.dropFirst(9).split(separator: " | ").dropFirst().first)
        try scratch.shell("\(way)")
        #expect(try scratch.bytes("web/rules") == Array("block bad /bin/1\n".utf8))
        let live = try Live(scratch)
        #expect(try live.seen.read("bin/1") == "1\n")
        #expect(live.served.end() == 0)
    }

    /// What is dropped in beside it is no reason to tell of it again.
    @Test func aConflictIsToldOnceForAsLongAsItIsTheSame() throws {
        let scratch = try prepared()
        let live = try Live(scratch)
        try scratch.shell("cp bad.tar web")
        #expect(live.told("/bin/1: packages have different files"))
        #expect(live.told("environment web stays as it was: 1 conflict"))
        // Each is looked at: what is no package is told of as it comes.
        try scratch.shell("cp 2.tar web; echo text >web/one")
        var lines = live.lines(upTo: "one is kept out: ")
        try scratch.shell("cp 3.tar web; echo text >web/two")
        lines += live.lines(upTo: "two is kept out: ")
        // Once it was settled it is another one.
        try scratch.shell("rm web/bad.tar")
        lines += live.lines(upTo: "environment web: 3 packages")
        #expect(!lines.contains { $0.contains("packages have") || $0.contains("conflict") })
        try scratch.shell("cp bad.tar web")
        #expect(live.told("environment web stays as it was: 1 conflict"))
        #expect(live.served.end() == 0)
    }

    @Test func aDirectoryCountsOnceItIsMovedIn() throws {
        let scratch = try prepared()
        var live = try Live(scratch)
        try scratch.shell(
            "mkdir -p made/bin web/half/bin; echo x >made/bin/x; echo y >web/half/bin/y"
        )
        #expect(live.told("half is kept out: "))
        try scratch.shell("mv made web")
        #expect(try live.next() == "2")
        #expect(live.isThere("bin/x") && !live.isThere("bin/y"))
        try scratch.shell("mv web/half half; mv half web")
        #expect(try live.next() == "3")
        #expect(live.isThere("bin/y"))
        #expect(live.served.end() == 0)
    }

    @Test func aFolderThatIsGoneLeavesWhatIsAndIsFollowedWhenItComesBack() throws {
        let scratch = try prepared()
        var live = try Live(scratch)
        try scratch.shell("mv web old")
        #expect(live.told("environment web stays as it was: "))
        #expect(live.isThere("bin/1"))
        // What happens to the old one is nobody's business.
        try scratch.shell("cp 2.tar old; mkdir new; cp 3.tar new; mv new web")
        #expect(try live.next() == "2")
        #expect(live.isThere("bin/3") && !live.isThere("bin/1") && !live.isThere("bin/2"))
        try scratch.shell("rm -r web")
        #expect(live.told("environment web stays as it was: "))
        try scratch.shell("mkdir web; cp 4.tar web")
        #expect(try live.next() == "3")
        // Empty at first, perhaps.
        if !live.isThere("bin/4") { #expect(try live.next() == "4") }
        #expect(live.isThere("bin/4"))
        try scratch.shell("cp 5.tar web")
        _ = try live.next()
        #expect(live.isThere("bin/5"))
        #expect(live.served.end() == 0)
    }

    @Test func aLinkToAFolderMayLeadElsewhere() throws {
        let scratch = try prepared()
        try scratch.shell("mkdir other; cp 2.tar other; ln -s web link")
        var live = try Live(scratch, "link")
        try scratch.shell("ln -s other link.new; mv -T link.new link")
        #expect(try live.next() == "2")
        #expect(live.isThere("bin/2") && !live.isThere("bin/1"))
        try scratch.shell("cp 3.tar other")
        #expect(try live.next() == "3")
        #expect(live.isThere("bin/3"))
        #expect(live.served.end() == 0)
    }

    /// Each state has all of its names or none, whatever is asked while it changes.
    @Test func noStateIsEverSeenByHalves() throws {
        let scratch = try prepared()
        let live = try Live(scratch)
        try scratch.shell("mkdir out; mv web out/one; mkdir out/nine; cp [1-9].tar out/nine")
        for round in 0..<10 {
            // In one step, so that there are two states and no other.
            let (from, to) = round % 2 == 0 ? ("nine", 9) : ("one", 1)
            try scratch.shell("ln -sfn out/\(from) new; mv -T new web")
            var names = try live.names()
            var count = 0
            while names.count != to, count < 100_000 {
                #expect(names.count == 1 || names.count == 9, "\(names)")
                names = try live.names()
                count += 1
            }
            #expect(names.count == to)
            #expect(try live.names("all") == names)
        }
        #expect(live.served.end() == 0)
    }
}
