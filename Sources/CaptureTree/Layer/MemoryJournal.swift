import FileTree

/// The journal of a layer that leaves nothing behind: it keeps nothing.
final class MemoryJournal: Journal {
    func append(_ records: [Record]) throws(FileError) {}

    func sync() throws(FileError) {}

    func finish() throws(FileError) {}
}
