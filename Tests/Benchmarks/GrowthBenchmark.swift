import FileTree
import NinePClient

/// What the number of packages costs a client: one package and a thousand of the same files,
/// each served by a pakfs of its own, in turn.
struct GrowthBenchmark {
    /// A step, with the samples of one package and of a thousand.
    struct Row {
        let name: String
        var one: [Sample] = []
        var thousand: [Sample] = []
    }

    let pakfs: String
    let place: String
    let rounds: Int
    let seconds: Double
    let spread: Bool

    func run() throws(FileError) -> [Row] {
        let (first, last) = (try set(1), try set(1000))
        let one = try RunningServer.start(rival(first))
        let thousand = try RunningServer.start(rival(last))
        var talk = try one.greet("")
        var other = try thousand.greet("")
        let bin = PathPool([["usr", "bin"]])
        try one.walk(&talk, to: ListWork.directoryFid, bin)
        try thousand.walk(&other, to: ListWork.directoryFid, bin)
        let paths = first.sample(2000)
        let absent = first.sample(2000, last: "absent")
        var rows = ["walk hit", "walk miss", "open+read", "readdir"].map { Row(name: $0) }
        // The first round warms the caches and does not count.
        for round in 0...rounds {
            for position in rows.indices {
                let name = rows[position].name
                let a = try sample(name, paths, absent, one, &talk)
                let b = try sample(name, paths, absent, thousand, &other)
                if round == 0 { continue }
                rows[position].one.append(a)
                rows[position].thousand.append(b)
            }
        }
        return rows
    }

    private func set(_ count: Int) throws(FileError) -> PackageSet {
        // All of it fits the server's frame cache: decoding is not what is measured here.
        try PackageSet(
            count,
            filesPerGroup: 4,
            fileSize: Corpus.smallSize,
            in: "\(place)/growth\(count)"
        )
    }

    private func rival(_ set: PackageSet) -> Rival {
        Rival(
            name: "pakfs of \(set.paths.count)",
            words: ["env", "XDG_CACHE_HOME=\(place)/cache", pakfs, "-l", "fd!0"] + set.paths,
            tree: ""
        )
    }

    private func sample(
        _ name: String,
        _ paths: PathPool,
        _ absent: PathPool,
        _ server: borrowing RunningServer,
        _ talk: inout Conversation
    ) throws(FileError) -> Sample {
        func go(_ work: some Workload, _ talk: inout Conversation) throws(FileError) -> Sample {
            var work = work
            return try measure(&work, depth: 1, seconds: seconds, spread: spread, server, &talk)
        }
        switch name {
        case "walk hit": return try go(WalkWork(paths: paths, length: 5, isThere: true), &talk)
        case "walk miss":
            return try go(WalkWork(paths: absent, length: 5, isThere: false), &talk)
        case "open+read": return try go(TreeWork(paths: paths), &talk)
        default: return try go(ListWork(count: 65536, names: PackageSet.groupCount), &talk)
        }
    }
}
