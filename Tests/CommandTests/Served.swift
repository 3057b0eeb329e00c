import Glibc
import Testing

/// A server that listens, and the lines it printed by then.
struct Served {
    let running: Program.Running
    let mounts: [String]

    /// Starts it; a line an address is waited for.
    init(_ scratch: Scratch, _ arguments: [String], addresses: Int = 1) throws {
        var pakfs = Program.pakfs
        pakfs.environment["XDG_CACHE_HOME"] = scratch("cache")
        try self.init(pakfs, arguments, addresses: addresses)
    }

    /// Starts it as somebody else does.
    init(_ pakfs: Program, _ arguments: [String], addresses: Int = 1) throws {
        let running = try pakfs.start(arguments)
        self.running = running
        mounts = try (0..<addresses).map { _ in
            try #require(running.output.next(), "\(running.complaints.rest())")
        }
    }

    func end() -> Int32 {
        running.send(SIGTERM)
        return running.wait()
    }
}
