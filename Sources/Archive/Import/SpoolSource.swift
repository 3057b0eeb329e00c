import FileTree

/// A spool that is read as an archive.
final class SpoolSource: ByteSource {
    private let spool: Spool
    private var position: UInt64 = 0

    private static let blockSize = 1 << 20

    init(_ spool: Spool) { self.spool = spool }

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
