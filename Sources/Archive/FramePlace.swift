/// Where one compressed frame of an archive lies, and what of the tar it holds.
struct FramePlace: Hashable, Sendable {
    /// Where it starts in the archive.
    var offset: UInt64
    /// Its compressed bytes.
    var size: Int
    /// Where it starts in the tar.
    var tarOffset: UInt64
    /// Its uncompressed bytes.
    var tarSize: Int

    /// The most uncompressed bytes of a frame that is read; ours have at most 193 KiB.
    static let sizeLimit = 1 << 20
    /// The most compressed bytes of such a frame: zstd adds little to what it cannot compress.
    static let compressedLimit = sizeLimit + (sizeLimit >> 7) + 512
}
