import FileTree
import NineP

/// The fids of a conversation, as the protocol alone says.
struct Model {
    private let dialect: Dialect
    private var fids: Set<UInt32> = []
    /// Those whose file goes with them, so that their clunk may fail.
    private var removing: Set<UInt32> = []

    init(_ dialect: Dialect) { self.dialect = dialect }

    /// Goes through requests and replies side by side.
    mutating func check(_ requests: [UInt8], _ replies: [UInt8]) throws(FileError) {
        let sent = UnsafeMutableRawBufferPointer.allocate(
            byteCount: requests.count + replies.count,
            alignment: 8
        )
        defer { sent.deallocate() }
        sent.copyBytes(from: requests + replies)
        let all = UnsafeRawBufferPointer(sent)
        var request = UnsafeRawBufferPointer(rebasing: all[..<requests.count])
        var reply = UnsafeRawBufferPointer(rebasing: all[requests.count...])
        while let asked = try Frame.first(in: request, limit: 8192) {
            guard let answered = try Frame.first(in: reply, limit: 8192) else {
                fatalError("no answer to \(MessageText.line(asked, dialect))")
            }
            try check(asked, answered)
            request = UnsafeRawBufferPointer(rebasing: request.dropFirst(asked.size))
            reply = UnsafeRawBufferPointer(rebasing: reply.dropFirst(answered.size))
        }
        guard reply.isEmpty else { fatalError("an answer to nothing") }
    }

    private mutating func check(_ asked: Frame, _ answered: Frame) throws(FileError) {
        func wrong(_ why: String) -> Never {
            let lines = [asked, answered].map { MessageText.line($0, dialect) }
            fatalError("\(why): \(lines[0]) -> \(lines[1])")
        }
        guard asked.tag == answered.tag else { wrong("another tag") }
        let isError = answered.type == .rerror || answered.type == .rlerror
        guard isError || answered.typeByte == asked.typeByte + 1 else { wrong("another type") }
        guard let type = asked.type, type.belongs(to: dialect) else {
            if !isError { wrong("a message of another dialect") }
            return
        }
        if type == .tversion {
            fids = []
            removing = []
            return
        }
        // All requests but these begin with the fid that they are about.
        guard type != .tflush else {
            if isError { wrong("Tflush failed") }
            return
        }
        let fid = UInt32(
            littleEndian: asked.bytes.loadUnaligned(fromByteOffset: 7, as: UInt32.self)
        )
        if type == .tattach {
            if isError != fids.contains(fid) { wrong("attach") }
            fids.insert(fid)
            return
        }
        guard fids.contains(fid) else {
            if !isError { wrong("a fid that is not there") }
            return
        }
        switch type {
        case .tclunk, .tremove:
            fids.remove(fid)
            let isRemoved = removing.remove(fid) != nil
            if type == .tclunk, isError, dialect != .linux, !isRemoved { wrong("Tclunk failed") }
        case .topen:
            let isRemoved = OpenByte(rawValue: try Topen(asked, dialect).mode).removesOnClose
            if !isError, isRemoved { removing.insert(fid) }
        case .tcreate:
            let isRemoved = OpenByte(rawValue: try Tcreate(asked, dialect).mode).removesOnClose
            if !isError, isRemoved { removing.insert(fid) }
        case .twalk:
            let walk = try Twalk(asked, dialect)
            if isError { return }
            let found = try Rwalk(answered, dialect)
            if found.qids.count > walk.names.count { wrong("too many qids") }
            if found.qids.count < walk.names.count {
                if found.qids.count == 0 { wrong("no error for the first name") }
                return
            }
            if walk.newFid != fid, fids.contains(walk.newFid) { wrong("a fid in use") }
            fids.insert(walk.newFid)
        case .txattrwalk:
            let walk = try Txattrwalk(asked, dialect)
            if isError { return }
            if fids.contains(walk.newFid) { wrong("a fid in use") }
            fids.insert(walk.newFid)
        case .tgetattr, .tstat:
            if isError { wrong("no attributes") }
        default: break
        }
    }
}
