import CLinux
import FileTree
import Glibc
import Synchronization
import Testing

@testable import Namespaces

@Suite struct ViewProcessTests {
    /// Why there can be no view here; nil where there can.
    static let obstacle: String? = {
        if case .missing(let why, _) = Facility.userNamespaces.check() { return why }
        return nil
    }()

    static let host = Step.bind(from: .host("/"), at: .view("/"))

    private func run(_ view: View, _ words: String...) throws -> Ending {
        let command = Command(words, environment: ["PATH=/usr/bin:/bin"], directory: "/")
        return try ViewProcess.start(view, command).wait()
    }

    @Test(.enabled(if: obstacle == nil, Comment(rawValue: obstacle ?? "")))
    func fiftyViewsAtOnceInOneProcess() throws {
        let endings = Mutex<[Int: Ending]>([:])
        let workers = try (0..<50).map { number in
            try Worker {
                let script = "test -e /mnt/mine && exit 99; touch /mnt/mine; exit \(number)"
                let ending = try? self.run(
                    View(steps: [Self.host, .temporary(at: .view("/mnt"))]),
                    "sh",
                    "-c",
                    script
                )
                endings.withLock { $0[number] = ending }
            }
        }
        for worker in workers { worker.join() }
        for number in 0..<50 {
            #expect(endings.withLock { $0[number] } == .exited(Int32(number)))
        }
    }

    @Test(.enabled(if: obstacle == nil, Comment(rawValue: obstacle ?? "")))
    func aViewThatNobodyWaitsForEnds() throws {
        var ends: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        defer { close(ends[0]) }
        do {
            _ = try ViewProcess.start(
                View(steps: [Self.host]),
                Command(["sleep", "1000"], environment: ["PATH=/bin"], directory: "/")
            )
        }
        close(ends[1])
        // Ends when no process holds the other end.
        var byte: UInt8 = 0
        #expect(read(ends[0], &byte, 1) == 0)
    }

    @Test(.enabled(if: obstacle == nil, Comment(rawValue: obstacle ?? "")))
    func aDirectoryIsFilledBeforeTheStepsGoOn() throws {
        let view = View(
            steps: [
                Self.host, .fill(at: .hidden("layer")),
                .overlay(lower: [.hidden("layer"), .host("/usr")], at: .view("/usr")),
            ]
        )
        let process = try ViewProcess.start(
            view,
            Command(["test", "-e", "/usr/filled"], environment: ["PATH=/bin"], directory: "/"),
            handed: { (step, descriptor) throws(FileError) in
                #expect(step == 1)
                close(openat(descriptor, "filled", O_CREAT | O_WRONLY | O_CLOEXEC, 0o644))
                close(descriptor)
            }
        )
        #expect(process.wait() == .exited(0))
        #expect(process.wait() == .exited(0))
    }

    @Test(.enabled(if: obstacle == nil, Comment(rawValue: obstacle ?? "")))
    func aStepThatCannotBeDoneIsNamed() throws {
        let table: [(Step, FileError)] = [
            (
                .bind(from: .host("/no/such"), at: .view("/x")),
                FileError(.notFound, "/no/such at /x: /no/such")
            ),
            (.bind(from: .hidden("none"), at: .view("/mnt")), FileError(.notFound, "none at /mnt")),
            (
                .overlay(lower: [.hidden("none"), .host("/usr")], at: .view("/usr")),
                FileError(.notFound, "overlayfs at /usr")
            ),
            (
                .temporary(at: .host("/mnt")),
                FileError(.invalid, "a file system in memory at /mnt: /mnt is the host's")
            ),
            (
                .mount(type: "tmpfs", data: "nonsense=1", at: .view("/mnt")),
                FileError(.invalid, "tmpfs at /mnt")
            ),
            (.directory(at: .view("a\0b")), FileError(.invalid, "a\0b: a NUL within")),
        ]
        for (step, error) in table {
            #expect(throws: error) { try self.run(View(steps: [Self.host, step]), "true") }
        }
    }

    @Test(.enabled(if: obstacle == nil, Comment(rawValue: obstacle ?? "")))
    func whatTheStarterThrowsEndsTheView() throws {
        let view = View(steps: [Self.host, .fill(at: .hidden("x"))])
        let command = Command(["true"], environment: [], directory: "/")
        #expect(throws: FileError(.noSpace, "here")) {
            try ViewProcess.start(view, command) { (_, descriptor) throws(FileError) in
                close(descriptor)
                throw FileError(.noSpace, "here")
            }
        }
        #expect(throws: FileError(.invalid, "no command")) {
            try ViewProcess.start(view, Command([[UInt8]](), environment: [], directory: []))
        }
    }

    @Test func whatAKeeperHasSaidIsHeardThoughItHasNotReadAll() throws {
        var ends: (ours: Int32, theirs: Int32) = (-1, -1)
        try withUnsafeMutablePointer(to: &ends) {
            try $0.withMemoryRebound(to: Int32.self, capacity: 2) {
                try #require(pak_view_sockets($0) == 0)
            }
        }
        defer { close(ends.ours) }
        ViewProcess.say(PAK_SAY_SIGNAL, SIGTERM, on: ends.ours)
        ViewProcess.say(PAK_SAY_ENDED, 3 << 8, on: ends.theirs)
        close(ends.theirs)
        #expect(ViewProcess.hear(ends.ours)?.packet.number == 3 << 8)
        #expect(ViewProcess.hear(ends.ours)?.packet.number == nil)
    }

    /// A keeper of which nothing is known but what it has said.
    @Test(arguments: [false, true])
    func aKeeperThatIsKilledBeforeItsCommandRunsIsLostOnceTheCommandMayRun(mayRun: Bool) throws {
        var ends: (ours: Int32, theirs: Int32) = (-1, -1)
        try withUnsafeMutablePointer(to: &ends) {
            try $0.withMemoryRebound(to: Int32.self, capacity: 2) {
                try #require(pak_view_sockets($0) == 0)
            }
        }
        var keeper: pid_t = 0
        var words: [UnsafeMutablePointer<CChar>?] = [strdup("true"), nil]
        defer { free(words[0]) }
        try #require(posix_spawnp(&keeper, "true", nil, nil, &words, environ) == 0)
        if mayRun { ViewProcess.say(PAK_SAY_BEGINS, on: ends.theirs) }
        close(ends.theirs)
        let followed = Result { () throws(FileError) in
            try ViewProcess.follow(View(steps: []), nil, keeper, ends.ours, nil, ViewProcess.drop)
        }
        if mayRun {
            #expect(try followed.get().wait() == .lost)
        } else {
            #expect(throws: FileError.self) { try followed.get() }
            close(ends.ours)
            ViewProcess.reap(keeper)
        }
    }
}
