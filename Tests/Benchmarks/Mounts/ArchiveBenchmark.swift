import Archive
import FileTree
import Glibc

/// One archive of many small files, mounted by those who mount archives; and one of a large file,
/// read through beside the decoder alone.
struct ArchiveBenchmark {
    static let steps = [
        "mount ms", "stat us", "open+read us", "find ms", "memory MiB",
    ]
    let pak: String?
    /// A ratarmount; nil where there is none.
    let ratarmount: [String]?
    let place: String
    let rounds: Int
    let counts: [Int]
    /// Leaves both ends where the scheduler puts them.
    let spread: Bool
    let complain: (String) -> Void

    private var mountPoint: String { "\(place)/archive" }

    /// Many small files.
    func files() throws(FileError) -> MountTable {
        try Mounted.prepare()
        var files = MountTable("files", Self.steps, note: Processors.note(spread))
        for count in counts {
            let folder = "\(place)/archive\(count)"
            let paths = try Self.fill(folder, count)
            let archives = try Archives(of: folder)
            for round in 0...rounds {
                for contender in contenders(archives) {
                    do throws(FileError) {
                        // The first round makes what is kept beside an archive, and does not count.
                        let results = try measure(contender, paths)
                        if round == 0 { continue }
                        for (step, value) in results {
                            files.add("\(count)", contender.name, step, value)
                        }
                    } catch {
                        if round == 0 { complain("pakbench: \(error): measured without it") }
                    }
                }
            }
            try archives.remove()
        }
        return files
    }

    /// Small files, a hundred to a folder; returns their paths in a random order.
    private static func fill(_ folder: String, _ count: Int) throws(FileError) -> [String] {
        try CaptureFiles.check(mkdir(folder, 0o755), folder)
        let bytes = [UInt8]((0..<4000).map { UInt8(truncatingIfNeeded: $0 / 7) })
        var paths: [String] = []
        for number in 0..<count {
            let parent = "d\(number / 100)"
            if number % 100 == 0 { mkdir("\(folder)/\(parent)", 0o755) }
            let path = "\(parent)/file\(number)"
            let file = open("\(folder)/\(path)", O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
            try CaptureFiles.check(file, path)
            defer { close(file) }
            let size = 200 + number * 37 % 3800
            try CaptureFiles.check(Int32(write(file, bytes, size)), path)
            paths.append(path)
        }
        var random = Random(seed: 9)
        for place in paths.indices { paths.swapAt(place, random.below(paths.count)) }
        return paths
    }

    /// One folder's files in the forms that are mounted.
    private struct Archives {
        let folder: String
        var package: String { folder + ".pak.zst" }
        var tar: String { folder + ".tar" }
        var image: String { folder + ".squashfs" }

        init(of folder: String) throws(FileError) {
            self.folder = folder
            _ = try Program.run(["tar", "--sort=name", "-C", folder, "-cf", folder + ".tar", "."])
            _ = try Program.run(
                [
                    "mksquashfs", folder, folder + ".squashfs", "-comp", "zstd",
                    "-Xcompression-level", "3", "-b", "128K", "-quiet", "-no-progress",
                ],
                quiet: true
            )
            _ = try Packer.pack(tar, to: package)
            // The files themselves are not needed any more, and lie in memory.
            _ = try Program.run(["rm", "-rf", folder])
        }

        func remove() throws(FileError) {
            _ = try Program.run(["sh", "-c", "rm -rf \"$0\"*", folder])
        }
    }

    private func contenders(_ archives: Archives) -> [Mounted.Contender] {
        var all: [Mounted.Contender] = []
        if let pak {
            all.append(.pak(pak, [archives.package], at: mountPoint))
        }
        all.append(
            .init(
                name: "squashfuse_ll",
                words: ["squashfuse_ll", archives.image, mountPoint]
            )
        )
        all.append(
            .init(
                name: "archivemount",
                words: ["archivemount", "-o", "readonly", archives.tar, mountPoint]
            )
        )
        if let ratarmount {
            all.append(
                .init(name: "ratarmount", words: ratarmount + [archives.tar, mountPoint])
            )
        }
        return all
    }

    private func measure(
        _ contender: Mounted.Contender,
        _ paths: [String]
    ) throws(FileError) -> [(String, Double)] {
        var results: [(String, Double)] = []
        do {
            let mounted = try Mounted(contender, at: mountPoint)
            let steps = try MountSteps(mounted.path)
            defer { steps.close() }
            try mounted.held(!spread) { () throws(FileError) in
                results.append(("stat us", try steps.stat(Array(paths.prefix(2000)))))
                results.append(("open+read us", try steps.read(Array(paths.suffix(200)))))
            }
            if let memory = mounted.memory { results.append(("memory MiB", memory)) }
        }
        do {
            let mounted = try Mounted(contender, at: mountPoint)
            let steps = try MountSteps(mounted.path)
            defer { steps.close() }
            // A later mount is meant: who has just mounted has its program in memory, which some
            // machines take out again within the seconds that the others need.
            results.append(("mount ms", mounted.seconds * 1e3))
            try mounted.held(!spread) { () throws(FileError) in
                results.append(("find ms", try steps.find(".") / 1e3))
            }
        }
        return results
    }

    /// A GiB read through the mount, and through zstd alone.
    func stream() throws(FileError) -> MountTable {
        try Mounted.prepare()
        var table = MountTable("1 GiB member", ["MB/s"])
        let folder = "\(place)/stream"
        try CaptureFiles.check(mkdir(folder, 0o755), folder)
        // Text of a kind: three bytes of four can be told from others.
        let fill = "head -c 805306368 /dev/urandom | base64 -w 0 | head -c 1073741824 >\"$0/big\""
        _ = try Program.run(["sh", "-c", fill, folder])
        let archives = try Archives(of: folder)
        for round in 0...rounds {
            for contender in contenders(archives).prefix(pak == nil ? 1 : 2) {
                let mounted = try Mounted(contender, at: mountPoint)
                let steps = try MountSteps(mounted.path)
                defer { steps.close() }
                let rate = try steps.stream("big") / 1e6
                if round > 0 { table.add("", contender.name, "MB/s", rate) }
                withExtendedLifetime(mounted) {}
            }
            let start = now()
            let status = try Program.run([
                "sh", "-c", "zstd -qdc \"$0\" >/dev/null", archives.package,
            ])
            guard status == 0 else { continue }
            if round > 0 { table.add("", "zstd -dc", "MB/s", 1073.74 / (now() - start)) }
        }
        try archives.remove()
        return table
    }
}
