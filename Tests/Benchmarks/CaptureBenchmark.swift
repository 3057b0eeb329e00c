import FileTree
import Glibc
import NinePClient

/// What changes of a lower tree cost: a capture behind 9P, and the neighbours behind their mounts,
/// in turn, each round over a new upper layer.
struct CaptureBenchmark {
    /// One step of one contender.
    struct Row {
        let step: String
        let name: String
        /// Milliseconds, one a round.
        var times: [Double] = []
        /// Bytes stored, of the last round.
        var stored: Int?
    }

    static let fileCount = 10_000
    let pakfs: String
    /// Nil where there is none.
    let diod: String?
    let place: String
    let rounds: Int
    /// Told which neighbour is left out, and why.
    let complain: (String) -> Void

    /// The steps of a lower tree, with what they are done to.
    private static let steps = ["chmod of 64 MiB", "1 byte into 1 GiB", "rename of 10,000 entries"]

    func run() throws(FileError) -> [Row] {
        let files = try CaptureFiles(in: place)
        var rows: [Row] = []
        func add(_ step: String, _ name: String, _ time: Double, _ stored: Int? = nil) {
            let place = rows.firstIndex { $0.step == step && $0.name == name }
            if place == nil { rows.append(Row(step: step, name: name)) }
            let number = place ?? rows.count - 1
            rows[number].times.append(time * 1e3)
            rows[number].stored = stored
        }
        // The first round warms the caches and does not count.
        for round in 0...rounds {
            let folder = "\(place)/round\(round)"
            try CaptureFiles.check(mkdir(folder, 0o755), folder)
            for (step, time, stored) in try capture(files, "\(folder)/capture") where round > 0 {
                add(step, "pakfs", time, stored)
            }
            for kind in WritableMount.Kind.allCases {
                do throws(FileError) {
                    let mount = try WritableMount(
                        kind,
                        over: files.path,
                        in: "\(folder)/\(kind.rawValue)"
                    )
                    for (step, time, stored) in try changes(mount) where round > 0 {
                        add(step, kind.rawValue, time, stored)
                    }
                } catch {
                    if round == 0 { complain("pakbench: \(error): measured without it") }
                }
            }
            for depth in [1, 16] {
                let step = "10,000 files, depth \(depth)"
                let folder = "\(folder)/small\(depth)"
                try CaptureFiles.check(mkdir(folder, 0o755), folder)
                let ours = try create(rival(files, folder), "small", depth)
                if round > 0 { add(step, "pakfs", ours) }
                guard let diod else { continue }
                let theirs = try create(
                    Rival(
                        name: "diod",
                        words: diodWords(diod, folder),
                        tree: folder
                    ),
                    nil,
                    depth
                )
                if round > 0 { add(step, "diod", theirs) }
            }
            _ = try Program.run(["rm", "-rf", folder])
        }
        // By steps in their order, and what is ours first.
        let steps = rows.map(\.step)
        return rows.sorted {
            (steps.firstIndex(of: $0.step) ?? 0, $0.name == "pakfs" ? "" : $0.name)
                < (steps.firstIndex(of: $1.step) ?? 0, $1.name == "pakfs" ? "" : $1.name)
        }
    }

    private func rival(_ files: CaptureFiles, _ folder: String) -> Rival {
        Rival(
            name: "pakfs",
            words: [
                "env", "XDG_CACHE_HOME=\(place)/cache", pakfs, "-l", "fd!0", "-b", files.path,
                "-c", "\(folder)/layers",
            ],
            tree: ""
        )
    }

    /// The steps behind 9P, one request at a time; what is stored is what the layer's folder grew
    /// by.
    private func capture(
        _ files: CaptureFiles,
        _ folder: String
    ) throws(FileError) -> [(String, Double, Int?)] {
        try CaptureFiles.check(mkdir(folder, 0o755), folder)
        let server = try RunningServer.start(rival(files, folder))
        let user = User(uid: 0, gid: 0, name: "root", isOwner: true)
        let client = try Client(server.converse())
        let root = try RemoteTree(client).attach(as: user, to: "").root
        var results: [(String, Double, Int?)] = []
        func time(_ step: String, _ body: () throws(FileError) -> Void) throws(FileError) {
            let before = CaptureFiles.allocated(folder)
            let begin = now()
            try body()
            let time = now() - begin
            results.append((step, time, CaptureFiles.allocated(folder) - before))
        }
        try time(Self.steps[0]) { () throws(FileError) in
            var change = StatChange()
            change.permissions = 0o600
            try look("chmod", root).change(change, by: user)
        }
        try time(Self.steps[1]) { () throws(FileError) in
            guard let file = try look("write", root).file else { throw FileError(.isDirectory) }
            let bytes = Array("x".utf8)
            try file.open(.write).write(bytes.span.bytes, at: UInt64(CaptureFiles.writeSize / 2))
        }
        try time(Self.steps[2]) { () throws(FileError) in
            let (name, new) = (Array("many".utf8), Array("moved".utf8))
            try root.rename(name.span.bytes, to: root, new.span.bytes, replacing: false)
        }
        return results
    }

    private func look(_ name: String, _ root: any Directory) throws(FileError) -> any Node {
        let name = Array(name.utf8)
        return try root.lookup(name.span.bytes)
    }

    /// The same steps by system calls.
    private func changes(_ mount: WritableMount) throws(FileError) -> [(String, Double, Int?)] {
        var results: [(String, Double, Int?)] = []
        func time(_ step: String, _ body: () throws(FileError) -> Void) throws(FileError) {
            let before = CaptureFiles.allocated(mount.upper)
            let begin = now()
            try body()
            let time = now() - begin
            results.append((step, time, CaptureFiles.allocated(mount.upper) - before))
        }
        try time(Self.steps[0]) { () throws(FileError) in try mount.changeMode("chmod") }
        try time(Self.steps[1]) { () throws(FileError) in try mount.writeByte("write") }
        do throws(FileError) {
            try time(Self.steps[2]) { () throws(FileError) in try mount.move("many", to: "moved") }
        } catch {
            // It does not move lower directories: a program has to copy and remove.
            guard error.kind == .crossDevice else { throw error }
        }
        try time("10,000 files, mounted") { () throws(FileError) in
            try mount.create(Self.fileCount, in: "small")
        }
        return results
    }

    /// Seconds for small files made by way of a server, in a directory of the lower tree, or in the
    /// root.
    private func create(
        _ rival: Rival,
        _ directory: String?,
        _ depth: Int
    ) throws(FileError) -> Double {
        let server = try RunningServer.start(rival)
        var talk = try server.greet(rival.tree)
        let path = PathPool([directory.map { [$0] } ?? []])
        defer { withExtendedLifetime(path) {} }
        try server.walk(&talk, to: CreateWork.directoryFid, path)
        let bytes = UnsafeMutableRawBufferPointer.allocate(
            byteCount: CreateWork.fileSize + 64,
            alignment: 16
        )
        defer { bytes.deallocate() }
        bytes.initializeMemory(as: UInt8.self, repeating: 0x61)
        var work = CreateWork(
            contents: UnsafeRawBufferPointer(rebasing: bytes[..<CreateWork.fileSize]),
            names: UnsafeMutableRawBufferPointer(rebasing: bytes[CreateWork.fileSize...])
        )
        return try measure(&work, depth: depth, server, &talk) { $0 < Self.fileCount }.seconds
    }

    private func diodWords(_ diod: String, _ folder: String) -> [String] {
        PakBench.diodWords(diod, place: place, exporting: folder)
    }
}
