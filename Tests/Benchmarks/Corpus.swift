import FileTree
import Glibc

/// The files that are served: a tree of small ones, a directory of many, one large.
struct Corpus {
    static let smallSize = 4096
    static let bigSize = 64 << 20
    static let manyCount = 10_000
    static let paths: [[String]] = (0..<10).flatMap { a in
        (0..<10).flatMap { b in
            (0..<20).map { ["tree", "a\(a)", "b\(b)", "file\($0)"] }
        }
    }

    /// The folder they are in, in memory where there is such a file system.
    let folder: String
    /// The same as a plain tar.
    let tar: String
    /// Where the same as a native package belongs.
    let package: String
    /// The folder for all that is made.
    let place: String

    init() throws(FileError) {
        let base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        place = try HostFolder.makeNew("\(base)/pakbench")
        folder = place + "/files"
        tar = place + "/files.tar"
        package = place + "/files.pak.zst"
        try fill()
        let status = try Program.run(["tar", "--sort=name", "-C", folder, "-cf", tar, "."])
        guard status == 0 else { throw FileError(.inputOutput, "tar: status \(status)") }
    }

    private func fill() throws(FileError) {
        mkdir(folder, 0o755)
        mkdir(folder + "/many", 0o755)
        mkdir(folder + "/tree", 0o755)
        for number in 0..<Self.manyCount { try write([], folder + "/many/file\(number)") }
        var random = Random(seed: 1)
        // Every other byte random: a decoder has something to do, and something to gain.
        var big = (0..<Self.bigSize).map { $0 & 1 == 0 ? UInt8(truncatingIfNeeded: $0 >> 8) : 0 }
        for position in stride(from: 1, to: big.count, by: 4) {
            big[position] = UInt8(truncatingIfNeeded: random.next())
        }
        try write(big, folder + "/big")
        for path in Self.paths {
            if path[3] == "file0" {
                mkdir("\(folder)/\(path[0])/\(path[1])", 0o755)
                mkdir("\(folder)/\(path[0])/\(path[1])/\(path[2])", 0o755)
            }
            let start = random.below(Self.bigSize - Self.smallSize)
            let bytes = Array(big[start..<start + Self.smallSize])
            try write(bytes, folder + "/" + path.joined(separator: "/"))
        }
    }

    private func write(_ bytes: [UInt8], _ path: String) throws(FileError) {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw FileError(FileError.Kind(number: errno), path) }
        defer { close(file) }
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes {
                Glibc.write(file, $0.baseAddress, $0.count)
            }
            guard count > 0 else { throw FileError(FileError.Kind(number: errno), path) }
            done += count
        }
    }

    /// Removes all of it.
    func remove() throws(FileError) { _ = try Program.run(["rm", "-rf", place]) }
}
