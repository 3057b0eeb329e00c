import Glibc
import Testing
import Watched

/// What a view would lose or hit, and is refused before anything is.
@Suite(.unwatched, .enabled(if: Visitor.whyNone == nil, "\(Visitor.whyNone ?? "")"))
struct ViewRefusalTests {
    /// Runs a script that knows pak as `$pak` in `home`; what it printed, complaints too.
    private func shell(_ text: String) throws -> String {
        let scratch = try Scratch()
        try scratch.shell("mkdir -p home/folder")
        let script = "exec 2>&1; cd '\(scratch("home"))'; pak='\(Program.pak.path)'; \(text)"
        return try Program(path: "/bin/sh").run("-c", script).output
    }

    @Test(arguments: [
        "$pak capture -o nowhere/x.pak -- echo ran",
        "$pak capture -o folder -- echo ran",
        "SOURCE_DATE_EPOCH=soon $pak capture -o x.pak -- echo ran",
    ])
    func aPackageThatCannotBeMadeIsRefusedBeforeTheCommandRuns(words: String) throws {
        let said = try shell("\(words); echo status $?")
        #expect(said.contains("status 125\n") && said.contains("try: "), "\(said)")
        #expect(!said.contains("ran\n"), "\(said)")
    }

    @Test func anEmptyTimeIsNone() throws {
        let said = try shell(
            "SOURCE_DATE_EPOCH= $pak capture --list -- sh -c 'echo $SOURCE_DATE_EPOCH'"
        )
        #expect(said == "315532800\n")
    }

    @Test(arguments: ["$pak run --", "$pak capture --list --"])
    func aCommandIsNotRunElsewhereThanWhereItIsToWork(words: String) throws {
        let said = try shell("cd folder; rmdir ../folder; \(words) echo ran; echo status $?")
        #expect(said.contains("status 125\n") && !said.contains("ran\n"), "\(said)")
    }

    @Test func aListThatCannotBeWrittenIsNoSuccess() throws {
        let words = "$pak capture --list -o x.pak -- touch /pak-test-list"
        #expect(try shell("\(words) >/dev/full; echo status $?").contains("status 125\n"))
    }

    @Test func whatIsNotOursIsNotUnmounted() throws {
        let said = try shell("$pak umount /; echo status $?; $pak umount -l folder; echo status $?")
        #expect(said.components("nothing of pak's is mounted there") == 2, "\(said)")
        #expect(said.components("status 1\n") == 2, "\(said)")
    }

    @Test(.enabled(if: geteuid() == 0, "only root could"))
    func rootInACaptureDoesNotSetUpTheHostsKernel() throws {
        let file = "/proc/sys/vm/swappiness"
        let words = "$pak capture --list -- sh -c 'cat \(file) >value; cat value >\(file)'"
        #expect(try shell(words).contains("Read-only file system"))
    }

    @Test(.enabled(if: geteuid() == 0, "a disk of its own needs root"))
    func bytesThatTheKernelCouldNotWriteLaterAreNoPackage() throws {
        // What is written to a mapping has been written when the kernel has it.
        let write = """
            import mmap
            with open("/usr/local/pak-test-large", "wb+") as file:
                file.truncate(2000000)
                mmap.mmap(file.fileno(), 2000000)[:] = b"z" * 2000000
            """
        let said = try shell(
            """
            cat >write.py <<'END'
            \(write)
            END
            unshare -m sh -c 'mount -t tmpfs -o size=400k none folder
            exec "$0" capture --layer folder/layer -o x.pak -- python3 write.py' $pak
            echo status $?; ls
            """
        )
        #expect(said.contains("usr/local/pak-test-large: bytes written to it are lost"), "\(said)")
        #expect(said.contains("status 125\n") && !said.contains("x.pak\n"), "\(said)")
    }

    @Test(.enabled(if: geteuid() == 0, "a disk of its own needs root"))
    func aWriterHearsThatThereIsNoRoom() throws {
        let said = try shell(
            """
            unshare -m sh -c 'mount -t tmpfs -o size=400k none folder
            exec "$0" capture --layer folder/layer -o x.pak -- sh -c "
            head -c 2000000 /dev/zero | tr \"\\0\" z >/usr/local/pak-test-large"' $pak
            echo status $?; ls
            """
        )
        #expect(said.contains("No space left on device"), "\(said)")
        #expect(!said.contains("status 0\n") && !said.contains("x.pak\n"), "\(said)")
    }
}

extension String {
    /// How often a text is in this one.
    fileprivate func components(_ text: String) -> Int {
        var rest = self[...]
        var count = 0
        while let place = rest.firstRange(of: text) {
            count += 1
            rest = rest[place.upperBound...]
        }
        return count
    }
}
