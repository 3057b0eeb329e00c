import Archive
import CaptureTree
import FileTree

/// What an export costs, by library calls alone.
///
/// It is one of one change over a large base, and one of many changed files.
struct ExportBenchmark {
    /// One export.
    struct Row {
        let name: String
        /// Seconds, one a round.
        var times: [Double] = []
        /// Bytes of the files exported.
        let bytes: Int
    }

    static let baseFiles = 1_000_000
    static let changedFiles = 10_000
    static let fileSize = 16 << 10
    let place: String
    let rounds: Int
    private let attributes = NewNode(permissions: 0o644, uid: 0, gid: 0)

    init(place: String, rounds: Int) {
        self.place = place
        self.rounds = rounds
    }

    func run() throws(FileError) -> [Row] {
        [try oneChange(), try manyChanges()]
    }

    private func oneChange() throws(FileError) -> Row {
        let base = MemoryTree()
        let folder = NewNode(permissions: 0o755, uid: 0, gid: 0)
        for number in 0..<1000 {
            let name = Array("directory\(number)".utf8)
            let directory = try base.root.createDirectory(name.span.bytes, folder)
            for number in 0..<Self.baseFiles / 1000 {
                let name = Array("file\(number)".utf8)
                _ = try directory.createFile(name.span.bytes, attributes)
            }
        }
        let layer = try Layer.open(folder: "\(place)/one")
        let tree = try CaptureTree(layer: layer, over: base.root, in: base)
        let (name, file) = (Array("directory500".utf8), Array("file500".utf8))
        guard
            let changed = try tree.root.lookup(name.span.bytes).directory?
                .lookup(file.span.bytes).file
        else { throw FileError(.notFound) }
        try changed.open(.write).write(file.span.bytes, at: 0)
        return try time("1 change over 1,000,000 files", tree, bytes: file.count)
    }

    private func manyChanges() throws(FileError) -> Row {
        let base = MemoryTree()
        let layer = try Layer.open(folder: "\(place)/many")
        let tree = try CaptureTree(layer: layer, over: base.root, in: base)
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Self.fileSize,
            alignment: 16
        )
        defer { buffer.deallocate() }
        var random = Random(seed: 11)
        // Every other word random: a compressor has something to do, and something to gain.
        for offset in stride(from: 0, to: Self.fileSize, by: 8) {
            buffer.storeBytes(of: random.next(), toByteOffset: offset, as: UInt64.self)
            buffer.storeBytes(of: 0x6164_6164, toByteOffset: offset, as: UInt32.self)
        }
        for number in 0..<Self.changedFiles {
            let name = Array("file\(number)".utf8)
            let file = try tree.root.createFile(name.span.bytes, attributes)
            for _ in 0..<64 {
                let place = random.below(Self.fileSize / 8) * 8
                buffer.storeBytes(of: random.next(), toByteOffset: place, as: UInt64.self)
            }
            try file.open(.write).write(UnsafeRawBufferPointer(buffer).bytes, at: 0)
        }
        return try time(
            "10,000 changed files",
            tree,
            bytes: Self.changedFiles * Self.fileSize
        )
    }

    /// Exports the layer as a package, over and over.
    private func time(
        _ name: String,
        _ tree: CaptureTree,
        bytes: Int
    ) throws(FileError) -> Row {
        var row = Row(name: name, bytes: bytes)
        try tree.layer.seal()
        for round in 0...rounds {
            let begin = now()
            _ = try Export(tree).write(PackageOutput(), to: "\(place)/export.pak.zst")
            if round > 0 { row.times.append(now() - begin) }
        }
        return row
    }
}
