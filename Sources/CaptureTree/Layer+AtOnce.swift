public import FileTree
import Synchronization

extension Layer {
    /// Makes many changes of which all are kept, or none: whether they fail, the layer's disk is
    /// full or this process dies, the layer in its folder is what it was then.
    ///
    /// Of files that were there before, the bytes are replaced as a whole. Nobody else changes
    /// the layer meanwhile, and after a failure nobody does: it is opened anew.
    ///
    /// Errors: what `body` throws; those of a full or broken disk. Of a layer in memory there is
    /// nothing to go back to.
    public func atOnce<Result>(
        _ body: () throws(FileError) -> Result
    ) throws(FileError) -> Result {
        try change { (state) throws(FileError) in
            try flush(&state)
            try journal.hold()
            data.hold(state.next, after: journal.sum)
            state.isHeld = true
        }
        do throws(FileError) {
            let result = try body()
            try change { (state) throws(FileError) in
                // How long the files are.
                try commit([], in: &state, settling: true)
                try data.checkHeld()
                try journal.keep { (body) throws(FileError) in try state.forEachRecord(body) }
                state.isHeld = false
            }
            data.keep()
            return result
        } catch {
            journal.abandon(error)
            data.takeBack()
            throw error
        }
    }
}
