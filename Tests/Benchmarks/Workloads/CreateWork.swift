import FileTree
import NineP
import NinePClient

/// A small file made and written: clone the directory's fid, create, write, clunk.
struct CreateWork: Workload {
    /// The fid of the directory that the files go to.
    static let directoryFid: UInt32 = 3
    static let fileSize = 4096
    private let contents: UnsafeRawBufferPointer
    private let names: UnsafeMutableRawBufferPointer
    private var next = 0

    /// `contents` stays where it is for as long as this is used.
    init(contents: UnsafeRawBufferPointer, names: UnsafeMutableRawBufferPointer) {
        self.contents = contents
        self.names = names
    }

    mutating func start(_ slot: Int, _ talk: inout Conversation) throws(FileError) {
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
            let request = Tlcreate(
                fid: fid(slot),
                name: nextName(),
                flags: 0o1 | 0o100,
                mode: 0o644,
                gid: 0
            )
            try talk.queue(request, tag: UInt16(slot))
        case .rlcreate:
            let request = Twrite(fid: fid(slot), offset: 0, data: contents)
            try talk.queue(request, tag: UInt16(slot))
        case .rwrite:
            guard try Rwrite(frame, .linux).count == contents.count else {
                throw FileError(.inputOutput, "a short write")
            }
            try talk.queue(Tclunk(fid: fid(slot)), tag: UInt16(slot))
        default:
            return true
        }
        return false
    }

    /// A name not given before; its bytes are there until the next call, by when it is sent.
    private mutating func nextName() -> UnsafeRawBufferPointer {
        let name = Array("file\(next)".utf8)
        next += 1
        names.copyBytes(from: name)
        return UnsafeRawBufferPointer(rebasing: names[..<name.count])
    }
}
