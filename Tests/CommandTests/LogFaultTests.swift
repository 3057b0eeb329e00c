import Testing
import Watched

/// What commands do with an environment's log that lacks generations, or is damaged.
@Suite(.unwatched)
struct LogFaultTests {
    private func pak(
        _ scratch: Scratch,
        _ words: String...,
        status: Int32 = 0
    ) throws -> Program.Outcome {
        try EnvironmentTests.pak(scratch, words, status: status)
    }

    @Test func whereGenerationsWereForgottenPackagesComeAndGo() throws {
        let scratch = try Scratch()
        try EnvironmentTests.makePackages(scratch)
        for name in ["a-1.0-1", "b-2"] { _ = try pak(scratch, "add", scratch("\(name).deb")) }
        _ = try pak(scratch, "rm", "b")
        _ = try pak(scratch, "gc", "--keep", "2")
        _ = try pak(scratch, "add", scratch("b-2.deb"))
        _ = try pak(scratch, "rm", "a")
        #expect(try pak(scratch, "list").output.hasSuffix(" b 2\n"))
    }

    @Test func whatTheLastLineMadeIsNotCollectedWhenThatIsDamaged() throws {
        let scratch = try Scratch()
        try EnvironmentTests.makePackages(scratch)
        for name in ["a-1.0-1", "b-2"] { _ = try pak(scratch, "add", scratch("\(name).deb")) }
        try scratch.shell("sed -i '$ s/ add / aXd /' store/envs/main/log")
        #expect(try pak(scratch, "gc", status: 1).complaints.contains("no whole line"))
        #expect(try pak(scratch, "store", "verify", status: 4).complaints.contains("main"))
        try scratch.shell("ls store/packages/b-*")
        // Nor is it cut off, or its number given again.
        let added = try pak(scratch, "add", scratch("a-1.0-2.deb")).output
        #expect(added.contains("Generation 4 (was 2)"))
        #expect(try pak(scratch, "gc", status: 1).complaints.contains("no whole line"))
        try scratch.shell("grep -q aXd store/envs/main/log; ls store/packages/b-*")
    }

    @Test func nothingIsForgottenWhereAnotherEnvironmentIsDamaged() throws {
        let scratch = try Scratch()
        try EnvironmentTests.makePackages(scratch)
        for name in ["a-1.0-1", "b-2"] { _ = try pak(scratch, "add", scratch("\(name).deb")) }
        _ = try pak(scratch, "env", "create", "zoo", "--like", "main")
        let before = try scratch.bytes("store/envs/main/log")
        let log = "store/envs/zoo/log"
        try scratch.shell("cp \(log) zoo; sed -i '$ s/ [a-z]* / aXd /' \(log)")
        _ = try pak(scratch, "gc", "--keep", "1", status: 1)
        #expect(try scratch.bytes("store/envs/main/log") == before)
        // Nor where one is being changed.
        try scratch.shell("mv zoo \(log)")
        let words = "\"$pak\" gc --keep 1 --store store --root system"
        let busy = try Program(path: "/bin/sh").run(
            "-c",
            "cd '\(scratch.path)'; pak='\(Program.pak.path)'; flock store/envs/zoo/lock \(words)"
        )
        #expect(busy.status == 7, "\(busy.output)\(busy.complaints)")
        #expect(try scratch.bytes("store/envs/main/log") == before)
        _ = try pak(scratch, "gc", "--keep", "1")
        #expect(try scratch.bytes("store/envs/main/log") != before)
    }

    @Test func aLogThatHasNoWholeLineIsDamagedAndNothingIsCollected() throws {
        let scratch = try Scratch()
        try EnvironmentTests.makePackages(scratch)
        _ = try pak(scratch, "env", "create", "other")
        _ = try pak(scratch, "add", scratch("a-1.0-1.deb"))
        // As an editor does.
        try scratch.shell("sed -i 's/$/\\r/' store/envs/main/log")
        let before = try scratch.bytes("store/envs/main/log")
        #expect(try pak(scratch, "list", status: 1).complaints.contains("no whole line"))
        for words in [["add", scratch("b-2.deb")], ["env", "create", "main"], ["gc"]] {
            let outcome = try EnvironmentTests.pak(scratch, words, status: 1)
            #expect(outcome.complaints.contains("environment main"), "\(outcome.complaints)")
            if words[0] == "add" {
                #expect(outcome.complaints.hasSuffix("&& pak env delete main\n"))
            }
        }
        #expect(try scratch.bytes("store/envs/main/log") == before)
        let listed = try pak(scratch, "env", "list", status: 1)
        #expect(listed.output.contains("other") && listed.complaints.contains("main"))
        #expect(try pak(scratch, "store", "verify", status: 4).complaints.contains("main"))
        _ = try pak(scratch, "env", "delete", "main")
        #expect(try pak(scratch, "gc").output.contains("1 packages, "))
    }

