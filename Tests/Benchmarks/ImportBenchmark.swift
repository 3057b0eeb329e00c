import Archive
import FileTree
import Glibc

/// How fast archives are indexed and packed.
struct ImportBenchmark {
    /// One step and what it took.
    struct Row {
        let name: String
        let entries: Int
        let bytes: Int
        let seconds: Double
    }

    let corpus: Corpus

    func run() throws(FileError) -> [Row] {
        var rows: [Row] = []
        let many = corpus.place + "/many.tar"
        let count = 100_000
        try writeTar(many, count)
        let size = try size(many)
        rows.append(
            Row(
                name: "index a tar",
                entries: count,
                bytes: size,
                seconds: try time(3) { () throws(FileError) in
                    _ = try Package.indexOfTar(HostFile(many))
                }
            )
        )
        rows.append(
            Row(
                name: "pack small files",
                entries: count,
                bytes: size,
                seconds: try time(1) { () throws(FileError) in
                    _ = try Packer.pack(many, to: corpus.place + "/many.pak.zst")
                }
            )
        )
        rows.append(
            Row(
                name: "pack a large file",
                entries: Corpus.paths.count + Corpus.manyCount,
                bytes: try self.size(corpus.tar),
                seconds: try time(1) { () throws(FileError) in
                    _ = try Packer.pack(corpus.tar, to: corpus.package)
                }
            )
        )
        return rows
    }

    /// The shortest of some tries, in seconds.
    private func time(
        _ tries: Int,
        _ body: () throws(FileError) -> Void
    ) throws(FileError) -> Double {
        var best = Double.infinity
        for _ in 0..<tries {
            let begin = now()
            try body()
            best = min(best, now() - begin)
        }
        return best
    }

    private func size(_ path: String) throws(FileError) -> Int {
        var found = stat()
        guard stat(path, &found) == 0 else { throw FileError(FileError.Kind(number: errno), path) }
        return Int(found.st_size)
    }

    /// A tar of small files, as any tar would write it.
    private func writeTar(_ path: String, _ count: Int) throws(FileError) {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw FileError(FileError.Kind(number: errno), path) }
        defer { close(file) }
        var bytes: [UInt8] = []
        for number in 0..<count {
            bytes += header("usr/share/d\(number / 100)/file\(number)", size: 300)
            bytes += [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 300)
            bytes += [UInt8](repeating: 0, count: 212)
            if bytes.count > 1 << 20 || number == count - 1 {
                if number == count - 1 { bytes += [UInt8](repeating: 0, count: 1024) }
                var done = 0
                while done < bytes.count {
                    let wrote = bytes[done...].withUnsafeBytes {
                        write(file, $0.baseAddress, $0.count)
                    }
                    guard wrote > 0 else { throw FileError(FileError.Kind(number: errno), path) }
                    done += wrote
                }
                bytes.removeAll(keepingCapacity: true)
            }
        }
    }

    private func header(_ path: String, size: Int) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, _ offset: Int) {
            for (position, byte) in text.utf8.enumerated() { block[offset + position] = byte }
        }
        func octal(_ value: Int, _ width: Int, _ offset: Int) {
            let digits = String(value, radix: 8)
            put(String(repeating: "0", count: width - digits.count) + digits, offset)
        }
        put(path, 0)
        octal(0o644, 7, 100)
        octal(0, 7, 108)
        octal(0, 7, 116)
        octal(size, 11, 124)
        octal(1_700_000_000, 11, 136)
        put("        ", 148)
        put("0", 156)
        put("ustar", 257)
        put("00", 263)
        octal(block.reduce(0) { $0 + Int($1) }, 6, 148)
        block[154] = 0
        return block
    }
}
