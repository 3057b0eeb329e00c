import FileTree
import Glibc
import NinePClient

/// What environments cost: those of one package and of a thousand that have the same files, made
/// on a disk, with all that is put on storage before a command ends.
struct EnvironmentBenchmark {
    static let steps = [
        "switch ms", "rollback ms", "in server ms", "server cpu ms", "new state ms",
        "new state cpu ms", "add ms", "disk KiB",
        "used log KiB", "numbers KiB", "table KiB",
    ]

    let pak: String
    let pakfs: String
    /// A folder on a disk.
    let place: String
    let rounds: Int
    /// Files a group of `PackageSet`, of which there are a thousand, in all packages together.
    let filesPerGroup: Int

    func run() throws(FileError) -> MountTable {
        var table = MountTable("packages", Self.steps)
        var subjects: [Subject] = []
        for count in [1, PackageSet.groupCount] {
            subjects.append(try Subject(count, self))
        }
        // The first round fills caches.
        for round in 0...rounds {
            for subject in subjects {
                for (step, value) in try subject.measure(round) where round > 0 {
                    table.add(subject.name, "pak", step, value)
                }
            }
        }
        for subject in subjects {
            let disk = try subject.disk()
            table.add(subject.name, "pak", "disk KiB", disk.environment)
            table.add(subject.name, "pak", "used log KiB", disk.log)
            table.add(subject.name, "pak", "numbers KiB", disk.numbers)
            table.add(subject.name, "pak", "table KiB", disk.table)
        }
        return table
    }

    /// An environment whose generation 2 has the packages, and each after it another one, too.
    private final class Subject {
        let name: String
        let store: BenchmarkStore
        /// It makes tables as they are wanted, until what there is of them is measured.
        private var server: RunningServer?
        private var processorSeconds: Double { server?.processorSeconds ?? 0 }
        let control: any File

        init(_ count: Int, _ bench: EnvironmentBenchmark) throws(FileError) {
            name = "\(count)"
            let folder = "\(bench.place)/of\(count)"
            try CaptureFiles.check(mkdir(folder, 0o755), folder)
            store = BenchmarkStore(bench.pak, "\(folder)/store")
            let set = try PackageSet(
                count,
                filesPerGroup: bench.filesPerGroup,
                fileSize: 0,
                in: "\(folder)/set"
            )
            try store.run(["add"] + set.paths)
            var others: [String] = []
            for name in ["other", "new"] {
                for number in 0...bench.rounds + 1 {
                    let other = "\(folder)/\(name)\(number).pak.zst"
                    try PackageSet.writeOther(other, "\(name)\(number)", files: 1000)
                    others.append(other)
                }
            }
            try store.run(["import"] + others)
            try store.run(["add", "other\(bench.rounds + 1)"])
            // What the server that is started then has never shown.
            for round in 0...bench.rounds {
                try store.run(["switch", "2"])
                try store.run(["add", "new\(round)"])
            }
            try store.run(["switch", "2"])
            let words = [
                "sh", "-c", "exec \"$@\" 2>/dev/null", "sh", bench.pakfs, "-S", store.path, "-e",
                "main",
                "-l", "fd!0",
            ]
            let server = try RunningServer.start(Rival(name: "pakfs", words: words, tree: ""))
            let user = User(uid: 0, gid: 0, name: "root", isOwner: true)
            let client = try Client(server.converse())
            let path = Array("env/main/ctl".utf8)
            let root = try RemoteTree(client).attach(as: user, to: "ctl").root
            guard let control = try root.node(atPath: path)?.file else {
                throw FileError(.notFound, "env/main/ctl")
            }
            self.control = control
            self.server = consume server
        }

