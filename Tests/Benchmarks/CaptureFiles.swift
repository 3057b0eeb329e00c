import FileTree
import Glibc

/// The lower tree of the capture's benchmark: what is changed in it costs most where a file is
/// copied before it is changed.
struct CaptureFiles {
    /// What is done to it, each to a file or a directory of its own a round.
    static let chmodSize = 64 << 20
    static let writeSize = 1 << 30
    static let entries = 10_000

    /// The directory.
    let path: String

    /// Makes it in a folder.
    init(in place: String) throws(FileError) {
        path = place + "/lower"
        try Self.check(mkdir(path, 0o755), path)
        try Self.fill(path + "/chmod", Self.chmodSize)
        try Self.fill(path + "/write", Self.writeSize)
        try Self.check(mkdir(path + "/many", 0o755), path)
        try Self.check(mkdir(path + "/small", 0o755), path)
        for number in 0..<Self.entries { try Self.fill("\(path)/many/file\(number)", 0) }
    }

    /// No holes: a copy has to move every byte.
    private static func fill(_ path: String, _ size: Int) throws(FileError) {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        try check(file, path)
        defer { close(file) }
        let piece = [UInt8](repeating: 0x5a, count: min(size, 1 << 20))
        var done = 0
        while done < size {
            let count = write(file, piece, min(piece.count, size - done))
            try check(Int32(clamping: count), path)
            done += count
        }
    }

    static func check(_ result: Int32, _ what: String) throws(FileError) {
        guard result >= 0 else { throw FileError(.init(number: errno), what) }
    }

    /// The bytes that all files below a directory occupy.
    static func allocated(_ path: String) -> Int {
        var status = stat()
        guard lstat(path, &status) == 0 else { return 0 }
        var sum = status.st_mode & S_IFMT == S_IFREG ? Int(status.st_blocks) * 512 : 0
        guard status.st_mode & S_IFMT == S_IFDIR, let list = opendir(path) else { return sum }
        defer { closedir(list) }
        while let entry = readdir(list) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { sum += allocated("\(path)/\(name)") }
        }
        return sum
    }
}
