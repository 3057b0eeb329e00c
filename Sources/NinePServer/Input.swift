import FileTree
import Glibc
import NineP

/// The bytes that have come in and are not yet handled.
///
/// Starts small and grows, up to one largest message, when a message says that it is longer.
struct Input: ~Copyable {
    private static let firstCapacity = 64 << 10

    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    private var start = 0
    private var end = 0
    private let descriptor: Int32
    private let isSocket: Bool
    /// System calls made, for the statistics and the tests.
    private(set) var calls: UInt64 = 0

    init(descriptor: Int32, isSocket: Bool) {
        self.descriptor = descriptor
        self.isSocket = isSocket
        capacity = Self.firstCapacity
        base = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
    }

    deinit { base.deallocate() }

    /// Waits for bytes; false when there will be none any more, or none came until the monotonic
    /// clock said `deadline`, in nanoseconds.
    mutating func fill(until deadline: UInt64? = nil) -> Bool {
        if let deadline, !waits(until: deadline) { return false }
        if start == end {
            start = 0
            end = 0
        } else if start > 0 {
            base.copyMemory(from: base + start, byteCount: end - start)
            end -= start
            start = 0
        }
        while true {
            calls &+= 1
            let got =
                isSocket
                ? recv(descriptor, base + end, capacity - end, 0)
                : read(descriptor, base + end, capacity - end)
            if got > 0 {
                end += got
                return true
            }
            if got == 0 { return false }
            if errno == EAGAIN {
                // A descriptor that another program made non-blocking.
                var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                poll(&wanted, 1, -1)
            } else if errno != EINTR {
                return false
            }
        }
    }

    /// Waits for something to read; false when the time is up.
    private func waits(until deadline: UInt64) -> Bool {
        while true {
            let now = monotonicNanoseconds()
            guard now < deadline else { return false }
            var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            // Up to the next millisecond: a wait of none would go round at full speed.
            let left = Int32(clamping: (deadline - now) / 1_000_000 + 1)
            let count = poll(&wanted, 1, left)
            if count > 0 { return true }
            if count < 0, errno != EINTR { return true }
        }
    }

    /// Takes the next whole message; nil when it has not all come.
    ///
    /// The bytes stay where they are until the next `fill`. Errors: `.malformed` when its size is
    /// none that a message can have, or more than `limit`.
    @inline(__always)
    mutating func next(limit: Int) throws(FileError) -> Frame? {
        let bytes = UnsafeRawBufferPointer(start: base + start, count: end - start)
        guard let frame = try Frame.first(in: bytes, limit: limit) else {
            if bytes.count == capacity { grow(to: limit) }
            return nil
        }
        start += frame.size
        return frame
    }

    @inline(never)
    private mutating func grow(to size: Int) {
        let larger = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        larger.copyMemory(from: base + start, byteCount: end - start)
        base.deallocate()
        base = larger
        capacity = size
        end -= start
        start = 0
    }
}
