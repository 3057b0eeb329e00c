import FileTree
import Synchronization

extension Layer {
    /// Adds records to the log and applies them: all of them or none.
    ///
    /// `object` is what they are about. Once it has no name any more, no log has to know. What the
    /// log was still to be told goes with them; how far files have grown, only when there is enough
    /// of it, or when `settling`.
    func commit(
        _ records: [Record],
        about object: CaptureObject? = nil,
        in state: inout LayerState,
        settling: Bool = false
    ) throws(FileError) {
        if let object, object.links == 0 || object.isDetached {
            for record in records { state.apply(record, to: object) }
            return
        }
        if records.contains(where: \.makesObject) { try checkObjects(state) }
        var waiting = state.isOpenUntold ? [.opened] + state.pending : state.pending
        let isSettling = settling || state.unsettled.count >= Self.mostUnsettled
        let growths = isSettling ? state.growths : []
        waiting += growths
        if !waiting.isEmpty || !records.isEmpty { try journal.append(waiting + records) }
        state.isOpenUntold = false
        state.pending.removeAll(keepingCapacity: state.pending.count < 64)
        for record in growths { state.apply(record) }
        if isSettling { state.settle() }
        for record in records { state.apply(record) }
        if journal.mayShrink { shrinkLog(state) }
    }

    /// Adds one record to the log and applies it, or throws and does neither.
    func commit(
        _ record: Record,
        about object: CaptureObject? = nil,
        in state: inout LayerState,
        settling: Bool = false
    ) throws(FileError) {
        try commit([record], about: object, in: &state, settling: settling)
    }

    /// Adds what has waited for the next record; that the layer was opened is nothing by itself.
    func flush(_ state: inout LayerState) throws(FileError) {
        guard !state.pending.isEmpty || !state.unsettled.isEmpty else { return }
        try commit([], in: &state, settling: true)
    }

    /// So many files may have grown before the log is told.
    static var mostUnsettled: Int { 64 }

    /// So many records that change nothing may wait for one that does.
    static var mostPending: Int { 256 }

    /// Writes the log anew when what it says can be said by far fewer records.
    ///
    /// It may fail: then the log is what it was, and grows on.
    func shrinkLog(_ state: borrowing LayerState) {
        try? journal.shrink { (body) throws(FileError) in try state.forEachRecord(body) }
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

extension LayerState {
    /// What the log is to be told of how far files have grown.
    fileprivate var growths: [Record] {
        // What has no name is nobody's; of what has failed, the data file is asked first.
        unsettled.filter { $0.links > 0 && !$0.isDetached && $0.isLoaded && $0.hasData }
            .map { .stored($0.serial, size: $0.size, changes: $0.changes) }
    }

    /// Notes that the log has been told.
    fileprivate mutating func settle() {
        for object in unsettled { object.isUnsettled = false }
        unsettled.removeAll(keepingCapacity: true)
    }
}
