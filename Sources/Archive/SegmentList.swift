import FileTree

/// The runs of a sparse file's bytes that are stored, in ascending order; zeros lie between them.
///
/// In an index: n*(offset[8] length[8] stored[8]), where stored is the run's place in the payload.
public struct SegmentList {
    private let bytes: UnsafeRawBufferPointer

    /// One run.
    public struct Segment: Hashable, Sendable {
        /// Where it starts in the file.
        public var offset: UInt64
        /// How many bytes it has.
        public var length: UInt64

        /// Makes a run.
        public init(offset: UInt64, length: UInt64) {
            self.offset = offset
            self.length = length
        }
    }

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// How many runs there are.
    public var count: Int { bytes.count / 24 }

    /// The run `number`, from 0.
    public subscript(number: Int) -> Segment {
        Segment(offset: load(number * 24), length: load(number * 24 + 8))
    }

    /// Where the run `number` starts in the payload.
    public func stored(_ number: Int) -> UInt64 { load(number * 24 + 16) }

    /// The bytes of all runs: the last one's end in the payload.
    public var storedSize: UInt64 {
        count > 0 ? stored(count - 1) &+ self[count - 1].length : 0
    }

    /// The first run that ends behind `offset`; `count` when there is none.
    func first(endingAfter offset: UInt64) -> Int {
        (0..<count).partitionPoint { number in
            let segment = self[number]
            // Wrapping: the bytes may have been changed by somebody; the search still ends.
            return segment.offset &+ segment.length > offset
        }
    }

    private func load(_ offset: Int) -> UInt64 {
        guard offset >= 0, offset <= bytes.count - 8 else { return 0 }
        return UInt64(
            littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        )
    }
}
