import FileTree
import Glibc
import NineP
import NinePServer
import Synchronization

@testable import NinePClient

/// A server of a tree, and between it and its client something that interferes.
final class Proxy: Sendable {
    /// What becomes of a request.
    enum Verdict {
        case pass
        /// It is never answered.
        case drop
        /// It is kept until `release`.
        case hold
        /// These bytes go to the client in its place.
        case answer([UInt8])
        case hangUp
    }

    let server: Server
    private let rule = Mutex<@Sendable (Frame, Dialect) -> Verdict>({ _, _ in .pass })
    private let held = Mutex<[[UInt8]]>([])
    private let toServer: Mutex<Int32>
    private let toClient: Mutex<Int32>
    /// The client's end.
    let end: Int32
    /// Requests of each type that were not passed on.
    private let stopped = Mutex<[MessageType: Int]>([:])
    private let waiter = Condition()

    init(_ tree: any Tree) throws {
        let server = Server(tree: tree)
        self.server = server
        let inner = try served { (other) throws(FileError) in
            try server.serve(input: other, output: other)
        }
        var ends: [Int32] = [0, 0]
        guard
            socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0
        else {
            throw FileError(.inputOutput)
        }
        end = ends[0]
        let outer = ends[1]
        toServer = Mutex(inner)
        toClient = Mutex(outer)
        try Worker.start { [self] in pump(from: outer, isRequests: true) }
        try Worker.start { [self] in pump(from: inner, isRequests: false) }
    }

    /// Says what becomes of requests from now on.
    func set(_ rule: @escaping @Sendable (Frame, Dialect) -> Verdict) {
        self.rule.withLock { $0 = rule }
    }

    /// Passes on what was held, and holds no more.
    func release() {
        // What comes meanwhile comes behind it: a Tflush before its request is another question.
        held.withLock { held in
            set { _, _ in .pass }
            for bytes in held { send(bytes, toServer) }
            held = []
        }
    }

    /// Waits until so many requests of a type were not passed on.
    func waitForStopped(_ type: MessageType, _ count: Int = 1) {
        waiter.lock()
        while stopped.withLock({ $0[type, default: 0] }) < count { waiter.wait() }
        waiter.unlock()
    }

    private func pump(from descriptor: Int32, isRequests: Bool) {
        var incoming = Incoming(descriptor)
        incoming.setMessageSize(1 << 20)
        var dialect = Dialect.plain
        do throws(FileError) {
            while true {
                let frame = try incoming.receive()
                if isRequests {
                    if frame.type == .tversion {
                        dialect = Dialect(offered: try Tversion(frame, .plain).version) ?? .plain
                    }
                    try judge(frame, dialect)
                } else {
                    send(Array(frame.bytes), toClient)
                }
            }
        } catch {
            // One side has hung up: the other gets to know.
            hangUp()
        }
    }

    private func judge(_ frame: Frame, _ dialect: Dialect) throws(FileError) {
        let verdict = held.withLock { held in
            let verdict = rule.withLock { $0 }(frame, dialect)
            switch verdict {
            case .pass: send(Array(frame.bytes), toServer)
            case .hold: held.append(Array(frame.bytes))
            default: break
            }
            return verdict
        }
        switch verdict {
        case .pass, .drop, .hold: break
        case .answer(let bytes): send(bytes, toClient)
        case .hangUp: hangUp()
        }
        if case .pass = verdict { return }
        waiter.lock()
        if let type = frame.type { stopped.withLock { $0[type, default: 0] += 1 } }
        waiter.wake()
        waiter.unlock()
    }

    private func hangUp() {
        toClient.withLock { _ = shutdown($0, Int32(SHUT_RDWR)) }
        toServer.withLock { _ = shutdown($0, Int32(SHUT_RDWR)) }
    }

    private func send(_ bytes: [UInt8], _ place: borrowing Mutex<Int32>) {
        place.withLock { descriptor in
            var sent = 0
            while sent < bytes.count {
                let count = bytes[sent...].withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                if count <= 0 { return }
                sent += count
            }
        }
    }

    /// The bytes of a message.
    static func bytes(_ message: some Message, tag: UInt16, _ dialect: Dialect = .linux) -> [UInt8]
    {
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
        defer { room.deallocate() }
        var writer = MessageWriter(room, dialect)
        do throws(FileError) { try writer.write(message, tag: tag, limit: 1 << 16) } catch {
            return []
        }
        return Array(room[..<writer.count])
    }
}
