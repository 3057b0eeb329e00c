internal import CZstd
import FileTree
import Glibc

/// Compresses frames on several threads and writes them to a descriptor in their order.
final class FrameCompressor: FrameSink {
    private struct Job {
        var input: [UInt8] = []
        var output: [UInt8] = []
        /// How many bytes of the tar it is.
        var tarSize = 0
        var state = State.empty
    }

    private enum State {
        case empty, queued, running, done
        case failed(String)
    }

    private struct Ring {
        var jobs: [Job]
        var next = 0  // the next to be compressed, counted from the start
        var queued = 0  // how many have been given
        var isStopped = false

        var isNextDone: Bool {
            if case .queued = jobs[next % jobs.count].state { false } else { true }
        }
    }

    private let ring: Monitor<Ring>
    private let jobCount: Int
    private let descriptor: Int32
    private let level: Int32
    private var workers: [Worker] = []
    private var frames: [FramePlace] = []
    private var taken = 0
    private var written = 0
    private var offset: UInt64
    private var tarOffset: UInt64 = 0

    /// Makes a compressor that writes behind the `offset` bytes that `descriptor` has.
    init(level: Int32, workers count: Int, descriptor: Int32, offset: UInt64 = 0) {
        self.level = level
        self.descriptor = descriptor
        self.offset = offset
        let count = max(1, count)
        jobCount = count * 2 + 1
        let ring = Monitor(Ring(jobs: Array(repeating: Job(), count: jobCount)))
        self.ring = ring
        for _ in 0..<count {
            // With fewer threads it takes longer; with none the first frame says so.
            guard let worker = try? Worker({ Self.work(ring, level) }) else { break }
            workers.append(worker)
        }
    }

    deinit { stop() }

    private func stop() {
        ring.withLock { ring, held in
            ring.isStopped = true
            held.notify()
        }
        for worker in workers { worker.join() }
        workers = []
    }

    func take(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        let slot = try nextSlot()
        ring.withLock { ring, held in
            ring.jobs[slot].input.removeAll(keepingCapacity: true)
            ring.jobs[slot].input.append(contentsOf: bytes)
            ring.jobs[slot].tarSize = bytes.count
            ring.jobs[slot].state = .queued
            ring.queued += 1
            held.notify()
        }
    }

    /// Takes a frame that has been compressed before, `tarSize` bytes of the tar.
    func take(compressed bytes: [UInt8], of tarSize: Int) throws(FileError) {
        let slot = try nextSlot()
        ring.withLock { ring, held in
            ring.jobs[slot].output = bytes
            ring.jobs[slot].tarSize = tarSize
            ring.jobs[slot].state = .done
            ring.queued += 1
            held.notify()
        }
    }

    private func nextSlot() throws(FileError) -> Int {
        guard !workers.isEmpty else { throw FileError(.again, "no thread to compress") }
        if taken - written == jobCount { try writeOldest() }
        defer { taken += 1 }
        return taken % jobCount
    }

    func finish() throws(FileError) -> [FramePlace] {
        while written < taken { try writeOldest() }
        stop()
        return frames
    }

    private func writeOldest() throws(FileError) {
        let slot = written % jobCount
        let result = ring.wait { ring -> (output: [UInt8], tarSize: Int, State)? in
            switch ring.jobs[slot].state {
            case .done, .failed:
                let job = ring.jobs[slot]
                ring.jobs[slot].output = []
                return (job.output, job.tarSize, job.state)
            default: return nil
            }
        }
        if case .failed(let reason) = result.2 {
            throw FileError(.inputOutput, "frame \(written): zstd: \(reason)")
        }
        try result.output.withBytes { bytes throws(FileError) in
            try HostWrite.all(bytes, to: descriptor)
        }
        frames.append(
            FramePlace(
                offset: offset,
                size: result.output.count,
                tarOffset: tarOffset,
                tarSize: result.tarSize
            )
        )
        offset += UInt64(result.output.count)
        tarOffset += UInt64(result.tarSize)
        written += 1
        // The room is used again for the next frame in this place.
        ring.withLock { ring, _ in
            ring.jobs[slot].output = result.output
            ring.jobs[slot].state = .empty
        }
    }

    private static func work(_ ring: Monitor<Ring>, _ level: Int32) {
        let context = ZSTD_createCCtx()
        defer { ZSTD_freeCCtx(context) }
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
        ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 1)
        while true {
            let taken = ring.wait { ring -> (slot: Int, job: Job)?? in
                // Those that came compressed are nobody's work.
                while ring.next < ring.queued, ring.isNextDone { ring.next += 1 }
                if ring.next == ring.queued { return ring.isStopped ? .some(nil) : nil }
                let slot = ring.next % ring.jobs.count
                ring.next += 1
                let job = ring.jobs[slot]
                ring.jobs[slot] = Job(tarSize: job.tarSize, state: .running)
                return (slot, job)
            }
            guard let slot = taken?.slot, var job = taken?.job else { return }
            job.state = compress(context, &job)
            ring.withLock { ring, held in
                ring.jobs[slot] = job
                held.notify()
            }
        }
    }

    private static func compress(_ context: OpaquePointer?, _ job: inout Job) -> State {
        let bound = ZSTD_compressBound(job.input.count)
        var result = 0
        job.output = [UInt8](unsafeUninitializedCapacity: bound) { output, used in
            result = job.input.withUnsafeBytes { input in
                ZSTD_compress2(
                    context,
                    output.baseAddress,
                    bound,
                    input.baseAddress,
                    input.count
                )
            }
            used = ZSTD_isError(result) == 0 ? result : 0
        }
        return ZSTD_isError(result) == 0
            ? .done : .failed(String(cString: ZSTD_getErrorName(result)))
    }
}
