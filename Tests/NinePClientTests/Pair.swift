import FileTree
import Glibc
import NineP
import NinePClient
import NinePServer
import Synchronization
import Testing

/// A server of `tree` at the other end of a socketpair.
func client(
    of tree: any Tree,
    _ dialect: Dialect,
    messageSize: Int = 131_096
) throws -> Client {
    let descriptor = try served { (other) throws(FileError) in
        try Server(tree: tree).serve(input: other, output: other)
    }
    return try Client(
        Conversation(input: descriptor, output: descriptor, closing: true),
        wish: dialect,
        messageSize: messageSize
    )
}

/// One end of a socketpair; the other is given to `body` on a thread of its own.
func served(_ body: @escaping @Sendable (Int32) throws(FileError) -> Void) throws -> Int32 {
    var ends: [Int32] = [0, 0]
    try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
    let other = ends[1]
    try startThread {
        do throws(FileError) { try body(other) } catch {
            // The client sees the hang-up; what it was about is in the test's own failure.
            print("server: \(error)")
        }
        close(other)
    }
    return ends[0]
}

private final class Start: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

/// Runs `body` on a thread of its own.
func startThread(_ body: @escaping @Sendable () -> Void) throws {
    var thread = pthread_t()
    let start = Unmanaged.passRetained(Start(body))
    let result = pthread_create(
        &thread,
        nil,
        {
            guard let start = $0 else { return nil }
            Unmanaged<Start>.fromOpaque(start).takeRetainedValue().body()
            return nil
        },
        start.toOpaque()
    )
    try #require(result == 0)
    pthread_detach(thread)
}
