import FileTree

/// What it costs to run a command in a view of its own, beside those who make a namespace alone;
/// in turn.
struct RunBenchmark {
    let pak: String?
    let packages: [String]
    let rounds: Int
    let complain: (String) -> Void

    func run() throws(FileError) -> MountTable {
        var table = MountTable("command", ["ms"])
        var contenders: [(name: String, words: [String])] = [
            ("true", ["true"]), ("unshare -Urm", ["unshare", "-Urm", "true"]),
            ("bwrap", ["bwrap", "--dev-bind", "/", "/", "true"]),
        ]
        if let pak {
            let named = packages.flatMap { ["-p", $0] }
            contenders.insert(("pak run", [pak, "run", "-q"] + named + ["--", "true"]), at: 0)
            contenders.insert(
                ("pak run --pure", [pak, "run", "-q", "--pure"] + named + ["--", "true"]),
                at: 1
            )
        }
        // The first round fills caches; of what is this short more rounds are needed.
        for round in 0...rounds * 4 {
            for (name, words) in contenders {
                let start = now()
                let status = try Program.run(words, quiet: true)
                let time = now() - start
                if status != 0 {
                    if round == 0 { complain("pakbench: \(name): status \(status)") }
                } else if round > 0 {
                    table.add("true", name, "ms", time * 1e3)
                }
            }
        }
        return table
    }
}
