import FileTree
import NineP
import NinePClient

/// What pakfs holds in memory, and how soon it serves, with a thousand packages and a million
/// files.
struct MemoryBenchmark {
    /// The figures, in KiB and seconds.
    struct Figures {
        /// Until the first reply, with no table in the cache and with one.
        var firstStart = 0.0
        var nextStart = 0.0
        /// Pages of its own.
        var anonymous = 0
        /// All resident pages, those of mapped files with them.
        var resident = 0
    }

    let pakfs: String
    let place: String

    func run() throws(FileError) -> Figures {
        let set = try PackageSet(
            1000,
            filesPerGroup: 999,
            fileSize: 0,
            in: "\(place)/million"
        )
        let rival = Rival(
            name: "pakfs",
            words: ["env", "XDG_CACHE_HOME=\(place)/cache", pakfs, "-l", "fd!0"] + set.paths,
            tree: ""
        )
        var figures = Figures()
        figures.firstStart = try start(rival, set, nil)
        figures.nextStart = try start(rival, set, &figures)
        return figures
    }

    /// Seconds until the server answers; with `figures`, its memory after a hundred thousand
    /// attributes asked for.
    private func start(
        _ rival: Rival,
        _ set: PackageSet,
        _ figures: UnsafeMutablePointer<Figures>?
    ) throws(FileError) -> Double {
        let begin = now()
        let server = try RunningServer.start(rival)
        var talk = try server.greet(rival.tree)
        let seconds = now() - begin
        guard let figures else { return seconds }
        var work = StatWork(paths: set.sample(100_000))
        for _ in 0..<10 {
            _ = try measure(&work, depth: 16, seconds: 0.5, spread: true, server, &talk)
        }
        let memory = Program.memory(server.process)
        figures.pointee.anonymous = memory["Anonymous"] ?? 0
        figures.pointee.resident = memory["Rss"] ?? 0
        return seconds
    }
}
