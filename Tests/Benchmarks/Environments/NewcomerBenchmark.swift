import FileTree
import Glibc

/// A new environment, from nothing to a running command of its last package, beside those who make
/// directories of links.
///
/// The packages are where each wants them: in pak's store, unpacked for stow, in nix's store. In
/// turn, each round anew.
struct NewcomerBenchmark {
    static let packages = 200
    static let steps = ["ms", "disk KiB", "inodes"]

    let pak: String
    /// A folder on a disk.
    let place: String
    let rounds: Int
    let filesPerPackage: Int
    /// Told who is left out, and why.
    let complain: (String) -> Void

    /// One way to have an environment.
    private struct Contender {
        let name: String
        /// The commands, one after another; the last is the package's own.
        let commands: [[String]]
        /// What is of the environment alone, and is gone before the next round.
        let traces: [String]
        /// What has it forget the environment.
        let end: [String]
    }

    /// The files, as each of them has them, and questions about them.
    func run() throws(FileError) -> [(name: String, table: MountTable)] {
        let folders = try makeFolders()
        let store = try makeStore(folders)
        var contenders = [ours(store, folders)]
        for contender in [stow(), try nix(folders)] {
            guard let contender else { continue }
            contenders.append(contender)
        }
        var table = MountTable("new", Self.steps)
        let subject = "\(Self.packages) pkgs"
        for round in 0...rounds {
            for contender in contenders {
                let start = now()
                for command in contender.commands { try Program.require(command) }
                let time = (now() - start) * 1e3
                if round > 0 {
                    table.add(subject, contender.name, "ms", time)
                    let use = contender.traces.map { DiskUse($0, followsLink: true) }
                    let bytes = use.reduce(0) { $0 + $1.bytes }
                    table.add(subject, contender.name, "disk KiB", Double(bytes) / 1024)
                    let inodes = use.reduce(0) { $0 + $1.inodes }
                    table.add(subject, contender.name, "inodes", Double(inodes))
                }
                if !contender.end.isEmpty { try Program.require(contender.end) }
                for trace in contender.traces { _ = try Program.run(["rm", "-rf", trace]) }
            }
        }
        return [("new", table), ("questions", try questions(store))]
    }

    // MARK: - The files

    /// Packages `p0` and so on, each a program and a folder of its own.
    private func makeFolders() throws(FileError) -> [String] {
        var folders: [String] = []
        for number in 0..<Self.packages {
            let folder = "\(place)/stow/p\(number)"
            for path in ["usr/bin", "usr/lib/g\(number)"] {
                try Program.require(["mkdir", "-p", "\(folder)/\(path)"])
            }
            try write("\(folder)/usr/bin/tool\(number)", "#!/bin/sh\nexit 0\n", 0o755)
            for file in 0..<filesPerPackage - 1 {
                if file < 10 { mkdir("\(folder)/usr/lib/g\(number)/d\(file)", 0o755) }
                let name = "usr/lib/g\(number)/d\(file % 10)/file\(file)"
                try write("\(folder)/\(name)", "\(file)\n", 0o644)
            }
            folders.append(folder)
        }
        return folders
    }

