import FileTree
import NineP
import NinePClient

/// A look at a file's attributes: walk four names, get the attributes, clunk.
struct StatWork: Workload {
    let paths: PathPool

    mutating func start(_ slot: Int, _ talk: inout Conversation) throws(FileError) {
        let request = Twalk(fid: 0, newFid: fid(slot), names: paths.next())
        try talk.queue(request, tag: UInt16(slot))
    }

    mutating func reply(
        _ slot: Int,
        _ frame: Frame,
        _ talk: inout Conversation
    ) throws(FileError) -> Bool {
        switch frame.type {
        case .rwalk:
            try talk.queue(Tgetattr(fid: fid(slot), mask: 0x7ff), tag: UInt16(slot))
        case .rgetattr:
            try talk.queue(Tclunk(fid: fid(slot)), tag: UInt16(slot))
        default:
            return true
        }
        return false
    }
}
