import FileTree
import Glibc

/// Compresses the frames of a new version of a package, and copies those that the old one has.
///
/// Frames are cut by the tar alone, so most of a version that changed little are the old one's.
/// Which they are is known by a hash of all of them, made first, and made sure by their bytes.
final class FrameReuse: FrameSink {
    private let compressor: FrameCompressor
    private let old: FramedContents
    private var numbers: [UInt64: UInt32] = [:]
    /// How many frames were copied.
    private(set) var copied = 0

    init(_ compressor: FrameCompressor, old: FramedContents) throws(FileError) {
        self.compressor = compressor
        self.old = old
        for number in 0..<UInt32(old.index.frameCount) {
            let frame = try old.decode(number)
            numbers[withExtendedLifetime(frame) { Self.hash(frame.bytes) }] = number
        }
    }

    func take(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        guard let number = numbers[Self.hash(bytes)], let frame = old.index.frame(number),
            frame.tarSize == bytes.count
        else { return try compressor.take(bytes) }
        let decoded = try old.decode(number)
        let isSame = withExtendedLifetime(decoded) {
            guard let a = decoded.bytes.baseAddress, let b = bytes.baseAddress else { return false }
            return memcmp(a, b, bytes.count) == 0
        }
        guard isSame else { return try compressor.take(bytes) }
        let compressed = try TarReader.bytes(of: old.file, at: frame.offset, frame.size)
        try compressor.take(compressed: compressed, of: frame.tarSize)
        copied += 1
    }

    func finish() throws(FileError) -> [FramePlace] { try compressor.finish() }

    private static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var hash = StableHash(domain: 0)
        hash.combine(bytes)
        return hash.finish()
    }
}
