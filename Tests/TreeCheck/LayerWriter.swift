import CaptureTree
import FileTree
import Glibc

/// Changes a layer without end, so that it can be killed at any moment.
///
/// Change N makes the file `nN` of N's digits, a thousand times, and removes `n(N - 20)`; behind
/// it N is printed.
enum LayerWriter {
    /// Changes the layer in `folder` until an error or a signal ends it.
    static func run(_ folder: String, sync: String) throws(FileError) {
        guard let sync = LayerSync(rawValue: sync) else {
            throw FileError(.invalid, "\(sync): op, end or none")
        }
        let layer = try Layer.open(folder: folder, sync: sync)
        let base = MemoryTree()
        let root = try CaptureTree(layer: layer, over: base.root, in: base).root
        let attributes = NewNode(permissions: 0o644, uid: 0, gid: 0)
        for number in 0... {
            let name = Array("n\(number)".utf8)
            let file = try root.createFile(name.span.bytes, attributes)
            let open = try file.open([.read, .write])
            let bytes = contents(of: number)
            let half = bytes.count / 2
            try open.write(bytes.span.bytes.extracting(half...), at: UInt64(half))
            try open.write(bytes.span.bytes.extracting(..<half), at: 0)
            if number >= 20 {
                try root.remove(Array("n\(number - 20)".utf8).span.bytes, expected: .file)
            }
            let line = Array("\(number)\n".utf8)
            // Whoever reads the numbers has gone.
            guard write(1, line, line.count) == line.count else { return }
        }
    }

    private static func contents(of number: Int) -> [UInt8] {
        Array(String(repeating: "\(number)", count: 1000).utf8)
    }
}
