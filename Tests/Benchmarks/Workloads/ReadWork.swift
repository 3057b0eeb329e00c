import FileTree
import NineP
import NinePClient

/// Reads of an open large file, one behind the other or anywhere.
struct ReadWork: Workload {
    /// The fid of the large file, open.
    static let openFid: UInt32 = 1
    let count: Int
    let isRandom: Bool
    private var offset = 0
    private var random = Random(seed: 4711)
    private(set) var bytes = 0

    init(count: Int, isRandom: Bool) {
        self.count = count
        self.isRandom = isRandom
    }

    mutating func start(_ slot: Int, _ talk: inout Conversation) throws(FileError) {
        let places = Corpus.bigSize / count
        offset = isRandom ? random.below(places) * count : (offset + count) % (places * count)
        let request = Tread(fid: Self.openFid, offset: UInt64(offset), count: UInt32(count))
        try talk.queue(request, tag: UInt16(slot))
    }

    mutating func reply(
        _ slot: Int,
        _ frame: Frame,
        _ talk: inout Conversation
    ) throws(FileError) -> Bool {
        let got = try Rread(frame, .linux).data.count
        guard got > 0 else { throw FileError(.inputOutput, "an empty read") }
        bytes += got
        return true
    }
}
