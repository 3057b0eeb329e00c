import Testing
import Watched

/// The hooks that a build system has of a layer.
@Suite(.unwatched) struct LayerHookTests {
    private func layer() throws -> (Scratch, Served) {
        let scratch = try Scratch()
        try scratch.shell("mkdir base; echo one >base/one; echo two >base/two")
        let served = try Served(
            scratch,
            ["-l", "unix!\(scratch("socket"))", "-b", scratch("base"), "-c", scratch("layers")]
        )
        let editor = try Editor("unix!\(scratch("socket"))")
        try editor.write("new", "new\n")
        try editor.write("one", "1\n")
        try editor.remove("two")
        return (scratch, served)
    }

    @Test func theHookGetsTheLayerAndTheList() throws {
        let (scratch, served) = try layer()
        try scratch.write("hook", "#!/bin/sh\necho \"$#\" \"$1\"\nsort\n", mode: 0o755)
        #expect(served.end() == 0)
        let folder = scratch("layers/default")
        let final = try Program.pak.run("layer", "final", "--hook", scratch("hook"), folder)
        #expect(final.status == 0, "\(final.complaints)")
        #expect(final.output == "1 \(folder)\nA new\nD two\nM one\n")
        // With a server too, and a hook that does not read.
        let again = try Served(
            scratch,
            ["-l", "unix!\(scratch("socket"))", "-b", scratch("base"), "-c", scratch("layers")]
        )
        let quiet = try Program.pak.run(
            "layer",
            "final",
            "--json",
            "--hook",
            "true",
            "-a",
            "unix!\(scratch("socket"))",
            "default"
        )
        #expect(quiet.status == 0, "\(quiet.complaints)")
        #expect(quiet.output.isEmpty)
        #expect(again.end() == 0)
    }

    @Test func aHookHasTheLimitOfDescriptorsThatPakFound() throws {
        let (scratch, served) = try layer()
        #expect(served.end() == 0)
        try scratch.write("hook", "#!/bin/sh\nulimit -Sn; ulimit -Hn\n", mode: 0o755)
        let words = "'\(Program.pak.path)' layer final --hook ./hook layers/default"
        #expect(try scratch.shell("ulimit -Sn 200; \(words) | head -n 1") == "200\n")
    }

    @Test func aHookMayMakeAPackageOfTheLayer() throws {
        let (scratch, served) = try layer()
        #expect(served.end() == 0)
        try scratch.write(
            "hook",
            """
            #!/bin/sh
            exec '\(Program.pak.path)' layer export -q -b '\(scratch("base"))' -o \
                '\(scratch("made.tar"))' "$1"

            """,
            mode: 0o755
        )
        let folder = scratch("layers/default")
        let final = try Program.pak.run("layer", "final", "--hook", scratch("hook"), folder)
        #expect(final.status == 0, "\(final.complaints)")
        #expect(try scratch.shell("tar -tf made.tar").contains("new\n"))
    }

    @Test(arguments: [("false", "status 1"), ("./no such", "No such file"), ("hook", "signal 9")])
    func aHookThatFailsIsTold(hook: String, says: String) throws {
        let (scratch, served) = try layer()
        #expect(served.end() == 0)
        try scratch.write("hook", "#!/bin/sh\nkill -KILL $$\n", mode: 0o755)
        let program = hook == "hook" ? scratch("hook") : hook
        let folder = scratch("layers/default")
        let final = try Program.pak.run("layer", "final", "--hook", program, folder)
        #expect(final.status == 1)
        #expect(final.output.isEmpty)
        #expect(final.complaints.hasPrefix("pak: --hook \(program): "))
        #expect(final.complaints.contains(says), "\(final.complaints)")
    }
}
