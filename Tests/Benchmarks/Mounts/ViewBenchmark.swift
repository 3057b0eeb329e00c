import FileTree

/// What a view of many packages costs through the kernel, beside those who show many directories
/// as one; in turn, each round with new mounts.
struct ViewBenchmark {
    static let steps = [
        "stat us", "again us", "miss us", "open+read us", "find ms", "readdir ms",
    ]
    let pak: String?
    let place: String
    let rounds: Int
    let counts: [Int]
    /// Leaves both ends where the scheduler puts them.
    let spread: Bool
    /// Told who is left out, and why.
    let complain: (String) -> Void

    func run() throws(FileError) -> MountTable {
        try Mounted.prepare()
        var table = MountTable("packages", Self.steps, note: Processors.note(spread))
        var sets: [SharedSet] = []
        for count in counts { sets.append(try SharedSet(count, in: "\(place)/shared\(count)")) }
        // One number after the other in each round: a machine is not the same for minutes.
        for round in 0..<rounds {
            for set in sets {
                for contender in contenders(set) {
                    do throws(FileError) {
                        for (step, value) in try measure(contender, round) {
                            table.add("\(set.count)", contender.name, step, value)
                        }
                    } catch {
                        if round == 0 { complain("pakbench: \(error): measured without it") }
                    }
                }
            }
        }
        for set in sets { _ = try Program.run(["rm", "-rf", set.place]) }
        return table
    }

    private func contenders(_ set: SharedSet) -> [Mounted.Contender] {
        let mount = mountPoint
        let folders = set.folders
        var all: [Mounted.Contender] = []
        if let pak {
            all.append(.pak(pak, set.packages, at: mount))
        }
        // One layer alone is none to the kernel: an empty directory is the second.
        let layers = (0..<max(2, set.count)).map { $0 < set.count ? "\($0)" : "none" }
        all.append(
            .init(
                name: "overlayfs",
                words: nil,
                kernel: ("overlay", "lowerdir=\(layers.joined(separator: ":"))", set.place)
            )
        )
        let branches = folders.joined(separator: ":")
        all.append(
            .init(
                name: "fuse-overlayfs",
                words: ["fuse-overlayfs", "-o", "lowerdir=\(branches)", mount]
            )
        )
        all.append(.init(name: "mergerfs", words: ["mergerfs", branches, mount]))
        let readOnly = folders.map { "\($0)=RO" }.joined(separator: ":")
        all.append(.init(name: "unionfs-fuse", words: ["unionfs", readOnly, mount]))
        return all
    }

    private var mountPoint: String { "\(place)/view" }

    /// A look at what a fresh mount shows; what lists comes last, since it tells the kernel of what
    /// it lists.
    private func measure(
        _ contender: Mounted.Contender,
        _ round: Int
    ) throws(FileError) -> [(String, Double)] {
        let files = SharedSet.sample(500)
        var results: [(String, Double)] = []
        do {
            let mounted = try Mounted(contender, at: mountPoint)
            let steps = try MountSteps(mounted.path)
            defer { steps.close() }
            let missing = SharedSet.sample(500, suffix: ".no\(round)")
            try mounted.held(!spread) { () throws(FileError) in
                results.append(("stat us", try steps.stat(files)))
                results.append(("again us", try steps.stat(files)))
                results.append(("miss us", try steps.miss(missing)))
                results.append(("open+read us", try steps.read(files)))
            }
        }
        do {
            let mounted = try Mounted(contender, at: mountPoint)
            let steps = try MountSteps(mounted.path)
            defer { steps.close() }
            try mounted.held(!spread) { () throws(FileError) in
                results.append(("find ms", try steps.find(SharedSet.tree) / 1e3))
                results.append(("readdir ms", try steps.list(SharedSet.shared) / 1e3))
            }
        }
        return results
    }
}
