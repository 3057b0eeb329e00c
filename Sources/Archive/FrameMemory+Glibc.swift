import FileTree
import Glibc
import Synchronization

/// Memory that a frame is decoded into; goes back when nobody holds it any more.
///
/// A frame is as large as what malloc(3) has the kernel map, which then looks for a page at each
/// first touch: that takes a third of the time of decoding. So pages are asked for at once, and a
/// few that were let go of are kept for the next frames.
///
/// `@unchecked Sendable`: whoever has this is the memory's only owner.
struct FrameMemory: @unchecked Sendable {
    private let room: UnsafeMutableRawBufferPointer
    /// How much of it is used.
    private let count: Int

    /// The bytes.
    var bytes: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: room[..<count])
    }

    /// Less than this is malloc's.
    private static let least = 64 << 10
    /// So many are kept.
    private static let mostKept = 8
    private static let kept = Mutex<[FrameMemory]>([])

    /// Takes memory for `count` bytes.
    ///
    /// Errors: `.noMemory`.
    init(count: Int) throws(FileError) {
        self.count = count
        guard count >= Self.least else {
            room = .allocate(byteCount: max(1, count), alignment: 16)
            return
        }
        if let last = Self.kept.withLock({ $0.popLast() }) {
            if last.room.count >= count {
                room = last.room
                return
            }
            last.unmap()
        }
        let size = (count + 4095) & ~4095
        let start = mmap(
            nil,
            size,
            PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
            -1,
            0
        )
        guard let start, start != MAP_FAILED else {
            throw FileError(FileError.Kind(number: errno), "a frame of \(count) bytes")
        }
        room = UnsafeMutableRawBufferPointer(start: start, count: size)
    }

    /// Gives it back.
    func release() {
        guard count >= Self.least else { return room.deallocate() }
        let isKept = Self.kept.withLock { kept in
            guard kept.count < Self.mostKept else { return false }
            kept.append(self)
            return true
        }
        if !isKept { unmap() }
    }

    private func unmap() { munmap(room.baseAddress, room.count) }
}
