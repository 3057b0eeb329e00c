import FileTree
import Synchronization

/// A data file in a layer's folder, open.
final class FolderDataFile: DataFile {
    private let descriptor: HostDescriptor
    private let serial: Serial
    private let files: FolderDataFiles
    private let state: Mutex<State>

    private struct State {
        /// As of the last change: nobody else changes the file.
        var figures: DataFigures
        var isRemoved = false
    }

    init(
        _ descriptor: HostDescriptor,
        _ serial: Serial,
        _ files: FolderDataFiles,
        _ figures: DataFigures
    ) {
        self.descriptor = descriptor
        self.serial = serial
        self.files = files
        state = Mutex(State(figures: figures))
    }

    deinit {
        let (allocated, isRemoved) = state.withLock { ($0.figures.allocated, $0.isRemoved) }
        if isRemoved { files.usage.settle(from: allocated) }
        files.forget(serial)
    }

    var allocated: UInt64 { state.withLock { $0.figures.allocated } }

    /// Whether its name is gone.
    var isRemoved: Bool {
        get { state.withLock { $0.isRemoved } }
        set { state.withLock { $0.isRemoved = newValue } }
    }

    func figures() throws(FileError) -> DataFigures { state.withLock { $0.figures } }

    func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: UInt64
    ) throws(FileError) -> Int {
        try files.calls.read(descriptor, into: buffer, at: offset)
    }

    func extent(at offset: UInt64, count: Int) throws(FileError) -> Extent? {
        let size = state.withLock { $0.figures.size }
        guard offset < size else { return nil }
        return Extent(
            place: .descriptor(descriptor.number, offset: offset),
            count: Int(min(UInt64(count), size - offset)),
            owner: self
        )
    }

    func stretch(at offset: UInt64) throws(FileError) -> Stretch? { descriptor.stretch(at: offset) }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileError) {
        try changed { (taken) throws(FileError) in try store(bytes, at: offset, &taken) }
    }

    func truncate(to size: UInt64) throws(FileError) {
        guard size <= files.longestFile else { throw FileError(.tooBig) }
        try changed { (_) throws(FileError) in try files.calls.resize(descriptor, to: size) }
    }

    func copy(from lower: any OpenFile, at offset: UInt64, count: UInt64) throws(FileError) {
        try changed { (taken) throws(FileError) in
            let end = try DataCopy.copy(
                from: lower,
                at: offset,
                count: count,
                intoHole: isHole(at: offset, count: count)
            ) { (bytes, offset) throws(FileError) in try store(bytes, at: offset, &taken) }
            // A hole at the end is there by the length alone.
            guard try files.calls.status(descriptor).size < end else { return }
            guard end <= files.longestFile else { throw FileError(.tooBig) }
            try files.calls.resize(descriptor, to: end)
        }
    }

    /// Whether nothing is stored there: a failure may have left bytes that nobody was told of.
    private func isHole(at offset: UInt64, count: UInt64) throws(FileError) -> Bool {
        let (end, overflow) = offset.addingReportingOverflow(count)
        guard !overflow else { throw FileError(.tooBig) }
        guard offset < state.withLock({ $0.figures.size }) else { return true }
        return try files.calls.holes(in: descriptor, offset..<end) == count
    }

    func setModified(_ time: Timestamp) throws(FileError) {
        try changed(at: time) { (_) throws(FileError) in }
    }

    func sync() throws(FileError) {
        if files.sync == .op { try files.calls.sync(descriptor) }
    }

    /// Writes bytes, if the layer's limits let them be; `taken` is what they may come to.
    private func store(
        _ bytes: UnsafeRawBufferPointer,
        at offset: UInt64,
        _ taken: inout UInt64
    ) throws(FileError) {
        let (end, overflow) = offset.addingReportingOverflow(UInt64(bytes.count))
        guard !overflow, end <= files.longestFile else { throw FileError(.tooBig) }
        guard !bytes.isEmpty else { return }
        let page = UInt64(DataCopy.page)
        let part = (offset & ~(page - 1))..<((end - 1 | (page - 1)) + 1)
        if files.usage.take(UInt64(part.count)) {
            taken += UInt64(part.count)
        } else {
            // Near the limit, what is stored already is not counted twice.
            let holes = try files.calls.holes(in: descriptor, part)
            guard files.usage.take(holes) else {
                throw FileError(.quota, "the layer's limit of bytes")
            }
            taken += holes
        }
        try files.calls.write(descriptor, bytes, at: offset)
    }

    /// Makes a change, all of it or, as far as the length goes, nothing; then counts what it came
    /// to.
    ///
    /// The time is set, not left to the host: its clock for files may go slower than the one that
    /// the log's records are told the time by, and what was written later must not look older.
    private func changed(
        at time: Timestamp? = nil,
        _ body: (_ taken: inout UInt64) throws(FileError) -> Void
    ) throws(FileError) {
        guard files.mayWrite(serial) else {
            throw FileError(.unsupported, "data/\(serial.fileName): written to in part")
        }
        let old = state.withLock { $0.figures }
        var taken: UInt64 = 0
        var failure: FileError?
        do throws(FileError) {
            try body(&taken)
            try files.calls.setModified(descriptor, time ?? files.clock())
            if files.sync == .op { try files.calls.sync(descriptor) }
        } catch {
            failure = error
            // The error that is told is the first; a cut cannot be put back.
            try? putBack(old)
        }
        do throws(FileError) {
            let new = try files.calls.status(descriptor)
            state.withLock { $0.figures = new }
            files.usage.settle(taken: taken, from: old.allocated, to: new.allocated)
        } catch {
            // The host says no more what there is: it is counted as what it may be at most.
            state.withLock { $0.figures.allocated = old.allocated + taken }
            failure = failure ?? error
        }
        if let failure { throw failure.at("data/\(serial.fileName)") }
    }

    /// Gives the file the length and the time back that it had, as far as it can be.
    private func putBack(_ old: DataFigures) throws(FileError) {
        let new = try files.calls.status(descriptor)
        if new.size > old.size { try files.calls.resize(descriptor, to: old.size) }
        if new.modified != old.modified {
            try files.calls.setModified(descriptor, old.modified)
        }
    }
}
