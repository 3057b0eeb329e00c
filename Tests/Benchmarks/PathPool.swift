import FileTree

/// Paths of equally many names, packed as Twalk has them, given out in a random order.
final class PathPool {
    private let bytes: UnsafeMutableRawBufferPointer
    private var places: [Range<Int>] = []
    private var position = 0
    private let length: Int

    init(_ paths: [[String]]) {
        length = paths.first?.count ?? 0
        var packed: [UInt8] = []
        for path in paths {
            let start = packed.count
            for name in path { packed += [UInt8(name.utf8.count), 0] + Array(name.utf8) }
            places.append(start..<packed.count)
        }
        bytes = .allocate(byteCount: packed.count, alignment: 1)
        bytes.copyBytes(from: packed)
        var random = Random(seed: 99)
        for last in places.indices.reversed() { places.swapAt(last, random.below(last + 1)) }
    }

    deinit { bytes.deallocate() }

    func next() -> PathNames {
        position = position + 1 == places.count ? 0 : position + 1
        return PathNames(
            bytes: UnsafeRawBufferPointer(rebasing: bytes[places[position]]),
            count: length
        )
    }
}
