import FileTree
import Glibc
import NineP
import NinePClient

/// A server to be measured: what to run, and the name of its tree.
struct Rival {
    let name: String
    let words: [String]
    let tree: String
}

/// A server that runs as a child at the other end of a unix socket, with its files at hand.
struct RunningServer: ~Copyable {
    let name: String
    let process: pid_t

    /// The processor time the child has used, in seconds.
    var processorSeconds: Double { Program.processorSeconds(process) }

    /// Has the child and this program run there alone.
    func hold(on processors: Processors) throws(FileError) {
        try processors.hold(process)
        try processors.hold(getpid())
    }

    deinit {
        kill(process, SIGTERM)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    }

    /// Starts a rival.
    static func start(_ rival: Rival) throws(FileError) -> RunningServer {
        var ends: [Int32] = [0, 0]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw FileError(FileError.Kind(number: errno), "socketpair")
        }
        defer { close(ends[1]) }
        let process = try Program.spawn(rival.words, input: ends[1])
        return RunningServer(name: rival.name, process: process, descriptor: ends[0])
    }

    private init(name: String, process: pid_t, descriptor: Int32) {
        self.name = name
        self.process = process
        self.descriptor = descriptor
    }

    private let descriptor: Int32

    /// The one conversation with it, before anything was said.
    func converse() -> Conversation {
        Conversation(input: descriptor, output: descriptor, closing: true)
    }

    /// The one conversation with it: root is fid 0.
    func greet(_ tree: String) throws(FileError) -> Conversation {
        var talk = converse()
        try talk.queue(
            Tversion(msize: 131_096, version: Dialect.linux.version.bytes),
            tag: Wire.noTag
        )
        try talk.flush()
        let answer = try Rversion(talk.receive(), .plain)
        guard Dialect(answered: answer.version) == .linux else { throw FileError(.unsupported) }
        talk.setMessageSize(Int(answer.msize))
        talk.dialect = .linux
        let name = Lent(tree)
        let user = Lent("root")
        defer { withExtendedLifetime((name, user)) {} }
        try ask(
            &talk,
            Tattach(
                fid: 0,
                authFid: Wire.noFid,
                uname: user.bytes,
                aname: name.bytes,
                userNumber: 0
            )
        )
        return talk
    }

    /// The same with the corpus at hand: the large file is fid 1 and open, the large directory
    /// fid 2.
    func converse(_ tree: String) throws(FileError) -> Conversation {
        var talk = try greet(tree)
        // Names are views of the pools, which have to live until they are sent.
        let big = PathPool([["big"]])
        let many = PathPool([["many"]])
        defer { withExtendedLifetime((big, many)) {} }
        try ask(&talk, Twalk(fid: 0, newFid: ReadWork.openFid, names: big.next()))
        try ask(&talk, Tlopen(fid: ReadWork.openFid, flags: 0))
        try ask(&talk, Twalk(fid: 0, newFid: ListWork.directoryFid, names: many.next()))
        return talk
    }

    /// Gives what a pool's path leads to a fid.
    func walk(
        _ talk: inout Conversation,
        to fid: UInt32,
        _ paths: PathPool
    ) throws(FileError) {
        try ask(&talk, Twalk(fid: 0, newFid: fid, names: paths.next()))
    }

    private func ask(
        _ talk: inout Conversation,
        _ request: some Message
    ) throws(FileError) {
        try talk.queue(request, tag: 0)
        try talk.flush()
        let frame = try talk.receive()
        if frame.type == .rlerror {
            throw FileError(FileError.Kind(number: Int32(try Rlerror(frame, .linux).number)))
                .at(name)
        }
    }
}

/// Bytes of a text, in place until this goes.
private final class Lent {
    let bytes: UnsafeRawBufferPointer

    init(_ text: String) {
        let place = UnsafeMutableRawBufferPointer.allocate(
            byteCount: text.utf8.count,
            alignment: 1
        )
        place.copyBytes(from: text.utf8)
        bytes = UnsafeRawBufferPointer(place)
    }

    deinit { bytes.deallocate() }
}
