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
        /// Why nothing more is taken.
        var broken: FileError?
        /// Room that is used again.
        var bytes: [UInt8] = []
        var scratch = RecordWriter()
    }

    /// Opens a log, makes it when the folder is new, and shows its records in their order.
    ///
    /// A record that was never finished is cut off. Errors: `.malformed` for a log that is damaged
    /// or none, with the offset; `.unsupported` for a later version; what `body` throws.
    init(
        _ folder: LayerFolder,
        usage: LayerUsage,
        sync mode: LayerSync,
        _ body: (Record) throws(FileError) -> Void
    ) throws(FileError) {
        self.folder = folder
        self.usage = usage
        self.mode = mode
        let calls = folder.calls
        if folder.isNew { try Self.make(in: folder, id: .random(in: 1...UInt64.max), mode) }
        let file = try folder.openLog()
        var reader = try LogReader(file, calls)
        let isTorn = try reader.readAll(body) != nil
        if isTorn { try calls.resize(file, to: reader.offset) }
        id = reader.id
        state = Mutex(State(file: file, end: reader.offset, sum: reader.sum))
        usage.settle(to: reader.offset)
    }

    /// The log's bytes.
    var size: UInt64 { state.withLock { $0.end } }

    func append(_ records: [Record]) throws(FileError) {
        try state.withLock { (state) throws(FileError) in
            if let broken = state.broken { throw broken }
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
            // What makes room is taken in any case, or a full layer would be full for ever.
            let isTaken = usage.take(count)
            guard isTaken || records.contains(where: \.makesRoom) else {
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

    /// Makes the log of a layer: all of it is there under its name, or nothing.
    private static func make(
        in folder: LayerFolder,
        id: UInt64,
        _ mode: LayerSync
    ) throws(FileError) {
        let calls = folder.calls
        let name = LayerFolder.newLogName
        if try calls.status(name, in: folder.folder) != nil {
            try calls.remove(name, in: folder.folder)
        }
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
        case .removed, .cut, .sealed, .unsealed, .reset: true
        default: false
        }
    }
}
