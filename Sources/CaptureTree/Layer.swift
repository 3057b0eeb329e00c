public import FileTree
import Synchronization

/// What a capture has changed: the records of it, and the bytes of files.
///
/// One layer belongs to one `CaptureTree` at a time. All methods may be called from any thread,
/// beside any other.
public final class Layer: Sendable {
    /// What the qids of all that is made in the layer are salted with.
    public let id: UInt64
    let journal: any Journal
    let data: any DataFiles
    let clock: @Sendable () -> Timestamp
    /// The layer's one lock.
    ///
    /// Held while records are appended, never while the lower tree is asked.
    let state: Mutex<LayerState>

    /// Takes a layer up where its records, in their order, have left it.
    init(
        id: UInt64,
        journal: any Journal,
        data: any DataFiles,
        records: some Sequence<Record> = [],
        clock: @escaping @Sendable () -> Timestamp = { .now }
    ) throws(FileError) {
        self.id = id
        self.journal = journal
        self.data = data
        self.clock = clock
        var state = LayerState(id: id)
        for record in records { state.apply(record) }
        self.state = Mutex(state)
    }

    /// Makes a layer in memory, which leaves nothing behind; `clock` says what "now" is.
    public static func inMemory(
        id: UInt64 = 0,
        clock: @escaping @Sendable () -> Timestamp = { .now }
    ) throws(FileError) -> Layer {
        try Layer(
            id: id,
            journal: MemoryJournal(),
            data: MemoryDataFiles(clock: clock),
            clock: clock
        )
    }

    /// Whether no change is taken.
    public var isSealed: Bool { state.withLock { $0.isSealed } }

    /// Takes no change any more, so that what there is can be exported; open files included.
    public func seal() throws(FileError) {
        try state.withLock { (state) throws(FileError) in
            if !state.isSealed { try commit(.sealed, &state) }
        }
    }

    /// Takes changes again.
    public func unseal() throws(FileError) {
        try state.withLock { (state) throws(FileError) in
            if state.isSealed { try commit(.unsealed, &state) }
        }
    }

    /// Forgets every change, but neither the rules nor the serials.
    ///
    /// Open files and walked nodes of the layer's own lose what they stood for.
    public func reset() throws(FileError) {
        try state.withLock { (state) throws(FileError) in
            try commit(.reset(next: state.next), &state)
            try data.removeAll()
        }
    }

    /// What becomes of changed paths.
    public var rules: Rules { state.withLock { $0.rules } }

    /// Adds a rule behind those there are.
    public func add(_ rule: Rules.Rule) throws(FileError) {
        try state.withLock { (state) throws(FileError) in try commit(.rule(rule.line), &state) }
    }

    /// The lower files that have been opened for reading: their paths below, from the root,
    /// without a `/` in front, in the order in which they were first opened.
    public var reads: [[UInt8]] { state.withLock { $0.reads } }

    /// How much there is in the layer.
    public var statistics: Statistics {
        state.withLock { Statistics(objects: $0.objects.count, isSealed: $0.isSealed) }
    }

    /// How much there is in a layer.
    public struct Statistics: Sendable, Hashable {
        /// Files, directories and links that are the layer's own or have been touched.
        public var objects: Int
        /// Whether no change is taken.
        public var isSealed: Bool
    }

    /// Puts everything on stable storage.
    public func sync() throws(FileError) {
        try state.withLock { (state) throws(FileError) in
            try flush(&state)
            try journal.sync()
        }
    }

    /// Adds a record to the log and applies it: all of it or nothing.
    func commit(_ record: Record, _ state: inout LayerState) throws(FileError) {
        state.pending.append(record)
        do throws(FileError) {
            try journal.append(state.pending)
        } catch {
            state.pending.removeLast()
            throw error
        }
        state.pending.removeAll(keepingCapacity: state.pending.count < 64)
        state.apply(record)
    }

    /// Adds what has waited for the next record.
    func flush(_ state: inout LayerState) throws(FileError) {
        guard !state.pending.isEmpty else { return }
        try journal.append(state.pending)
        state.pending.removeAll()
    }
}
