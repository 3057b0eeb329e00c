public import FileTree

extension Layer {
    /// Opens the layer in a folder, and makes one where there is none: the folder (mode 0700) and
    /// all that is in it.
    ///
    /// What a crash has left unfinished at the log's end is cut off, and data files that belong
    /// to no object are removed; what was changed `atOnce` and not kept is put back. Nobody else can
    /// open the layer until this one is let go of.
    ///
    /// The folder that it is in has to be there. What is beyond the limits when it is opened
    /// stays. `clock` says what "now" is.
    ///
    /// Errors: `.busy` when another program uses the layer, `.readOnly` when nothing can be written
    /// there, `.notEmpty` for a folder with other files, `.malformed` for a damaged log, with the
    /// offset, `.unsupported` for a later version's.
    public static func open(
        folder: String,
        limits: LayerLimits = LayerLimits(),
        sync: LayerSync = .end,
        clock: @escaping @Sendable () -> Timestamp = { .now }
    ) throws(FileError) -> Layer {
        try open(folder: folder, limits: limits, sync: sync, clock: clock, calls: HostCalls())
    }

    static func open(
        folder path: String,
        limits: LayerLimits,
        sync: LayerSync,
        clock: @escaping @Sendable () -> Timestamp,
        calls: HostCalls
    ) throws(FileError) -> Layer {
        let folder = try LayerFolder(writing: path, calls: calls)
        let usage = LayerUsage(limit: limits.bytes)
        let data = FolderDataFiles(
            folder,
            usage: usage,
            sync: sync,
            longestFile: limits.longestFile,
            clock: clock
        )
        do throws(FileError) {
            var state = LayerState(id: 0)
            let log = try LogFile(folder, usage: usage, sync: sync) {
                (id, records) throws(FileError) in state = try LayerState(id: id, records)
            }
            // Before the log ends otherwise.
            try data.settle(after: log.sum)
            state.apply(.opened)
            state.isOpenUntold = true
            // It may fail: then the log is what it was.
            try? log.shrink { (body) throws(FileError) in try state.forEachRecord(body) }
            return try Layer(
                state,
                journal: log,
                data: data,
                objectLimit: limits.objects,
                clock: clock
            )
        } catch {
            throw error.at(path)
        }
    }

    /// Opens the layer in a folder for looking at it: nothing there is changed, and every change
    /// is refused.
    ///
    /// Several programs may do so at once, but none beside one that writes.
    ///
    /// Errors: `.notFound`, `.busy` when a server uses the layer, `.malformed` for a damaged log.
    public static func open(readOnly path: String) throws(FileError) -> Layer {
        let folder = try LayerFolder(reading: path)
        let data = FolderDataFiles(
            folder,
            usage: LayerUsage(limit: nil),
            sync: .none,
            longestFile: nil
        )
        do throws(FileError) {
            let file = try folder.openLog()
            var reader = try LogReader(file, folder.calls)
            let state = try LayerState(id: reader.id) { (body) throws(FileError) in
                _ = try reader.readAll(body)
            }
            try data.settle(after: reader.sum)
            return try Layer(state, journal: ClosedJournal(folder), data: data)
        } catch {
            throw error.at(path)
        }
    }
}

/// The journal of a layer that is only looked at.
private final class ClosedJournal: Journal {
    /// Held, and its lock with it.
    private let folder: LayerFolder

    init(_ folder: LayerFolder) { self.folder = folder }

    func append(_ records: [Record]) throws(FileError) {
        throw FileError(.readOnly, "\(folder.path): the layer is open for reading alone")
    }

    func sync() throws(FileError) {}
    func finish() throws(FileError) {}
}
