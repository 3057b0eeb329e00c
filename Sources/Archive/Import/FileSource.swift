import FileTree

/// A file of the host, read from its start or from any place.
///
/// The file is never mapped: one that is cut short meanwhile ends early and does no harm.
final class FileSource: ByteSource, TarSource {
    /// What it is called in errors that are about offsets.
    let path = "tar"
    private let file: HostDescriptor
    let size: UInt64
    private var position: UInt64 = 0
    private var taken: UInt64 = 0
    private let buffer: UnsafeMutableRawBufferPointer
    private let progress: ImportProgress?

    /// Bytes a read: large enough that the calls do not count.
    private static let blockSize = 256 << 10

    init(_ file: HostDescriptor, size: UInt64, progress: ImportProgress?) {
        self.file = file
        self.size = size
        self.progress = progress
        buffer = .allocate(byteCount: Self.blockSize, alignment: 16)
    }

    deinit { buffer.deallocate() }

    var length: UInt64? { size }

    func seek(to offset: UInt64) { position = offset }

    func nextBlock() throws(FileError) -> UnsafeRawBufferPointer {
        let count = try read(into: buffer, at: position)
        position += UInt64(count)
        return UnsafeRawBufferPointer(rebasing: buffer[..<count])
    }

    /// Fills `target` from `offset` on; less only at the end.
    func read(
        into target: UnsafeMutableRawBufferPointer,
        at offset: UInt64
    ) throws(FileError) -> Int {
        let count = try file.read(into: target, at: offset)
        taken += UInt64(count)
        progress?.report(taken, of: size)
        return count
    }

    /// The file's first bytes, at most `count`.
    func head(_ count: Int) throws(FileError) -> [UInt8] {
        let target = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
        defer { target.deallocate() }
        return Array(target[..<(try read(into: target, at: 0))])
    }
}
