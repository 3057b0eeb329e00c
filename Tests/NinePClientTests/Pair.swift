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
    try #require(
        socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0
    )
    let other = ends[1]
    try Worker.start {
        do throws(FileError) { try body(other) } catch {
            // The client sees the hang-up; what it was about is in the test's own failure.
            print("server: \(error)")
        }
        close(other)
    }
    return ends[0]
}
