public import FileTree

/// Where the bytes of an uncompressed tar are read from.
public protocol TarSource: AnyObject {
    /// How many there are.
    var size: UInt64 { get }
    /// What it is called in errors.
    var path: String { get }
    /// Reads bytes from `offset` until `buffer` is full or the tar ends; returns how many.
    func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: UInt64
    ) throws(FileError) -> Int
}

extension HostFile: TarSource {}

/// A part of a source that is looked at block by block, with few reads.
///
/// Where headers come close to each other a read brings many; where they are far apart, one.
final class TarWindow {
    let source: any TarSource
    private let room: UnsafeMutableRawBufferPointer
    private var start: UInt64 = 0
    private var count = 0
    private var previous: UInt64 = 0

    private static let large = 64 << 10
    private static let small = 2 << 10

    init(_ source: any TarSource) {
        self.source = source
        room = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.large, alignment: 16)
    }

    deinit { room.deallocate() }

    /// The `length` bytes at `offset`, at most 64 KiB, valid until the next call; fewer at the end.
    func bytes(at offset: UInt64, _ length: Int) throws(FileError) -> UnsafeRawBufferPointer {
        if offset < start || offset - start > UInt64(count)
            || Int(offset - start) + length > count
        {
            let isClose = offset >= previous && offset - previous <= UInt64(Self.large / 2)
            let wanted = max(length, isClose ? Self.large : Self.small)
            count = 0
            start = offset
            count = try source.read(
                into: UnsafeMutableRawBufferPointer(rebasing: room[..<wanted]),
                at: offset
            )
        }
        previous = offset
        let skipped = Int(offset - start)
        let end = min(count, skipped + length)
        return UnsafeRawBufferPointer(
            rebasing: UnsafeRawBufferPointer(room)[skipped..<max(skipped, end)]
        )
    }
}
