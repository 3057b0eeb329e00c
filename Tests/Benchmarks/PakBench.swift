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
    @Option(help: "The diod to measure; skipped if it is not there.")
    var diod = "/usr/sbin/diod"
    @Option(parsing: .upToNextOption, help: "Only these cases, by name.")
    var only: [String] = []
    @Flag(help: "Print JSON in place of tables.")
    var json = false
    @Flag(help: .hidden)
    var echo = false

    func run() throws {
        if echo { return try EchoServer.run() }
        let corpus = try Corpus()
        defer {
            // What is left is in memory and named after this program; there is no more to be done.
            try? corpus.remove()
        }
        let cases = WireBenchmark.Case.allCases.filter {
            only.isEmpty || only.contains($0.rawValue)
        }
        let rivals = self.rivals(corpus)
        let wire = WireBenchmark(rounds: rounds, seconds: seconds, cases: cases)
        var report = Report(rivals: rivals.map(\.name))
        report.rows = try wire.run(rivals)
        print(json ? report.json : report.table)
    }

    private func rivals(_ corpus: Corpus) -> [Rival] {
        let program = CommandLine.arguments[0]
        let folder = program.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        let pakfs = self.pakfs ?? (folder + ["pakfs"]).joined(separator: "/")
        var rivals: [Rival] = []
        if access(pakfs, X_OK) == 0 {
            let words = [pakfs, "-l", "fd!0", corpus.tar]
            rivals.append(Rival(name: "pakfs", words: words, tree: ""))
        } else {
            complain("pakbench: \(pakfs) is not there: measured without it")
        }
        if access(diod, X_OK) == 0 {
            rivals.append(
                Rival(
                    name: "diod",
                    words: [
                        diod, "-f", "-n", "-r", "0", "--wfdno", "1", "-e", corpus.folder, "-L",
                        "/dev/null", "-c", "/dev/null",
                    ],
                    tree: corpus.folder
                )
            )
        } else {
            complain("pakbench: \(diod) is not there: measured without it")
        }
        rivals.append(Rival(name: "echo", words: ["/proc/self/exe", "--echo"], tree: ""))
        return rivals
    }

    private func complain(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = write(2, bytes, bytes.count)
    }
}