    /// A generation whose packages are numbers, 3, and one that names its own on either side of it.
    private func numbered() throws -> Scratch {
        let scratch = try Scratch()
        try EnvironmentTests.makePackages(scratch)
        _ = try pak(scratch, "add", scratch("a-1.0-1.deb"))
        try EnvironmentTests.importMany(scratch)
        _ = try EnvironmentTests.pak(scratch, ["add"] + EnvironmentTests.many)
        _ = try pak(scratch, "rollback")
        _ = try pak(scratch, "add", scratch("b-2.deb"))
        _ = try pak(scratch, "switch", "3")
        return scratch
    }

    @Test(arguments: ["rm", "truncate -s 500", "sed -i 's/ m7 / m8 /'"])
    func numbersThatAreLostAreToldWithTheWayOut(damage: String) throws {
        let scratch = try numbered()
        try scratch.shell("\(damage) store/known store/known.copy")
        let place = "environment main: generation 3: "
        for words in [["list"], ["env", "show"], ["add", scratch("b-2.deb")], ["conflicts"]] {
            let told = try EnvironmentTests.pak(scratch, words, status: 1).complaints
            #expect(told.contains("\(place)known: no package "), "\(told)")
            let words = "-e main --store \(scratch("store")) --root \(scratch("system"))"
            let cure = "try: pak history \(words), and pak switch \(words) to another generation"
            #expect(told.contains(cure), "\(told)")
        }
        let verified = try pak(scratch, "store", "verify", status: 4).complaints
        #expect(verified.contains("main: generation 3: known: no package "), "\(verified)")
        let way = "try: pak env create NAME --like main, and pak env delete main"
        #expect(verified.contains(way), "\(verified)")
        #expect(try pak(scratch, "gc", status: 1).complaints.contains("\(place)known: "))
        let history = try pak(scratch, "history").output.split(separator: "\n")
        #expect(history.count == 6 && history[5].hasSuffix(" switch (current)"))
        let back = try pak(scratch, "rollback")
        #expect(back.output == "Generation 2 (was 3)\n")
        #expect(back.complaints.contains("generation 3: known: "))
        #expect(try pak(scratch, "switch", "3", status: 1).complaints.contains("known: "))
        // The way that was told.
        _ = try pak(scratch, "env", "create", "other", "--like", "main")
        _ = try pak(scratch, "env", "delete", "main")
        _ = try pak(scratch, "gc")
        _ = try pak(scratch, "store", "verify")
        #expect(try pak(scratch, "list", "-e", "other").output.hasSuffix(" a 1.0-1\n"))
    }

    @Test func aDamagedLineOfNumbersCostsNothingAndACollectionWritesItAgain() throws {
        let scratch = try numbered()
        let list = try pak(scratch, "list").output
        let known = try scratch.bytes("store/known")
        try scratch.shell("sed -i 's/ m7 / m8 /' store/known")
        #expect(try scratch.bytes("store/known") != known)
        #expect(try pak(scratch, "list").output == list)
        let verified = try pak(scratch, "store", "verify", status: 4).complaints
        #expect(verified.contains("store/known: 1 of its lines are damaged"), "\(verified)")
        #expect(verified.contains("try: pak gc"), "\(verified)")
        #expect(try pak(scratch, "gc").output == "0 packages, 0 bytes removed\n")
        #expect(try scratch.bytes("store/known") == known)
        _ = try pak(scratch, "store", "verify")
        let size = "\(2 * known.count) numbers of packages\n"
        #expect(try pak(scratch, "store", "du").output.contains(size))
    }

    /// Of a store that was written before packages had numbers.
    @Test func aListIsCollectedWhenNoGenerationIsWrittenInIt() throws {
        let scratch = try Scratch()
        try EnvironmentTests.makePackages(scratch)
        _ = try pak(scratch, "add", scratch("a-1.0-1.deb"))
        let list = try scratch.shell(
            """
            mkdir store/lists && echo root a >list && list=$(sha256sum <list | cut -c-64) &&
                cp list store/lists/$list && printf $list
            """
        )
        #expect(
            try pak(scratch, "gc", "--dry-run").output
                == "- list \(list)\n0 packages and 1 lists, 7 bytes would be removed\n"
        )
        let line = #"{"list":"\#(list)","size":7,"removed":true}"# + "\n"
        #expect(try pak(scratch, "gc", "--json").output == line)
        #expect(Scratch.names(in: scratch("store/lists")).isEmpty)
        _ = try pak(scratch, "store", "verify")
    }
}
