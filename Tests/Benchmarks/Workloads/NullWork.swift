import FileTree
import NineP
import NinePClient

/// A request that asks for nothing: a Tflush of a tag that is not in use.
///
/// At depth 1 nobody can win by much: pakfs, diod and the echo each make one system call to
/// receive a message and one to answer it, and spend 4.8, 5.1 and 4.7 us of a processor on it,
/// nearly all of it in the kernel.
struct NullWork: Workload {
    mutating func start(_ slot: Int, _ talk: inout Conversation) throws(FileError) {
        try talk.queue(Tflush(oldTag: 9999), tag: UInt16(slot))
    }

    mutating func reply(
        _ slot: Int,
        _ frame: Frame,
        _ talk: inout Conversation
    ) throws(FileError) -> Bool { true }
}
