import FileTree
import NineP
import NinePClient

/// A request that asks for nothing: a Tflush of a tag that is not in use.
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
