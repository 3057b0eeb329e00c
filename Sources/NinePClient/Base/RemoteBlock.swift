internal import FileTree

/// Bytes of a file, remembered or about to be.
///
/// `@unchecked Sendable`: the bytes are written before anybody else has it.
final class RemoteBlock: @unchecked Sendable {
    /// The size of every block but a file's last.
    static let size = 128 << 10

    let bytes: UnsafeMutableRawBufferPointer
    var count: Int { bytes.count }

    /// Makes a block of what `fill` writes, of at most `capacity` bytes.
    init(
        capacity: Int,
        _ fill: (UnsafeMutableRawBufferPointer) throws(FileError) -> Int
    ) throws(FileError) {
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 16)
        defer { room.deallocate() }
        let filled = try fill(room)
        bytes = .allocate(byteCount: filled, alignment: 16)
        bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: room[..<filled]))
    }

    deinit { bytes.deallocate() }
}
