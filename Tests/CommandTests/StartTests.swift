import Glibc
import Testing
import Watched

/// What is done before a command runs in a view: counted, since how long it takes is the machine's.
@Suite(.enabled(if: Visitor.whyNone == nil, "\(Visitor.whyNone ?? "")"))
struct StartTests {
    /// Whether strace(1) can look on here.
    private static let canTrace: Bool = {
        let traced = try? Program(path: "/usr/bin/env").run(
            "strace",
            "-qq",
            "-o",
            "/dev/null",
            "true"
        )
        return traced?.status == 0
    }()

    @Test(arguments: ["archive", "crypto", "zstd", "xml2", "icuuc"])
    func noLibraryOfArchivesIsLoaded(name: String) throws {
        let dynamic = try Program(path: "/usr/bin/env").run("readelf", "-d", Program.pak.path)
        #expect(dynamic.output.contains("[libc.so"))
        #expect(!dynamic.output.contains("[lib\(name).so"))
    }

    /// A base of two directories, and a package that has a program.
    private func example() throws -> Scratch {
        let scratch = try Scratch()
        try scratch.shell(
            """
            mkdir -p base/usr/share base/etc p/usr/bin
            cp /bin/busybox p/usr/bin/true; tar -C p --owner 0 --group 0 -cf p.tar .
            """
        )
        return scratch
    }

    /// The system calls from the first of the program's own up to the first try of the command's
    /// execve(2), or to all that there are.
    private func calls(_ scratch: Scratch, _ arguments: [String]) throws -> Int {
        let (program, words) = try Visitor.own.program(.pak, scratch)
        // The command itself is let go of: strace would read words of its memory from files of the
        // view, whose server it has stopped.
        let tracer = ["strace", "-f", "-b", "execve", "-qq", "-o", scratch("trace")]
        // The first run fills the cache.
        for words in [words, tracer + words] {
            let run = try program.run(words + arguments)
            #expect(run.status == 0, "\(run.complaints)")
        }
        let lines = String(decoding: try scratch.bytes("trace"), as: UTF8.self)
            .split(separator: "\n")
        let start = try #require(lines.firstIndex { $0.contains("\"/dev/null\", O_RDWR") })
        // A call that another interrupts has two lines.
        return lines[start...].prefix { !$0.contains(" execve(") }
            .count { !$0.contains(" resumed>") }
    }

    @Test(.uncounted, .enabled(if: canTrace, "strace cannot look on here"))
    func aCommandBeginsAfterFewSystemCalls() throws {
        let scratch = try example()
        let view = ["run", "--base", scratch("base"), "-p", scratch("p.tar")]
        // Some 480, a third of them for mounts; half as many again would be a step too many.
        #expect(try (240..<620).contains(calls(scratch, view + ["--", "/usr/bin/true"])))
    }

    @Test(
        .uncounted,
        .mounting,
        .enabled(if: canTrace && Visitor.own.isRoot, "strace cannot look on at a mount here"),
        .enabled(if: Visitor.own.hasFUSE, "/dev/fuse cannot be opened")
    )
    func aMountIsMadeAfterFewSystemCalls() throws {
        let scratch = try example()
        let (program, words) = try Visitor.own.program(Program(path: "/bin/sh"), scratch)
        // The first one fills the cache.
        let script = """
            cd '\(scratch.path)' && pak='\(Program.pak.path)' && mkdir at || exit
            $pak pack -o p.pak.zst p >pack.out || exit
            for i in 1 2; do
                strace -f -qq -o trace $pak mount -f -p p.pak.zst at & server=$!
                until [ -e at/usr/bin/true ]; do kill -0 $server || exit; done
                umount at && wait $server || exit
            done
            """
        let run = try program.run(words + ["-c", script])
        #expect(run.status == 0, "\(run.complaints)")
        let lines = String(decoding: try scratch.bytes("trace"), as: UTF8.self)
            .split(separator: "\n")
        let start = try #require(lines.firstIndex { $0.contains("\"/dev/null\", O_RDWR") })
        let calls = lines[start...].prefix { !$0.contains(" mount(") }
        #expect(calls.count < lines[start...].count)
        // Nothing is mounted there, and so nobody has to read what is mounted elsewhere.
        #expect(!calls.contains { $0.contains("mountinfo") })
        // Some 45; folders of the cache, which nothing is looked for in, would be 13 more.
        #expect(calls.count { !$0.contains(" resumed>") } < 58)
    }
}
