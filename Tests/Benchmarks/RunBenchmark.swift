import FileTree

/// What it costs to run a command in a view of its own, beside those who make a namespace alone;
/// in turn.
struct RunBenchmark {
    let pak: String?
    let place: String
    let rounds: Int
    let complain: (String) -> Void

    /// A package of a `true` that needs nothing else.
    private static let make = """
        cd "$0" && mkdir -p true/usr/bin && cp "$(command -v busybox)" true/usr/bin/true &&
            tar -C true -cf "$1" .
        """

    func run() throws(FileError) -> MountTable {
        var table = MountTable("command", ["ms"])
        var contenders: [(name: String, words: [String])] = [
            ("true", ["true"]), ("unshare -Urm", ["unshare", "-Urm", "true"]),
            ("bwrap", ["bwrap", "--dev-bind", "/", "/", "true"]),
        ]
        if let pak {
            let package = "\(place)/true.tar"
            let status = try Program.run(["sh", "-c", Self.make, place, package], quiet: true)
            guard status == 0 else { throw FileError(.inputOutput, "no package: \(status)") }
            let start = [pak, "run", "-p", package]
            contenders.insert(("pak run", start + ["--", "true"]), at: 0)
            contenders.insert(("pak run --pure", start + ["--pure", "--", "true"]), at: 1)
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
