import FileTree
import Synchronization

/// Where the generations of a log are, as far as it was looked through: of a long one no more is
/// read for a state than what it says of that.
///
/// What is known is not believed: others may have been forgotten since, or the log be another's. All
/// methods may be called from any thread.
package final class GenerationPlaces: Sendable {
    private struct Known {
        var places: [Int: Int] = [:]
        /// The first byte that was not looked at.
        var end: UInt64 = 0
    }

    private let known = Mutex(Known())

    /// Makes one of nothing.
    package init() {}

    /// The generation of a number.
    ///
    /// - Complexity: that of one small read where it is known, else of what was not looked at.
    /// Errors: as of `GenerationLog.block(of:)`.
    func block(of number: Int, in log: GenerationLog) throws(FileError) -> GenerationBlock {
        if let block = try block(known.withLock { $0.places[number] }, number, log) { return block }
        try look(log)
        if let block = try block(known.withLock { $0.places[number] }, number, log) { return block }
        // It is not where it was: all of it is looked at again.
        known.withLock { $0 = Known() }
        return try log.block(of: number)
    }

    private func block(
        _ place: Int?,
        _ number: Int,
        _ log: GenerationLog
    ) throws(FileError) -> GenerationBlock? {
        guard let place else { return nil }
        do throws(FileError) {
            let block = try log.block(at: place)
            return block.number == number ? block : nil
        } catch {
            guard error.kind == .malformed else { throw error }
            return nil
        }
    }

    private func look(_ log: GenerationLog) throws(FileError) {
        let start = known.withLock { $0.end }
        let size = try log.calls.status(log.file).size
        guard start < size else { return }
        let (found, end) = GenerationLog.places(in: try log.read(start..<size))
        known.withLock { known in
            guard known.end == start else { return }
            for (number, place) in found { known.places[number] = Int(start) + place }
            known.end = start + UInt64(end)
        }
    }
}
