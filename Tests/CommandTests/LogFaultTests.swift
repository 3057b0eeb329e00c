import Testing

/// What commands do with an environment's log that lacks generations, or is damaged.
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
        }
        #expect(try scratch.bytes("store/envs/main/log") == before)
        let listed = try pak(scratch, "env", "list", status: 1)
        #expect(listed.output.contains("other") && listed.complaints.contains("main"))
        #expect(try pak(scratch, "store", "verify", status: 4).complaints.contains("main"))
        _ = try pak(scratch, "env", "delete", "main")
        #expect(try pak(scratch, "gc").output.contains("1 packages, "))
    }
}
