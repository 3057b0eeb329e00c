import FileTree
import NineP
import NinePClient

/// A walk that finds a file and its clunk, or a walk whose last name is not there.
struct WalkWork: Workload {
    let paths: PathPool
    /// How many names each path has.
    let length: Int
    let isThere: Bool

    mutating func start(_ slot: Int, _ talk: inout Conversation) throws(FileError) {
        let request = Twalk(fid: 0, newFid: fid(slot), names: paths.next())
        try talk.queue(request, tag: UInt16(slot))
    }

    mutating func reply(
        _ slot: Int,
        _ frame: Frame,
        _ talk: inout Conversation
    ) throws(FileError) -> Bool {
        guard frame.type == .rwalk else { return true }
        let count = try Rwalk(frame, .linux).qids.count
        guard count == (isThere ? length : length - 1) else {
            throw FileError(.inputOutput, "\(count) steps of \(length)")
        }
        if !isThere { return true }
        try talk.queue(Tclunk(fid: fid(slot)), tag: UInt16(slot))
        return false
    }
}
