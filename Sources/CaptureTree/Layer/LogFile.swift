import FileTree
import Synchronization

/// A layer's log in its folder, open for adding to it.
///
/// Records are added by one write(2) at the end of the last whole one. A write that fails is
/// taken back; a log that cannot be brought back to its last whole record takes nothing more.
final class LogFile: Journal {
    let id: UInt64
    private let folder: LayerFolder
    private let usage: LayerUsage
    private let mode: LayerSync
    private let state: Mutex<State>

    private struct State {
        var file: HostDescriptor
        /// Where the last whole record ends, and its sum.
        var end: UInt64
        var sum: UInt64
        /// How many records there are.
        var count: Int
        /// From this size on the log may be worth writing anew.
        var look: UInt64 = 0
        /// Whether the folder is still to be told on storage of the log's name.
        var isNameUnstored = false
        /// Why nothing more is taken.
        var broken: FileError?
        /// Whether records are taken and not kept.
        var isHeld = false
        /// Room that is used again.
        var bytes: [UInt8] = []
        var scratch = RecordWriter()
    }

    /// Opens a log, makes it when the folder is new, and has `replay` carry its records out in their
    /// order.
    ///
    /// A record that was never finished is cut off. Errors: `.malformed` for a log that is damaged
    /// or none, with the offset; `.unsupported` for another version.
    init(
        _ folder: LayerFolder,
        usage: LayerUsage,
        sync mode: LayerSync,
        _ replay: (_ id: UInt64, _ records: RecordEmitter) throws(FileError) -> Void
    ) throws(FileError) {
        self.folder = folder
        self.usage = usage
        self.mode = mode
        let calls = folder.calls
        // One that a death has left unfinished.
        try Self.removeNew(in: folder)
        if folder.isNew { try Self.make(in: folder, id: .random(in: 1...UInt64.max), mode) }
        let file = try folder.openLog()
        var reader = try LogReader(file, calls)
        var isTorn = false
        try replay(reader.id) { (body) throws(FileError) in isTorn = try reader.readAll(body) != nil
        }
        if isTorn { try calls.resize(file, to: reader.offset) }
        id = reader.id
        let end = reader.offset
        state = Mutex(State(file: file, end: end, sum: reader.sum, count: reader.count))
        usage.settle(to: end)
    }

    /// The log's bytes.
    var size: UInt64 { state.withLock { $0.end } }

    /// How many records there are.
    var count: Int { state.withLock { $0.count } }

    func append(_ records: [Record]) throws(FileError) {
        try state.withLock { (state) throws(FileError) in
            if let broken = state.broken { throw broken }
            if state.isHeld {
                // What could not be written down is refused now.
                for record in records {
                    state.scratch.removeAll()
                    try state.scratch.put(record)
                }
                return
            }
            if mode == .op, state.isNameUnstored { try storeName(&state) }
            state.bytes.removeAll(keepingCapacity: state.bytes.count < 1 << 20)
            var sum = state.sum
            for record in records {
                sum = try LogFormat.append(
                    record,
                    after: sum,
                    to: &state.bytes,
                    using: &state.scratch
                )
            }
            let count = UInt64(state.bytes.count)
            // What makes room is taken in any case, or a full layer would be full for ever; it is
            // the last record, the others have waited for it.
            let isTaken = usage.take(count)
            guard isTaken || records.last?.makesRoom ?? false else {
                throw FileError(.quota, "\(folder.path): the layer's limit of bytes")
            }
            do throws(FileError) {
                try write(&state)
            } catch {
                if isTaken { usage.settle(taken: count) }
                throw error.at("\(folder.path)/log")
            }
            if !isTaken { usage.settle(to: count) }
            state.end += count
            state.sum = sum
            state.count += records.count
        }
    }

    private func write(_ state: inout State) throws(FileError) {
        let calls = folder.calls
        var isWritten = false
        do throws(FileError) {
            let (file, end) = (state.file, state.end)
            let bytes = state.bytes.span.bytes
            try bytes.withUnsafeBytes { (bytes) throws(FileError) in
                try calls.write(file, bytes, at: end)
            }
            isWritten = true
            if mode == .op { try calls.syncBytes(state.file) }
        } catch {
            // After a failed sync the host may go on showing bytes that it has given up storing.
            var isLost = isWritten && ![.noSpace, .quota].contains(error.kind)
            do throws(FileError) {
                try calls.resize(state.file, to: state.end)
            } catch { isLost = true }
            if isLost { state.broken = broken(by: error) }
            throw error
        }
    }

    private func broken(by error: FileError) -> FileError {
        FileError(.readOnly, "\(folder.path)/log takes nothing more since it failed (\(error))")
    }

    /// Does nothing: in the one mode in which a client waits, everything is on storage already.
    func sync() throws(FileError) {}

    func finish() throws(FileError) {
        guard mode != .none else { return }
        try state.withLock { (state) throws(FileError) in
            if let broken = state.broken { throw broken }
            do throws(FileError) {
                if mode == .end { try folder.calls.syncAll(folder.folder) }
                try folder.calls.syncBytes(state.file)
            } catch {
                state.broken = broken(by: error)
                throw error.at("\(folder.path)/log")
            }
        }
    }

    // MARK: - Written anew

    /// Below this size a log is left alone while it is in use.
    private static let least: UInt64 = 1 << 20

    var mayShrink: Bool { state.withLock { !$0.isHeld && $0.end >= max(Self.least, $0.look) } }