    private func write(_ path: String, _ text: String, _ mode: mode_t) throws(FileError) {
        let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, mode)
        try CaptureFiles.check(file, path)
        defer { close(file) }
        let bytes = Array(text.utf8)
        try CaptureFiles.check(Int32(Glibc.write(file, bytes, bytes.count)), path)
    }

    private var lastTool: String { "usr/bin/tool\(Self.packages - 1)" }

    private func makeStore(_ folders: [String]) throws(FileError) -> BenchmarkStore {
        let store = BenchmarkStore(pak, "\(place)/pak")
        var packed: [String] = []
        mkdir("\(place)/packed", 0o755)
        for (number, folder) in folders.enumerated() {
            let file = "\(place)/packed/p\(number).pak.zst"
            try Program.require([pak, "pack", "--name", "p\(number)", "-o", file, folder])
            packed.append(file)
        }
        try store.run(["import"] + packed)
        return store
    }

    // MARK: - The contenders

    private func ours(_ store: BenchmarkStore, _ folders: [String]) -> Contender {
        let names = (0..<Self.packages).map { "p\($0)" }
        return Contender(
            name: "pak",
            commands: [
                [pak, "env", "create", "new", "--store", store.path],
                store.words(["add", "-e", "new"] + names),
                store.words(["run", "-e", "new", "--", "/\(lastTool)"]),
            ],
            traces: [store.environment("new"), store.tables],
            end: []
        )
    }

    private func stow() -> Contender? {
        guard isThere("stow") else { return nil }
        let target = "\(place)/target"
        let names = (0..<Self.packages).map { "p\($0)" }
        return Contender(
            name: "stow",
            commands: [
                ["mkdir", target],
                ["stow", "-d", "\(place)/stow", "-t", target] + names,
                ["\(target)/\(lastTool)"],
            ],
            traces: [target],
            end: []
        )
    }

    /// A profile, as `nix-env -i` makes it of paths of a store: without a daemon, the network and
    /// builders' users.
    private func nix(_ folders: [String]) throws(FileError) -> Contender? {
        guard isThere("nix-env") else { return nil }
        let top = "\(place)/nix"
        let settings = [
            "NIX_STORE_DIR=\(top)/store", "NIX_STATE_DIR=\(top)/var", "NIX_LOG_DIR=\(top)/log",
            "NIX_CONF_DIR=\(top)/conf", "NIX_REMOTE=", "HOME=\(top)/home",
        ]
        let words = """
            mkdir -p "$0/store" "$0/conf" "$0/home" "$0/profiles" &&
                printf 'sandbox = false\\nbuild-users-group =\\nsubstituters =\\n' >"$0/conf/nix.conf" &&
                nix-store --add "$@" >"$0/paths"
            """
        let made = try Program.run(["env"] + settings + ["sh", "-c", words, top] + folders)
        guard made == 0 else {
            complain("pakbench: nix-store --add ended with \(made): measured without it")
            return nil
        }
        let paths = Program.text("\(top)/paths", limit: 1 << 20).split(separator: "\n")
        let profile = "\(top)/profiles/new"
        let install = ["nix-env", "-p", profile, "-i"] + paths.map(String.init)
        // A profile that is the same is not made a second time.
        let end = """
            paths=$(readlink -f "$0"); rm -f "$0"*; rm -f "$1"/var/gcroots/auto/*
            drv=$(nix-store -q --deriver "$paths"); nix-store --delete "$paths" "$drv"
            """
        return Contender(
            name: "nix-env",
            commands: [
                ["env"] + settings + install,
                ["\(profile)/\(lastTool)"],
            ],
            traces: [profile],
            end: ["env"] + settings + ["sh", "-c", end, profile, top]
        )
    }

    private func isThere(_ program: String) -> Bool {
        // What cannot be started is not there.
        if (try? Program.run(["sh", "-c", "command -v \"$0\"", program], quiet: true)) == 0 {
            return true
        }
        complain("pakbench: \(program) is not there: measured without it")
        return false
    }

    // MARK: - Questions

    private func questions(_ store: BenchmarkStore) throws(FileError) -> MountTable {
        var table = MountTable("question", ["ms"])
        let names = (0..<Self.packages).map { "p\($0)" }
        try store.run(["env", "create", "asked"])
        try store.run(["add", "-e", "asked"] + names)
        setenv("PAK_STORE", store.path, 1)
        setenv("PAK_ROOT", "/nonexistent", 1)
        setenv("SAP_SHELL", "bash", 1)
        defer { for name in ["PAK_STORE", "PAK_ROOT", "SAP_SHELL"] { unsetenv(name) } }
        let complete = ["---completion", "add", "--", "positional@0", "2", "2", "pak", "add", "p1"]
        let member = ["---completion", "rm", "--", "positional@0", "2", "2", "pak", "rm", "p1"]
        let all: [(String, [String])] = [
            ("names to add", complete), ("names to rm", member),
            ("owns", ["owns", "-e", "asked", "/\(lastTool)"]),
            ("files", ["files", "-e", "asked", "p7"]), ("why", ["why", "-e", "asked", "p7"]),
            ("info", ["info", "-e", "asked", "p7"]), ("list", ["list", "-e", "asked"]),
            ("tree", ["tree", "-e", "asked"]), ("conflicts", ["conflicts", "-e", "asked"]),
            ("shadowed", ["shadowed", "-e", "asked"]), ("history", ["history", "-e", "asked"]),
        ]
        for round in 0...rounds {
            for (name, words) in all {
                let start = now()
                try Program.require([pak] + words)
                if round > 0 { table.add(name, "pak", "ms", (now() - start) * 1e3) }
            }
        }
        return table
    }
}
