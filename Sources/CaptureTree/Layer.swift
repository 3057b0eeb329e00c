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
    let adoptions: AdoptionCount
    let writers = WriterCount()
    private let objectLimit: Int
    /// The layer's one lock.
    ///
    /// Held while records are appended, never while the lower tree is asked.
    let state: Mutex<LayerState>

    /// Takes a layer up where its records have left its state.
    init(
        _ state: consuming LayerState,
        journal: any Journal,
        data: any DataFiles,
        objectLimit: Int? = nil,
        clock: @escaping @Sendable () -> Timestamp = { .now }
    ) throws(FileError) {
        id = state.id
        self.objectLimit = objectLimit ?? .max
        self.journal = journal
        self.data = data
        self.clock = clock
        adoptions = state.adoptions
        state.data = data
        state.graves = Graveyard()
        state.places = [:]
        let objects = state.objects
        try data.takeStock { serial in objects[serial]?.hasData ?? false }
        for object in objects.values where object.hasData { object.isLoaded = false }
        self.state = Mutex(state)
    }

    /// Makes a layer in memory, which leaves nothing behind; `clock` says what "now" is.
    public static func inMemory(
        id: UInt64 = 0,
        clock: @escaping @Sendable () -> Timestamp = { .now }
    ) throws(FileError) -> Layer {
        try Layer(
            LayerState(id: id),
            journal: MemoryJournal(),
            data: MemoryDataFiles(clock: clock),
            clock: clock
        )
    }

    /// Whether no change is taken.
    public var isSealed: Bool { state.withLock { $0.isSealed } }

    /// Takes no change any more, so that what there is can be exported; open files included.
    ///
    /// Returns when the writes are over that had begun before.
    public func seal() throws(FileError) {
        try state.withLock { (state) throws(FileError) in
            if !state.isSealed { try commit(.sealed, in: &state, settling: true) }
        }
        writers.awaitNone()
        try finish()
    }

    /// Takes changes again.
    public func unseal() throws(FileError) {
        try state.withLock { (state) throws(FileError) in
            if state.isSealed { try commit(.unsealed, in: &state) }
        }
    }

    /// Forgets every change, but neither the rules nor the serials.
    ///
    /// Open files and walked nodes of the layer's own lose what they stood for.
    public func reset() throws(FileError) {
        try state.withLock { (state) throws(FileError) in
            try commit(.reset(next: state.next), in: &state)
            try data.removeAll()
        }
    }

    /// What becomes of changed paths.
    public var rules: Rules { state.withLock { $0.rules } }

    /// Adds a rule behind those there are.
    ///
    /// Errors: `.invalid` when there are as many as there may be.
    public func add(_ rule: Rules.Rule) throws(FileError) {
        try state.withLock { (state) throws(FileError) in
            guard state.rules.list.count < Rules.limit else { throw Rules.tooMany }
            try commit(.rule(rule.line), in: &state)
        }
    }

    /// The lower files that have been opened for reading: their paths below, from the root,
    /// without a `/` in front, in the order in which they were first opened.
    public var reads: [[UInt8]] { state.withLock { $0.reads } }

    /// How much there is in the layer.
    public var statistics: Statistics {
        let bytes = data.allocated
        return state.withLock {
            Statistics(objects: $0.objects.count, bytes: bytes, isSealed: $0.isSealed)
        }
    }

    /// How much there is in a layer.
    public struct Statistics: Sendable, Hashable {
        /// Files, directories and links that are the layer's own or have been touched.
        public var objects: Int
        /// Bytes that they occupy, and the log with them.
        public var bytes: UInt64
        /// Whether no change is taken.
        public var isSealed: Bool
    }

    /// Puts what there is on stable storage, as far as a client is to wait for it.
    public func sync() throws(FileError) {
        try state.withLock { (state) throws(FileError) in
            try flush(&state)
            try journal.sync()
        }
    }

    /// Puts everything on stable storage, as far as it is to be there at the end.
    ///
    /// To be called before the program ends; a layer that nobody holds any more does it itself.
    public func finish() throws(FileError) {
        try state.withLock { (state) throws(FileError) in
            try flush(&state)
            try journal.finish()
        }
    }

    deinit {
        // There is nobody left to be told; what was answered is in the log all the same.
        try? finish()
    }

    /// Refuses when one object more would be too many.
    func checkObjects(_ state: borrowing LayerState) throws(FileError) {
        guard state.objects.count < objectLimit else {
            throw FileError(.quota, "the layer's limit of objects")
        }
    }
}
