import FileTree
import Glibc
import Synchronization
import Testing

/// Where threads run.
struct WorkerTests {
    /// The processors that this thread may use, and its policy; see proc_pid_status(5) and
    /// proc_pid_stat(5).
    private static func place() throws -> [String] {
        func text(_ name: String) throws -> String {
            let descriptor = open("/proc/thread-self/\(name)", O_RDONLY | O_CLOEXEC)
            defer { close(descriptor) }
            var bytes = [UInt8](repeating: 0, count: 8192)
            let count = read(descriptor, &bytes, bytes.count)
            return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        }
        let lines = try text("status").split(separator: "\n")
        let line = try #require(lines.first { $0.hasPrefix("Cpus_allowed_list:") })
        let processors = line.split { $0 == ":" || $0 == "\t" }.last.map(String.init) ?? ""
        let fields = try text("stat").split(separator: ")").last?.split(separator: " ") ?? []
        try #require(fields.count > 38)
        return [processors, String(fields[38])]
    }

    /// What a worker has noted of its place, each time that it called what it is given.
    private static func places(
        _ body: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void
    ) throws -> [[String]] {
        let places = Mutex<[[String]]>([])
        try Worker {
            body {
                let place = (try? Self.place()) ?? []
                places.withLock { $0.append(place) }
            }
        }.join()
        return places.withLock { $0 }
    }

    /// One that is kept on a processor has nobody's turn, and those that it starts go where all do.
    @Test func aWorkerThatIsKeptStartsOthersThatAreNot() throws {
        let found = try Self.places { note in
            note()
            let last = Worker.processorCount - 1
            #expect(Worker.stay(onProcessor: last))
            note()
            let inner = try? Worker(note)
            inner?.join()
            #expect(Worker.stay(onProcessor: nil))
            note()
            #expect(!Worker.stay(onProcessor: last + 1))
        }
        try #require(found.count == 4)
        #expect(found[0][1] == "0")
        #expect(found[1][1] == "3")
        #expect(Int(found[1][0]) != nil)
        #expect(found[2] == found[0] && found[3] == found[0])
    }

    /// See SCHED_IDLE in sched(7): a user who has taken it cannot take another.
    @Test func aWorkerOfAnotherPolicyIsLeftWhereItIs() throws {
        let found = try Self.places { note in
            note()
            var parameters = sched_param()
            #expect(sched_setscheduler(0, 5, &parameters) == 0)
            #expect(!Worker.stay(onProcessor: 0))
            note()
        }
        try #require(found.count == 2)
        #expect(found[1] == [found[0][0], "5"])
    }
}
