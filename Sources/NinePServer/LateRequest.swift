import FileTree
import NineP

/// A request that could not be answered where it was read.
///
/// `@unchecked Sendable`: `state` is guarded by its conversation's monitor, the rest is constant.
final class LateRequest: @unchecked Sendable {
    /// How far it has come.
    enum State {
        /// It waits for a thread, for a lock, or for what happens; nothing of it runs.
        case waiting
        /// A thread prepares it.
        case running
        /// It can be answered at once.
        case ready(FileError?)
        /// It has been answered, or will never be.
        case over
    }

    /// What is answered once it is ready.
    enum Answer {
        /// So many bytes of a file, from an offset.
        case read(any OpenFile, offset: UInt64, count: Int)
        /// That bytes have been written to a file.
        case write(any OpenFile, [UInt8], offset: UInt64)
        /// That a lock has been granted.
        case lock

        /// What was asked.
        var type: MessageType {
            switch self {
            case .read: .tread
            case .write: .twrite
            case .lock: .tlock
            }
        }
    }

    let tag: UInt16
    let dialect: Dialect
    let answer: Answer
    let cancellation = Cancellation()
    let arrived = monotonicNanoseconds()
    var state = State.waiting

    init(tag: UInt16, dialect: Dialect, answer: Answer) {
        self.tag = tag
        self.dialect = dialect
        self.answer = answer
    }

    /// Bytes that the request holds, or its answer will need.
    var size: Int {
        switch answer {
        case .read(_, _, let count): count
        case .write(_, let bytes, _): bytes.count
        case .lock: 0
        }
    }

    /// Has `body` called when it can be answered, or with why not; false where that is to be waited
    /// for.
    func tellsWhenReady(_ body: @escaping @Sendable (FileError?) -> Void) -> Bool {
        guard case .read(let file, let offset, let count) = answer else { return false }
        return file.whenReady(at: offset, count: count, until: cancellation, body)
    }

    /// Does what takes long, on a thread that may wait.
    func prepare() throws(FileError) {
        switch answer {
        case .read(let file, let offset, let count):
            try file.prepare(at: offset, count: count, until: cancellation)
        case .write(let file, let bytes, let offset): try file.write(bytes.span.bytes, at: offset)
        case .lock: break
        }
    }
}
