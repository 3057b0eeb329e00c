import FileTree
import NineP
import NinePClient

/// A large directory listed whole: clone the fid, open, read to the end, clunk.
struct ListWork: Workload {
    /// The fid of the large directory.
    static let directoryFid: UInt32 = 2
    /// How many bytes a Treaddir asks for.
    let count: UInt32
    /// How many names there are.
    let expected: Int
    private var names: [Int]

    init(count: Int, names expected: Int = Corpus.manyCount) {
        self.count = UInt32(count)
        self.expected = expected
        names = Array(repeating: 0, count: 64)
    }

    mutating func start(_ slot: Int, _ talk: inout Conversation) throws(FileError) {
        names[slot] = 0
        let request = Twalk(fid: Self.directoryFid, newFid: fid(slot), names: .empty)
        try talk.queue(request, tag: UInt16(slot))
    }

    mutating func reply(
        _ slot: Int,
        _ frame: Frame,
        _ talk: inout Conversation
    ) throws(FileError) -> Bool {
        switch frame.type {
        case .rwalk:
            try talk.queue(Tlopen(fid: fid(slot), flags: 0), tag: UInt16(slot))
        case .rlopen:
            try talk.queue(Treaddir(fid: fid(slot), offset: 0, count: count), tag: UInt16(slot))
        case .rreaddir:
            var reader = EntryReader(try Rreaddir(frame, .linux).data, .linux)
            var last: UInt64?
            while let entry = try reader.nextEntry() {
                last = entry.next
                names[slot] += 1
            }
            if let last {
                let request = Treaddir(fid: fid(slot), offset: last, count: count)
                try talk.queue(request, tag: UInt16(slot))
                break
            }
            guard names[slot] >= expected else {
                throw FileError(.inputOutput, "\(names[slot]) names")
            }
            try talk.queue(Tclunk(fid: fid(slot)), tag: UInt16(slot))
        default:
            return true
        }
        return false
    }
}
