import FileTree
import Glibc

/// Many small files, written in `pak capture` and to a fuse-overlayfs, both with what they keep on
/// the same disk; in turn, each round from nothing.
///
/// Of pak all of it counts, the start of the command too; of its rival the writing alone.
struct SmallFilesBenchmark {
    static let count = 10_000
    static let size = 4096
    let pak: String?
    let rounds: Int
    let complain: (String) -> Void

    func run() throws(FileError) -> MountTable {
        try Mounted.prepare()
        var table = MountTable("4 KiB files", ["s", "x rival"])
        // On a disk, and not below /tmp, of which a capture has one of its own.
        let place = try HostFolder.makeNew("/var/tmp/pakbench")
        defer { HostFolder.remove(place) }
        // The first round fills caches.
        for round in 0...rounds {
            let folder = "\(place)/\(round)"
            try CaptureFiles.check(mkdir(folder, 0o755), folder)
            var rival: Double?
            do throws(FileError) { rival = try overlaid(folder) } catch {
                if round == 0 { complain("pakbench: \(error): measured without it") }
            }
            let own = try pak.map { (pak) throws(FileError) in try captured(pak, folder) }
            guard round > 0 else { continue }
            let of = "\(Self.count)"
            if let rival { table.add(of, "fuse-overlayfs", "s", rival) }
            guard let own else { continue }
            table.add(of, "pak capture", "s", own)
            if let rival { table.add(of, "pak capture", "x rival", own / rival) }
        }
        return table
    }

    /// Writes the files; by the program that is measured in a view, too.
    static func write(to folder: String) throws(FileError) {
        let bytes = [UInt8](repeating: 0x5a, count: size)
        for number in 0..<count {
            let parent = "\(folder)/d\(number / 100)"
            if number % 100 == 0 { try CaptureFiles.check(mkdir(parent, 0o755), parent) }
            let path = "\(parent)/file\(number)"
            let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
            try CaptureFiles.check(file, path)
            defer { close(file) }
            try CaptureFiles.check(Int32(clamping: Glibc.write(file, bytes, size)), path)
        }
    }

    private func captured(_ pak: String, _ folder: String) throws(FileError) -> Double {
        let place = "\(folder)/in"
        try CaptureFiles.check(mkdir(place, 0o755), place)
        let start = now()
        try Program.require([
            pak, "capture", "-q", "--layer", "\(folder)/layer", "--", try Program.ownPath,
            "--small", place,
        ])
        return now() - start
    }

    private func overlaid(_ folder: String) throws(FileError) -> Double {
        for name in ["lower", "upper", "work"] { mkdir("\(folder)/\(name)", 0o755) }
        let layers = ["lower", "upper", "work"].map { "\($0)dir=\(folder)/\($0)" }
        let mounted = try Mounted(
            .init(
                name: "fuse-overlayfs",
                words: [
                    "fuse-overlayfs", "-f", "-o", layers.joined(separator: ","), "\(folder)/mount",
                ]
            ),
            at: "\(folder)/mount"
        )
        let start = now()
        try Self.write(to: mounted.path)
        return now() - start
    }
}
