internal import CZstd
import FileTree
import Synchronization

/// Decodes frames; what zstd needs for it is kept for the next.
final class FrameDecoder: Sendable {
    static let shared = FrameDecoder()

    // A context with room for the compressed bytes.
    //
    // `@unchecked Sendable`: what the pointers lead to is with one thread at a time.
    private struct Bench: @unchecked Sendable {
        let context: OpaquePointer?
        var room: UnsafeMutableRawBufferPointer
    }

    private let benches = Mutex<[Bench]>([])

    /// Reads and decodes a frame of `file`, and checks its length and its checksum.
    ///
    /// Errors: `.malformed` with what is wrong in the frame; those of the reads.
    func decode(_ frame: FramePlace, of file: HostFile) throws(FileError) -> CachedFrame {
        guard frame.size <= FramePlace.compressedLimit, frame.tarSize <= FramePlace.sizeLimit else {
            throw .malformed("\(frame.size) bytes are too many")
        }
        var bench =
            benches.withLock { $0.popLast() }
            ?? Bench(
                context: ZSTD_createDCtx(),
                room: UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
            )
        defer { put(bench) }
        if bench.room.count < frame.size {
            bench.room.deallocate()
            bench.room = UnsafeMutableRawBufferPointer.allocate(
                byteCount: frame.size,
                alignment: 16
            )
        }
        let input = UnsafeMutableRawBufferPointer(rebasing: bench.room[..<frame.size])
        guard try file.read(into: input, at: frame.offset) == frame.size else {
            throw .malformed("the file ends at \(file.size)")
        }
        let output = try FrameMemory(count: frame.tarSize)
        let result = ZSTD_decompressDCtx(
            bench.context,
            output.bytes.baseAddress,
            frame.tarSize,
            input.baseAddress,
            input.count
        )
        guard ZSTD_isError(result) == 0, result == frame.tarSize else {
            output.release()
            let reason =
                ZSTD_isError(result) != 0
                ? String(cString: ZSTD_getErrorName(result))
                : "\(result) bytes instead of \(frame.tarSize)"
            throw .malformed(reason)
        }
        return CachedFrame(output)
    }

    private func put(_ bench: Bench) {
        let isKept = benches.withLock { benches in
            guard benches.count < 16 else { return false }
            benches.append(bench)
            return true
        }
        if !isKept {
            ZSTD_freeDCtx(bench.context)
            bench.room.deallocate()
        }
    }
}
