import FileTree

/// Which bytes of a file are its data file's, and which the lower file's.
///
/// Up to `limit` bytes are the lower file's, but for the blocks named here; everything behind the
/// limit is the data file's.
struct BlockMap: Hashable, Sendable {
    /// Bytes a block.
    static let size: UInt64 = 1 << 16

    /// The lower file's bytes end here: its length, or where the file was cut since.
    private(set) var limit: UInt64
    /// Blocks of the data file, in ranges that neither meet nor touch, in order.
    private(set) var ranges: [Range<UInt64>] = []

    init(limit: UInt64) { self.limit = limit }

    /// Blocks that hold lower bytes, some or all of them.
    private var end: UInt64 { limit / Self.size + (limit % Self.size == 0 ? 0 : 1) }

    /// The first range that ends behind `block`.
    private func place(_ block: UInt64) -> Int {
        ranges.indices.partitionPoint { ranges[$0].upperBound > block }
    }

    /// Whether a block's bytes are the data file's.
    func holds(_ block: UInt64) -> Bool {
        if block >= end { return true }
        let place = place(block)
        return place < ranges.count && ranges[place].lowerBound <= block
    }

    /// Blocks from `block` on that are alike: whose they are, and where that ends; none behind
    /// the lower bytes' end, which are the data file's without end.
    func run(from block: UInt64) -> (isHeld: Bool, end: UInt64) {
        if block >= end { return (true, .max) }
        let place = place(block)
        guard place < ranges.count else { return (false, end) }
        if ranges[place].lowerBound <= block {
            let bound = ranges[place].upperBound
            return (true, bound >= end ? .max : bound)
        }
        return (false, min(end, ranges[place].lowerBound))
    }

    /// Makes blocks the data file's.
    mutating func insert(_ blocks: Range<UInt64>) {
        let blocks = blocks.clamped(to: 0..<end)
        guard !blocks.isEmpty else { return }
        var low = blocks.lowerBound
        var high = blocks.upperBound
        var first = place(low)
        if first > 0, ranges[first - 1].upperBound == low { first -= 1 }
        var last = first
        while last < ranges.count, ranges[last].lowerBound <= high {
            low = min(low, ranges[last].lowerBound)
            high = max(high, ranges[last].upperBound)
            last += 1
        }
        ranges.replaceSubrange(first..<last, with: CollectionOfOne(low..<high))
    }

    /// Forgets every lower byte from `size` on.
    mutating func cut(to size: UInt64) {
        guard size < limit else { return }
        limit = size
        let end = end
        ranges.removeAll { $0.lowerBound >= end }
        if let last = ranges.last, last.upperBound > end {
            ranges[ranges.count - 1] = last.lowerBound..<end
        }
    }
}
