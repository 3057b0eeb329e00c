import FileTree
import Synchronization

/// A layer's records in memory: for layers that leave nothing behind.
final class MemoryJournal: Journal {
    private let kept = Mutex<[Record]>([])

    /// All records so far.
    var records: [Record] { kept.withLock { $0 } }

    func append(_ records: [Record]) throws(FileError) {
        kept.withLock { $0 += records }
    }

    func sync() throws(FileError) {}

    func finish() throws(FileError) {}
}
