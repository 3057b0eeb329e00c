import Glibc
import Testing
import Watched

/// A capture whose mount somebody outside keeps.
@Suite(
    .unwatched,
    .enabled(if: geteuid() == 0 && Visitor.own.hasFUSE, "it takes root and /dev/fuse")
)
struct HeldViewTests {
    /// Runs a capture that makes a folder and a file in it; `hold` gets the path of the view's root
    /// as the host sees it, and what it returns is let go of at the end.
    private func complaints(
        holding hold: (_ root: String, _ keeper: String) throws -> () -> Void
    ) throws -> (output: String, complaints: String) {
        let scratch = try Scratch()
        let (program, words) = try Visitor.own.program(.pak, scratch)
        try scratch.makeDirectory("home/build")
        var input: [Int32] = [0, 0]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        try #require(socketpair(AF_UNIX, kind, 0, &input) == 0)
        let script = """
            mkdir /usr/pak-test-held; echo text >/usr/pak-test-held/f; echo ready; read line; exit 0
            """
        let running = try program.start(
            ["-C", scratch("home/build")] + words + ["capture", "--list", "--to", "tar"]
                + ["-o", scratch("home/x.tar"), "--", "sh", "-c", script],
            input: input[0]
        )
        close(input[0])
        #expect(running.output.next() == "ready")
        let children = "cat /proc/\(running.process)/task/*/children"
        let keeper = try scratch.shell(children).split { " \n".contains($0) }.first
        let keeperName = String(try #require(keeper))
        let release = try hold("/proc/\(keeperName)/root", keeperName)
        defer { release() }
        close(input[1])
        let output = running.output.rest()
        let complaints = running.complaints.rest()
        #expect(running.wait() == 0)
        #expect(
            output.hasPrefix("A usr/pak-test-held\nA usr/pak-test-held/f\n"),
            "\(output)\(complaints)"
        )
        return (try scratch.shell("tar -xOf home/x.tar usr/pak-test-held/f"), complaints)
    }

    @Test func whoHasEnteredItDoesNotKeepThePackage() throws {
        var name = ""
        let (text, complaints) = try complaints { _, keeper in
            let words = ["-t", keeper, "-m", "sh", "-c", "echo in; exec sleep 1000"]
            let outside = try Program(path: "/usr/bin/nsenter").start(words)
            #expect(outside.output.next() == "in")
            name = "sleep (\(outside.process))"
            return {
                outside.send(SIGKILL)
                _ = outside.wait()
            }
        }
        #expect(text == "text\n")
        #expect(complaints.hasPrefix("pak: the view is held by \(name): "), "\(complaints)")
    }

    @Test func whatIsStoredByAFileThatWasHandedOutIsInThePackage() throws {
        let (text, complaints) = try complaints { root, _ in
            let file = open("\(root)/usr/pak-test-held/f", O_RDWR | O_CLOEXEC)
            try #require(file >= 0)
            let map = mmap(nil, 5, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
            let bytes = try #require(map)
            try #require(bytes != MAP_FAILED)
            bytes.storeBytes(of: UInt8(ascii: "T"), as: UInt8.self)
            return {
                #expect(pwrite(file, "late", 4, 0) == -1 && errno == ENOTCONN)
                munmap(bytes, 5)
                close(file)
            }
        }
        #expect(text == "Text\n")
        #expect(complaints.contains(" (\(getpid())): what it changes"), "\(complaints)")
    }
}
