import Glibc
import Synchronization

/// How often each kind of message came and how long it took, for one thread.
///
/// The clock is read twice a batch: a message's time is that from the arrival of its batch until
/// all of it is answered. Times are in buckets of powers of two nanoseconds. One thread counts;
/// others may read meanwhile, each number by itself.
///
/// `@unchecked Sendable`: `cells` are atomics; what is no atomic is the counting thread's alone.
final class Counters: @unchecked Sendable {
    /// Kinds are the types of T-messages, halved.
    static let kinds = 64
    static let buckets = 32

    private let cells = UnsafeMutablePointer<Atomic<UInt64>>.allocate(capacity: kinds * buckets)
    /// Kinds in this batch, with a bit for each that there is one of.
    private let batch = UnsafeMutablePointer<UInt32>.allocate(capacity: kinds)
    private var inBatch: UInt64 = 0
    /// System calls and batches so far.
    let receives = Atomic<UInt64>(0)
    let sends = Atomic<UInt64>(0)
    let batches = Atomic<UInt64>(0)

    init() {
        for cell in 0..<Self.kinds * Self.buckets { (cells + cell).initialize(to: Atomic(0)) }
        batch.initialize(repeating: 0, count: Self.kinds)
    }

    deinit {
        cells.deinitialize(count: Self.kinds * Self.buckets)
        cells.deallocate()
        batch.deallocate()
    }

    /// Counts one message of the batch at hand.
    @inline(__always)
    func count(_ type: UInt8) {
        let kind = Int(type >> 1) & (Self.kinds - 1)
        batch[kind] &+= 1
        inBatch |= 1 << UInt64(kind)
    }

    /// Ends the batch that took this long.
    func endBatch(nanoseconds: UInt64) {
        let bucket = min(Self.buckets - 1, UInt64.bitWidth - nanoseconds.leadingZeroBitCount)
        while inBatch != 0 {
            let kind = inBatch.trailingZeroBitCount
            inBatch &= inBatch &- 1
            let cell = cells + (kind &* Self.buckets &+ bucket)
            Self.raise(cell.pointee, UInt64(batch[kind]))
            batch[kind] = 0
        }
        Self.raise(batches, 1)
    }

    /// Says how many system calls there have been.
    @inline(__always)
    func setCalls(receives: UInt64, sends: UInt64) {
        self.receives.store(receives, ordering: .relaxed)
        self.sends.store(sends, ordering: .relaxed)
    }

    /// Adds to a number that this thread alone changes.
    @inline(__always)
    private static func raise(_ cell: borrowing Atomic<UInt64>, _ by: UInt64) {
        cell.store(cell.load(ordering: .relaxed) &+ by, ordering: .relaxed)
    }

    /// Adds these numbers to a sum.
    func add(to sum: inout Statistics) {
        for cell in 0..<Self.kinds * Self.buckets {
            sum.times[cell] += cells[cell].load(ordering: .relaxed)
        }
        sum.receives += receives.load(ordering: .relaxed)
        sum.sends += sends.load(ordering: .relaxed)
        sum.batches += batches.load(ordering: .relaxed)
    }
}

/// Nanoseconds on a clock that only goes forward.
@inline(__always)
func monotonicNanoseconds() -> UInt64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return UInt64(now.tv_sec) &* 1_000_000_000 &+ UInt64(now.tv_nsec)
}