    func shrink(_ emit: RecordEmitter) throws(FileError) {
        try state.withLock { (state) throws(FileError) in
            if let broken = state.broken { throw broken }
            // Whatever comes of it, not again soon: all this costs a constant part of the writing.
            state.look = state.end.multipliedReportingOverflow(by: 2).partialValue
            var count = 0
            try emit { (_) throws(FileError) in count += 1 }
            guard count + Self.fewest < state.count / 2 else { return }
            do throws(FileError) {
                try writeAnew(&state, emit)
            } catch {
                // Left for the next opening when it cannot be removed either.
                try? Self.removeNew(in: folder)
                throw error.at("\(folder.path)/\(LayerFolder.newLogName)")
            }
            if mode != .none { try storeName(&state) }
        }
    }

    /// So few records are not worth a new file.
    private static let fewest = 64

    // MARK: - All or nothing

    var sum: UInt64 { state.withLock { $0.sum } }

    func hold() throws(FileError) {
        try state.withLock { (state) throws(FileError) in
            if let broken = state.broken { throw broken }
            // What is put aside is known by the log's end: that must be no other after a crash.
            try folder.calls.syncBytes(state.file)
            state.isHeld = true
        }
    }

    func keep(_ emit: RecordEmitter) throws(FileError) {
        try state.withLock { (state) throws(FileError) in
            if let broken = state.broken { throw broken }
            do throws(FileError) {
                try writeAnew(&state, emit)
            } catch {
                // Left for the next opening when it cannot be removed either.
                try? Self.removeNew(in: folder)
                throw error.at("\(folder.path)/\(LayerFolder.newLogName)")
            }
            state.isHeld = false
            // It has its name for all who ask; that it is on storage is seen to with the next.
            if mode != .none { try? storeName(&state) }
        }
    }

    func abandon(_ error: FileError) {
        state.withLock { $0.broken = $0.broken ?? broken(by: error) }
    }

    /// Writes the new log, puts it on storage and gives it the log's name.
    private func writeAnew(_ state: inout State, _ emit: RecordEmitter) throws(FileError) {
        let calls = folder.calls
        try Self.removeNew(in: folder)
        let file = try calls.make(LayerFolder.newLogName, in: folder.folder)
        var (bytes, sum) = LogFormat.header(id: id)
        var scratch = RecordWriter()
        var end: UInt64 = 0
        var count = 0
        func write() throws(FileError) {
            try bytes.span.bytes.withUnsafeBytes { (bytes) throws(FileError) in
                try calls.write(file, bytes, at: end)
            }
            end += UInt64(bytes.count)
            bytes.removeAll(keepingCapacity: true)
        }
        try emit { (record) throws(FileError) in
            sum = try LogFormat.append(record, after: sum, to: &bytes, using: &scratch)
            count += 1
            if bytes.count >= 1 << 16 { try write() }
        }
        try write()
        // In any mode: the name of the old one must not come to stand for nothing.
        try calls.sync(file)
        try calls.rename(LayerFolder.newLogName, to: LayerFolder.logName, in: folder.folder)
        usage.settle(from: state.end, to: end)
        state.file = file
        state.end = end
        state.sum = sum
        state.count = count
        state.look = end.multipliedReportingOverflow(by: 4).partialValue
        state.isNameUnstored = true
    }

    private func storeName(_ state: inout State) throws(FileError) {
        try folder.calls.syncNames(folder.folder)
        state.isNameUnstored = false
    }

    /// Removes a log that was never finished.
    private static func removeNew(in folder: LayerFolder) throws(FileError) {
        let name = LayerFolder.newLogName
        guard try folder.calls.status(name, in: folder.folder) != nil else { return }
        try folder.calls.remove(name, in: folder.folder)
    }

    /// Makes the log of a layer: all of it is there under its name, or nothing.
    private static func make(
        in folder: LayerFolder,
        id: UInt64,
        _ mode: LayerSync
    ) throws(FileError) {
        let calls = folder.calls
        let name = LayerFolder.newLogName
        let file = try calls.make(name, in: folder.folder)
        let header = LogFormat.header(id: id).bytes
        try header.span.bytes.withUnsafeBytes { (bytes) throws(FileError) in
            try calls.write(file, bytes, at: 0)
        }
        if mode != .none { try calls.sync(file) }
        try calls.rename(name, to: LayerFolder.logName, in: folder.folder)
        if mode != .none { try calls.syncNames(folder.folder) }
    }
}

extension LogReader {
    /// Reads the header of a log's file.
    init(_ file: HostDescriptor, _ calls: HostCalls) throws(FileError) {
        let size = try calls.status(file).size
        try self.init(size: size) { (offset, count) throws(FileError) in
            let room = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 8)
            defer { room.deallocate() }
            let got = try calls.read(file, into: room, at: offset)
            return Array(room[..<got])
        }
    }

    /// Shows all records, and says what is wrong with one at the end that was never finished.
    ///
    /// Errors: `.malformed` where the log is damaged; what `body` throws.
    mutating func readAll(
        _ body: (Record) throws(FileError) -> Void
    ) throws(FileError) -> FileError? {
        while true {
            switch try next() {
            case let .record(record): try body(record)
            case .end: return nil
            case let .torn(fault): return fault
            case let .damaged(fault): throw fault
            }
        }
    }
}

extension Record {
    /// Whether an object is added by it that was nowhere before.
    var makesObject: Bool { if case .made = self { true } else { false } }

    /// Whether it can come to fewer bytes in the layer, or is of those that end its work.
    fileprivate var makesRoom: Bool {
        switch self {
        case .removed, .cut, .stored, .sealed, .unsealed, .reset, .opened: true
        default: false
        }
    }
}
