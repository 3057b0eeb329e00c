import FileTree
import NinePClient

/// Servers against each other, in turn, over a unix socket, in 9P2000.L.
struct WireBenchmark {
    /// One line of the table: a workload at a depth.
    enum Case: String, CaseIterable {
        case null
        case stat
        case tree
        case sequential4K = "seq-4k"
        case sequential64K = "seq-64k"
        case random4K = "rand-4k"
        case random64K = "rand-64k"
        case list = "readdir-10k"
    }

    static let depths = [1, 4, 16]
    let rounds: Int
    let seconds: Double
    let spread: Bool
    let cases: [Case]

    /// The samples of a case at a depth, a list a rival.
    struct Row {
        let name: Case
        let depth: Int
        var samples: [[Sample]]
    }

    /// Runs everything; in each round every rival has its turn in every case, and each round
    /// another is the first.
    func run(_ rivals: [Rival]) throws(FileError) -> [Row] {
        var rows = cases.flatMap { name in
            Self.depths.map { depth in
                Row(name: name, depth: depth, samples: rivals.map { _ in [] })
            }
        }
        let paths = PathPool(Corpus.paths)
        for round in 0..<rounds {
            for turn in rivals.indices {
                let number = (round + turn) % rivals.count
                let rival = rivals[number]
                let server = try RunningServer.start(rival)
                var talk: Conversation
                do throws(FileError) { talk = try server.converse(rival.tree) } catch {
                    throw error.at(rival.name)
                }
                for position in rows.indices {
                    let sample = try measure(rows[position], paths, server, &talk)
                    rows[position].samples[number].append(sample)
                }
            }
        }
        return rows
    }

    private func measure(
        _ row: Row,
        _ paths: PathPool,
        _ server: borrowing RunningServer,
        _ talk: inout Conversation
    ) throws(FileError) -> Sample {
        func go(
            _ work: some Workload,
            _ server: borrowing RunningServer,
            _ talk: inout Conversation
        ) throws(FileError) -> Sample {
            var work = work
            return try pakbench.measure(
                &work,
                depth: row.depth,
                seconds: seconds,
                spread: spread,
                server,
                &talk
            )
        }
        let large = min(65536, talk.messageSize - 24)
        switch row.name {
        case .null: return try go(NullWork(), server, &talk)
        case .stat: return try go(StatWork(paths: paths), server, &talk)
        case .tree: return try go(TreeWork(paths: paths), server, &talk)
        case .sequential4K:
            return try go(ReadWork(count: 4096, isRandom: false), server, &talk)
        case .sequential64K:
            return try go(ReadWork(count: large, isRandom: false), server, &talk)
        case .random4K: return try go(ReadWork(count: 4096, isRandom: true), server, &talk)
        case .random64K: return try go(ReadWork(count: large, isRandom: true), server, &talk)
        case .list: return try go(ListWork(count: large), server, &talk)
        }
    }
}
