import FileTree
import NineP
import NinePClient

/// A small file read whole: walk four names, open, read, clunk.
struct TreeWork: Workload {
    let paths: PathPool
    private(set) var bytes = 0

    init(paths: PathPool) { self.paths = paths }

    mutating func start(_ slot: Int, _ talk: inout Conversation) throws(FileError) {
        let request = Twalk(fid: 0, newFid: fid(slot), names: paths.next())
        try talk.queue(request, tag: UInt16(slot))
    }

    mutating func reply(
        _ slot: Int,
        _ frame: Frame,
        _ talk: inout Conversation
    ) throws(FileError) -> Bool {
        let count = UInt32(Corpus.smallSize)
        switch frame.type {
        case .rwalk:
            try talk.queue(Tlopen(fid: fid(slot), flags: 0), tag: UInt16(slot))
        case .rlopen:
            try talk.queue(Tread(fid: fid(slot), offset: 0, count: count), tag: UInt16(slot))
        case .rread:
            let got = try Rread(frame, .linux).data.count
            guard got == Corpus.smallSize else { throw FileError(.inputOutput, "\(got) bytes") }
            bytes += got
            try talk.queue(Tclunk(fid: fid(slot)), tag: UInt16(slot))
        default:
            return true
        }
        return false
    }
}
