import FileTree
import Glibc
import NineP
import Testing

@testable import NinePServer

/// A conversation with a server over a socketpair, in 9pcon(8)'s form.
final class Talk {
    let server: Server
    let socket: Int32
    private(set) var dialect = Dialect.plain
    private var received: [UInt8] = []
    private var nextTag: UInt16 = 1

    /// Connects to a server of its own, or to `server`.
    init(
        _ tree: any Tree = MemoryTree(),
        server: Server? = nil,
        _ configure: (inout Configuration) -> Void = { _ in }
    ) throws {
        var configuration = Configuration()
        configure(&configuration)
        self.server = server ?? Server(tree: tree, configuration: configuration)
        var pair: [Int32] = [0, 0]
        try #require(
            socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &pair) == 0
        )
        socket = pair[0]
        limitWaiting()
        let theirs = pair[1]
        let running = self.server
        try Worker.start {
            // The peer sees the end of the conversation; why is in the log.
            try? running.serve(input: theirs, output: theirs)
            close(theirs)
        }
    }

    /// Takes over a socket that is connected already.
    init(socket: Int32) throws {
        server = Server(tree: MemoryTree())
        self.socket = socket
        limitWaiting()
    }

    /// A test that waits for what never comes fails instead.
    private func limitWaiting() {
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(socket) }

    /// Sends lines, in one piece, each with a tag of its own unless it says one.
    func send(_ lines: String...) throws {
        var bytes: [UInt8] = []
        for line in lines {
            bytes += try MessageText.message(line, tag: nextTag, dialect)
            nextTag += 1
        }
        send(bytes: bytes)
    }

    /// Sends bytes as they are.
    func send(bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return }
            sent += count
        }
    }

    /// The next reply's bytes; nil when the server has ended the conversation.
    func receiveBytes() -> [UInt8]? {
        while true {
            if received.count >= 4 {
                let size = received.withUnsafeBytes {
                    Int(UInt32(littleEndian: $0.loadUnaligned(as: UInt32.self)))
                }
                if received.count >= size {
                    defer { received.removeFirst(size) }
                    return Array(received[..<size])
                }
            }
            var room = [UInt8](repeating: 0, count: 1 << 16)
            let count = recv(socket, &room, room.count, 0)
            if count <= 0 { return nil }
            received += room[..<count]
        }
    }

    /// The next reply as a line; `-` when the server has ended the conversation.
    func receive() throws -> String {
        guard let bytes = receiveBytes() else { return "-" }
        return try Self.line(bytes, dialect)
    }

    /// Agrees on a dialect and attaches fid 0.
    func begin(_ dialect: Dialect, msize: Int = 65536, user: String = "-1") throws {
        try send("Tversion \(msize) \(dialect.version)")
        _ = try receive()
        self.dialect = dialect
        let number = dialect == .plain ? "" : " \(user)"
        try send("Tattach 0 -1 glenda ''\(number)")
        let reply = try receive()
        try #require(reply.hasPrefix("Rattach"), "\(reply)")
    }

    /// Sends each T-line and compares what comes back with the R-line below it.
    ///
    /// An R-line may end in `...`: then the reply begins with what stands before. `-` stands for
    /// the end of the conversation.
    func run(_ transcript: String, _ location: SourceLocation = #_sourceLocation) throws {
        for line in transcript.split(separator: "\n").map(String.init) {
            let line = String(line.drop { $0 == " " })
            if line.hasPrefix("T") {
                try send(line)
                continue
            }
            let reply = Self.untagged(try receive())
            if line.hasSuffix("...") {
                let start = line.dropLast(3)
                #expect(reply.hasPrefix(start), "expected \(line)", sourceLocation: location)
            } else if line == "-" {
                #expect(reply == "-", sourceLocation: location)
            } else {
                let expected = try Self.line(MessageText.message(line, tag: 1, dialect), dialect)
                #expect(reply == Self.untagged(expected), sourceLocation: location)
            }
        }
    }

    static func line(_ bytes: [UInt8], _ dialect: Dialect) throws -> String {
        try bytes.withUnsafeBytes { bytes in
            guard let frame = try Frame.first(in: bytes, limit: .max) else { return "?" }
            return MessageText.line(frame, dialect)
        }
    }

    /// A line without its tag.
    static func untagged(_ line: String) -> String {
        var words = line.split(separator: " ", omittingEmptySubsequences: false)
        if words.count > 2, words[1] == "tag" { words.removeSubrange(1...2) }
        return words.joined(separator: " ")
    }
}
