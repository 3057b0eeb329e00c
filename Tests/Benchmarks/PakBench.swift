import Archive
import ArgumentParser
import FileTree
import Glibc

/// How fast the server is, beside Debian's diod and beside a plain socket.
@main
struct PakBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pakbench",
        abstract: "Measure pakfs beside diod and a plain socket, and the library's own steps."
    )

    @Option(help: "How many rounds; every server has its turn in each.")
    var rounds = 5
    @Option(help: "Seconds a case, a depth, a server and a round.")
    var seconds = 0.1
    @Option(help: "The pakfs to measure; the one beside this program if not given.")
    var pakfs: String?
    @Option(help: "The pak to measure; the one beside this program if not given.")
    var pak: String?
    @Option(help: "The diod to measure; skipped if it is not there.")
    var diod = "/usr/sbin/diod"
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Only these: a case of the wire, import, union, growth, capture, export, memory, view, "
                + "archive, stream, run, small, build or environment."
        )
    )
    var only: [String] = []
    @Flag(help: "At depth 1 and of mounts, too, leave both ends where the scheduler puts them.")
    var spread = false
    @Flag(help: "Print JSON in place of tables.")
    var json = false
    @Option(
        help: ArgumentHelp("How many packages views are of, or files archives.", valueName: "n")
    )
    var most = 100_000
    @Flag(help: .hidden)
    var echo = false
    @Option(help: .hidden)
    var small: String?

    func run() throws {
        if echo { return try EchoServer.run() }
        if let small { return try SmallFilesBenchmark.write(to: small) }
        let corpus = try Corpus()
        defer {
            // What is left is in memory and named after this program; there is no more to be done.
            try? corpus.remove()
        }
        var report = Report()
        if wants("import") { report.imports = try ImportBenchmark(corpus: corpus).run() }
        let cases = WireBenchmark.Case.allCases.filter { wants($0.rawValue) }
        if !cases.isEmpty {
            let rivals = try self.rivals(corpus)
            report.rivals = rivals.map(\.name)
            report.rows = try WireBenchmark(
                rounds: rounds,
                seconds: seconds,
                spread: spread,
                cases: cases
            ).run(rivals)
        }
        if wants("union") {
            report.unions = try UnionBenchmark(place: corpus.place, rounds: rounds).run()
        }
        if wants("growth"), isThere(server) {
            report.growths = try GrowthBenchmark(
                pakfs: server,
                place: corpus.place,
                rounds: rounds,
                seconds: seconds,
                spread: spread
            ).run()
        }
        if wants("capture"), isThere(server) {
            report.captures = try CaptureBenchmark(
                pakfs: server,
                diod: isThere(diod) ? diod : nil,
                place: corpus.place,
                rounds: rounds,
                complain: complain
            ).run()
        }
        if wants("export") {
            report.exports = try ExportBenchmark(place: corpus.place, rounds: rounds).run()
        }
        if wants("memory"), isThere(server) {
            report.memory = try MemoryBenchmark(pakfs: server, place: corpus.place).run()
        }
        let views = isThere(pakProgram) ? pakProgram : nil
        if wants("view") {
            let counts = [1, 10, 100, 400].filter { $0 <= most }
            report.mounts.append(
                (
                    "view",
                    try ViewBenchmark(
                        pak: views,
                        place: corpus.place,
                        rounds: min(rounds, 3),
                        counts: counts,
                        spread: spread,
                        complain: complain
                    ).run()
                )
            )
        }
        if wants("archive") || wants("stream") {
            let archives = ArchiveBenchmark(
                pak: views,
                ratarmount: ratarmount,
                place: corpus.place,
                rounds: rounds,
                counts: [10_000, 100_000].filter { $0 <= most },
                spread: spread,
                complain: complain
            )
            if wants("archive") { report.mounts.append(("archive", try archives.files())) }
            if wants("stream") { report.mounts.append(("stream", try archives.stream())) }
        }
        if wants("run") {
            report.mounts.append(
                (
                    "run",
                    try RunBenchmark(
                        pak: views,
                        place: corpus.place,
                        rounds: rounds,
                        complain: complain
                    ).run()
                )
            )
        }
        if wants("small") {
            let files = SmallFilesBenchmark(pak: views, rounds: rounds, complain: complain)
            report.mounts.append(("small", try files.run()))
        }
        if wants("build"), let views {
            let builds = BuildBenchmark(pak: views, rounds: rounds, complain: complain)
            report.mounts.append(("build", try builds.run()))
        }
        if wants("environment"), let views, isThere(server) {
            report.mounts += try environments(views)
        }
        print(json ? report.json : report.table)
    }

    /// On a disk: what is on storage when a command ends is a part of what it costs.
    private func environments(_ pak: String) throws(FileError) -> [(String, MountTable)] {
        let place = try HostFolder.makeNew("/var/tmp/pakbench")
        defer { HostFolder.remove(place) }
        let changes = EnvironmentBenchmark(
            pak: pak,
            pakfs: server,
            place: place,
            rounds: rounds,
            filesPerGroup: most / 100
        )
        let newcomers = NewcomerBenchmark(
            pak: pak,
            place: place,
            rounds: rounds,
            filesPerPackage: most / NewcomerBenchmark.packages,
            complain: complain
        )
        return [("environment", try changes.run())] + (try newcomers.run())
    }

    private func wants(_ name: String) -> Bool { only.isEmpty || only.contains(name) }

    /// The pakfs to be measured.
    private var server: String { pakfs ?? beside("pakfs") }

    /// The pak to be measured.
    private var pakProgram: String { pak ?? beside("pak") }

    /// A program in this one's folder, from the root: whoever runs it may be elsewhere.
    private func beside(_ name: String) -> String {
        // Without /proc there is none to be found, which is then said of the name alone.
        guard let own = try? Program.ownPath else { return name }
        let folder = own.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
        return "\(folder)/\(name)"
    }

    /// PyPI's ratarmount, fetched once.
    private var ratarmount: [String]? {
        let home = getenv("HOME").map { String(cString: $0) } ?? "/tmp"
        let folder = "\(home)/.cache/pakbench/ratarmount"
        let program = ["env", "PYTHONPATH=\(folder)", "python3", "-m", "ratarmount"]
        do throws(FileError) {
            if access("\(folder)/bin/ratarmount", X_OK) != 0 {
                _ = try Program.run(
                    [
                        "timeout", "300", "python3", "-m", "pip", "install", "--only-binary",
                        ":all:", "--target", folder, "ratarmount==1.3.0",
                    ],
                    quiet: true
                )
            }
            if try Program.run(program + ["--version"], quiet: true) == 0 { return program }
            complain("pakbench: ratarmount cannot be fetched: measured without it")
        } catch {
            complain("pakbench: ratarmount: \(error): measured without it")
        }
        return nil
    }

    private func isThere(_ program: String) -> Bool {
        if access(program, X_OK) == 0 { return true }
        complain("pakbench: \(program) is not there: measured without it")
        return false
    }

    private func rivals(_ corpus: Corpus) throws(FileError) -> [Rival] {
        var rivals: [Rival] = []
        if isThere(server) {
            // A plain tar is served as it lies, a package by way of its frames.
            if access(corpus.package, R_OK) != 0 {
                _ = try Packer.pack(corpus.tar, to: corpus.package)
            }
            for (name, path) in [("pakfs", corpus.tar), ("pakfs-zst", corpus.package)] {
                let words = [server, "-l", "fd!0", path]
                rivals.append(Rival(name: name, words: words, tree: ""))
            }
        }
        if isThere(diod) {
            let words = Self.diodWords(diod, place: corpus.place, exporting: corpus.folder)
            rivals.append(Rival(name: "diod", words: words, tree: corpus.folder))
        }
        rivals.append(Rival(name: "echo", words: [try Program.ownPath, "--echo"], tree: ""))
        return rivals
    }

    /// Debian's ends with a fault when its descriptor closes, and raises the limit of cores
    /// itself: run in the corpus's place, what it leaves goes with that.
    static func diodWords(_ diod: String, place: String, exporting folder: String) -> [String] {
        [
            "sh", "-c", "cd \"$0\" && exec \"$@\"", place, diod, "-f", "-n", "-r", "0",
            "--wfdno", "1", "-e", folder, "-L", "/dev/null", "-c", "/dev/null",
        ]
    }

    private func complain(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = write(2, bytes, bytes.count)
    }
}
