import FileTree
import Store

// What generations are: a block says how one differs from another.
extension GenerationLog {
    /// The generation that begins at `place`, put together.
    ///
    /// Errors: as of `block`.
    func record(at place: Int) throws(FileError) -> GenerationRecord {
        try record(of: block(at: place))
    }

    /// A generation, put together; of `known` ones nothing is read, and of those that were read
    /// `before` no more than that they are there still: the log may be another by now.
    ///
    /// Errors: as of `block`.
    func record(
        of block: GenerationBlock,
        _ known: [GenerationRecord] = [],
        before: [GenerationRecord] = []
    ) throws(FileError) -> GenerationRecord {
        var blocks = [block]
        while let base = blocks[blocks.count - 1].base {
            if let known = known.first(where: { $0.place?.at == base.at }) {
                return try GenerationRecord(blocks, over: known)
            }
            let next = try self.block(at: base.at)
            if let known = before.first(where: { $0.isSaid(by: next) }) {
                return try GenerationRecord(blocks, over: known)
            }
            // Each is before the one that needs it.
            guard blocks.count <= GenerationBlock.depthLimit else {
                throw .malformed("log: too many to make generation \(block.number) of")
            }
            blocks.append(next)
        }
        let whole = blocks[blocks.count - 1]
        do throws(FileError) {
            blocks[blocks.count - 1] = try whole.filled(from: store)
            return try GenerationRecord(blocks)
        } catch {
            guard error.kind == .malformed, whole.known != nil else { throw error }
            // What was read before may be of a store that was another.
            store.forgetNumbers()
            blocks[blocks.count - 1] = try whole.filled(from: store)
            return try GenerationRecord(blocks)
        }
    }

    /// The generation that another was made of, by what that has changed where it says so; nil
    /// where it is not there.
    ///
    /// Errors: as of `block`.
    func parent(of record: GenerationRecord) throws(FileError) -> GenerationRecord? {
        guard let place = record.parentAt, let own = record.place else { return nil }
        let parent = try block(at: place)
        guard parent.number == record.parent else { return nil }
        let block = try block(at: own.at)
        guard block.number == record.number, block.base?.at == place else {
            return try self.record(at: place)
        }
        let content = try block.content()
        guard content.rules == nil else { return try self.record(at: place) }
        return GenerationRecord(parent, of: record, content)
    }
}
