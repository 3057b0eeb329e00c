import FileTree

/// A spool that is read as an archive.
final class SpoolSource: ByteSource, TarSource {
    /// What it is called in errors.
    let path: String
    private let spool: Spool
    private var position: UInt64 = 0

    private static let blockSize = 1 << 20

    init(_ spool: Spool, called path: String) {
        self.spool = spool
        self.path = path
    }

    var size: UInt64 { spool.size }

    func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: UInt64
    ) throws(FileError) -> Int {
        let bytes = try spool.bytes()
        guard offset < UInt64(bytes.count) else { return 0 }
        let start = Int(offset)
        let end = min(bytes.count, start + buffer.count)
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
        return end - start
    }

    var length: UInt64? { spool.size }

    func seek(to offset: UInt64) { position = offset }

    func nextBlock() throws(FileError) -> UnsafeRawBufferPointer {
        let bytes = try spool.bytes()
        let start = Int(position)
        let end = min(bytes.count, start + Self.blockSize)
        position = UInt64(end)
        return UnsafeRawBufferPointer(rebasing: bytes[start..<end])
    }
}
