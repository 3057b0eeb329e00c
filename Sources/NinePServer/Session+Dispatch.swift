import FileTree
import NineP
import Synchronization

extension Session {
    /// Answers one message.
    ///
    /// Errors: what breaks the format of its type; then the conversation is over. Whatever a
    /// handler throws is answered.
    @inline(__always)
    mutating func handle(_ frame: Frame) throws(FileError) {
        let late = connection.late
        if late.outstanding.load(ordering: .relaxed) > 0, late.isLive(frame.tag) {
            // Two answers to one tag are due: this one says that the second asker was wrong.
            return refuse(frame, FileError(.protocolBotch, "tag \(frame.tag) is in use"))
        }
        if server.configuration.trace != nil { return try dispatchTraced(frame) }
        try dispatch(frame)
    }

    /// Answers one message, and shows it and its reply in 9pcon(8)'s form.
    @inline(never)
    private mutating func dispatchTraced(_ frame: Frame) throws(FileError) {
        let trace = server.configuration.trace ?? { _ in }
        trace(Self.text(of: frame, dialect ?? .plain))
        let start = output.written
        try dispatch(frame)
        let spoken = dialect ?? .plain
        output.withReplies(from: start) { trace(Self.text(of: $0, spoken)) }
    }

    private mutating func dispatch(_ frame: Frame) throws(FileError) {
        guard let type = frame.type, type.isRequest else {
            throw .malformed("offset 4: type \(frame.typeByte) is no request")
        }
        guard let dialect, type != .tversion else { return try start(frame, type) }
        guard type.belongs(to: dialect) else {
            return refuse(frame, FileError(.unsupported))
        }
        switch type {
        case .tread: try read(frame, dialect)
        case .treaddir: try readdir(frame, dialect)
        case .tlock: try lock(frame, dialect)
        case .twalk: try answer(frame, dialect) { s, m throws(FileError) in try s.walk(m) }
        case .tclunk: try answer(frame, dialect) { s, m throws(FileError) in try s.clunk(m) }
        case .tgetattr: try getattr(frame, dialect)
        case .tstat: try stat(frame, dialect)
        case .tlopen: try answer(frame, dialect) { s, m throws(FileError) in try s.lopen(m) }
        case .topen: try answer(frame, dialect) { s, m throws(FileError) in try s.open(m) }
        default: try dispatchRare(frame, type, dialect)
        }
    }

    @inline(never)
    private mutating func dispatchRare(
        _ frame: Frame,
        _ type: MessageType,
        _ dialect: Dialect
    ) throws(FileError) {
        switch type {
        case .tauth:
            // Any error means that none is needed; diod's clients take this one alone for that.
            refuse(frame, FileError(dialect == .linux ? .notFound : .permission))
        case .tattach: try answer(frame, dialect) { s, m throws(FileError) in try s.attach(m) }
        case .tflush: try answer(frame, dialect) { s, m throws(FileError) in try s.flush(m) }
        case .tcreate: try answer(frame, dialect) { s, m throws(FileError) in try s.create(m) }
        case .twrite: try write(frame, dialect)
        case .tremove: try answer(frame, dialect) { s, m throws(FileError) in try s.remove(m) }
        case .twstat: try answer(frame, dialect) { s, m throws(FileError) in try s.wstat(m) }
        case .tstatfs: try answer(frame, dialect) { s, m throws(FileError) in try s.statfs(m) }
        case .tlcreate: try answer(frame, dialect) { s, m throws(FileError) in try s.lcreate(m) }
        case .tsymlink: try answer(frame, dialect) { s, m throws(FileError) in try s.symlink(m) }
        case .tmknod: try answer(frame, dialect) { s, m throws(FileError) in try s.mknod(m) }
        case .tmkdir: try answer(frame, dialect) { s, m throws(FileError) in try s.mkdir(m) }
        case .tlink: try answer(frame, dialect) { s, m throws(FileError) in try s.link(m) }
        case .trename: try answer(frame, dialect) { s, m throws(FileError) in try s.rename(m) }
        case .trenameat: try answer(frame, dialect) { s, m throws(FileError) in try s.renameat(m) }
        case .tunlinkat: try answer(frame, dialect) { s, m throws(FileError) in try s.unlinkat(m) }
        case .treadlink: try readlink(frame, dialect)
        case .tsetattr: try answer(frame, dialect) { s, m throws(FileError) in try s.setattr(m) }
        case .txattrwalk:
            try answer(frame, dialect) { s, m throws(FileError) in try s.xattrwalk(m) }
        case .txattrcreate:
            try answer(frame, dialect) { s, m throws(FileError) in try s.xattrcreate(m) }
        case .tfsync: try answer(frame, dialect) { s, m throws(FileError) in try s.fsync(m) }
        case .tgetlock: try getlock(frame, dialect)
        default: refuse(frame, FileError(.unsupported))
        }
    }

    /// Decodes a message, hands it to its handler, and writes what comes back.
    @inline(__always)
    private mutating func answer<Request: Message, Reply: Message>(
        _ frame: Frame,
        _ dialect: Dialect,
        _ handler: (inout Session, Request) throws(FileError) -> Reply
    ) throws(FileError) {
        let request = try Request(frame, dialect)
        do throws(FileError) {
            try reply(try handler(&self, request), to: frame, dialect)
        } catch {
            refuse(frame, error)
        }
    }

    /// Writes a reply.
    @inline(__always)
    mutating func reply(
        _ message: some Message,
        to frame: Frame,
        _ dialect: Dialect
    ) throws(FileError) {
        try output.put(message, tag: frame.tag, dialect)
    }

    /// Writes the one reply that an error has.
    @inline(never)
    mutating func refuse(_ frame: Frame, _ error: FileError) {
        output.put(error, tag: frame.tag, dialect ?? .plain)
        connection.complain(error)
    }
}
