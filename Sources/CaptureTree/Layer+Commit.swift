import FileTree
import Synchronization

extension Layer {
    /// Adds records to the log and applies them: all of them or none.
    ///
    /// `object` is what they are about. Once it has no name any more, no log has to know.
    func commit(
        _ records: [Record],
        about object: CaptureObject? = nil,
        in state: inout LayerState
    ) throws(FileError) {
        if let object, object.links == 0 || object.isDetached {
            for record in records { state.apply(record, to: object) }
            return
        }
        if records.contains(where: \.makesObject) { try checkObjects(state) }
        state.pending += records
        do throws(FileError) {
            try journal.append(state.pending)
        } catch {
            state.pending.removeLast(records.count)
            throw error
        }
        state.pending.removeAll(keepingCapacity: state.pending.count < 64)
        for record in records { state.apply(record) }
    }

    /// Adds one record to the log and applies it, or throws and does neither.
    func commit(
        _ record: Record,
        about object: CaptureObject? = nil,
        in state: inout LayerState
    ) throws(FileError) {
        try commit([record], about: object, in: &state)
    }

    /// Adds what has waited for the next record.
    func flush(_ state: inout LayerState) throws(FileError) {
        guard !state.pending.isEmpty else { return }
        try journal.append(state.pending)
        state.pending.removeAll()
    }

    /// Runs `body` under the layer's lock, unless the layer is sealed.
    func change<Result: ~Copyable>(
        _ body: (inout LayerState) throws(FileError) -> sending Result
    ) throws(FileError) -> Result {
        try state.withLock { (state) throws(FileError) in
            if state.isSealed { throw FileError(.readOnly, "the layer is sealed") }
            return try body(&state)
        }
    }

    /// Refuses when the layer is sealed, before anything is done for a change.
    func checkOpen() throws(FileError) {
        if isSealed { throw FileError(.readOnly, "the layer is sealed") }
    }
}