        func measure(_ round: Int) throws(FileError) -> [(String, Double)] {
            var results: [(String, Double)] = []
            try store.run(["switch", "2"])
            results.append(("switch ms", try store.time(["switch", "3"])))
            results.append(("rollback ms", try store.time(["rollback"])))
            // The server follows what those did by the way: it is waited for.
            for number in [3, 2] { _ = try show(number) }
            var switches: [(time: Double, used: Double)] = []
            for number in 0..<16 { switches.append(try show(number % 2 == 0 ? 3 : 2)) }
            results.append(("in server ms", median(switches.map(\.time))))
            results.append(("server cpu ms", median(switches.map(\.used))))
            let new = try show(4 + round)
            results.append(("new state ms", new.time))
            results.append(("new state cpu ms", new.used))
            _ = try show(2)
            // Each time another one, so that no table of it is known.
            results.append(("add ms", try store.time(["add", "other\(round)"])))
            return results
        }

        /// Has the server show a generation, and says what that took until it answered.
        ///
        /// Milliseconds, and those of its processor time.
        private func show(_ number: Int) throws(FileError) -> (time: Double, used: Double) {
            let word = Array("gen \(number)\n".utf8)
            let open = try control.open(.write)
            // Closing is no part of it.
            defer { withExtendedLifetime(open) {} }
            let before = processorSeconds
            let start = now()
            _ = try open.write(word.span.bytes, at: 0)
            let time = (now() - start) * 1e3
            return (time, (processorSeconds - before) * 1e3)
        }

        /// KiB on the disk: by which the store grew, but for tables, with an environment that is the
        /// same, and new; of the bytes of this one's log, which has a line for each switch that was
        /// measured; of the numbers of all packages, which came with them; of the table.
        func disk() throws(FileError) -> (
            environment: Double, log: Double, numbers: Double, table: Double
        ) {
            server = nil
            try store.run(["switch", "2"])
            func kibibytes(_ path: String) -> Double { Double(DiskUse(path).bytes) / 1024 }
            _ = try Program.run(["rm", "-rf", store.tables])
            let before = kibibytes(store.path)
            try store.run(["env", "create", "like", "--like", "main"])
            _ = try Program.run(["rm", "-rf", store.tables])
            let grown = kibibytes(store.path) - before
            try store.run(["owns", "-e", "like", "/usr/bin/tool0"])
            let log = "\(store.environment("main"))/log"
            var status = stat()
            try CaptureFiles.check(lstat(log, &status), log)
            return (
                grown, Double(status.st_size) / 1024,
                store.numbers.reduce(0) { $0 + kibibytes($1) }, kibibytes(store.tables)
            )
        }
    }
}

/// A store, and the commands that are told to use it.
struct BenchmarkStore {
    private let pak: String
    let path: String
    /// Where tables are kept.
    var tables: String { "\(path)/tables" }
    /// What gives packages their numbers.
    var numbers: [String] { ["\(path)/known", "\(path)/known.copy"] }

    init(_ pak: String, _ path: String) {
        self.pak = pak
        self.path = path
    }

    /// The folder of an environment.
    func environment(_ name: String) -> String { "\(path)/envs/\(name)" }

    /// A command's words, all of them.
    func words(_ words: [String]) -> [String] {
        [pak] + words.prefix(1) + ["--store", path, "--root", "/nonexistent"] + words.dropFirst()
    }

    /// Runs a command.
    func run(_ words: [String]) throws(FileError) {
        let own = words.first == "env" ? [pak] + words + ["--store", path] : self.words(words)
        try Program.require(own)
    }

    /// Milliseconds that a command takes.
    func time(_ words: [String]) throws(FileError) -> Double {
        let start = now()
        try run(words)
        return (now() - start) * 1e3
    }
}

/// What a folder takes on its disk.
struct DiskUse {
    var bytes = 0
    var inodes = 0

    init(_ path: String, followsLink: Bool = false) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        bytes = Int(status.st_blocks) * 512
        inodes = 1
        // What a link at the top leads to is what is meant.
        if followsLink, status.st_mode & S_IFMT == S_IFLNK, let real = realpath(path, nil) {
            defer { free(real) }
            let below = DiskUse(String(cString: real))
            bytes += below.bytes
            inodes += below.inodes
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { return }
        // What cannot be listed counts as itself.
        for name in (try? HostFolder.names(in: path)) ?? [] {
            let below = DiskUse("\(path)/\(name)")
            bytes += below.bytes
            inodes += below.inodes
        }
    }
}
