public import FileTree
import Synchronization

/// What there is in a layer's folder, and what is wrong with it.
public struct LayerReport: Sendable, Hashable {
    /// The layer's id.
    public var id: UInt64 = 0
    /// Whether a program has the layer open for writing: what is told is of one moment.
    public var isInUse = false
    /// Whole records of the log.
    public var records = 0
    /// The log's bytes.
    public var logSize: UInt64 = 0
    /// Where the last whole record ends, and what is wrong begins, if anything is.
    public var wholeSize: UInt64 = 0
    /// What is wrong with a record at the end that was never finished; it is cut off when the
    /// layer is opened for writing.
    public var tornTail: FileError?
    /// What the log is refused for: everything behind `wholeSize` is lost, and no file is known to
    /// be missing or a stray.
    public var damage: FileError?
    /// Files, directories and links.
    public var objects = 0
    /// Whether no change is taken.
    public var isSealed = false
    /// Data files.
    public var dataFiles = 0
    /// Bytes of all data files by their lengths.
    public var dataSize: UInt64 = 0
    /// Bytes that all data files occupy.
    public var dataAllocated: UInt64 = 0
    /// Data files that are missing: their bytes are lost.
    public var missing: [Missing] = []
    /// Data files that belong to no object, as a crash leaves them; they are removed when the layer
    /// is opened for writing.
    public var orphans: [String] = []
    /// Files that are no part of a layer; they are left alone.
    public var foreign: [String] = []

    /// A data file that is not there.
    public struct Missing: Sendable, Hashable {
        /// Its name in the layer's folder.
        public var name: String
        /// The file of the layer whose bytes it held: its path, without a `/` in front.
        public var path: [UInt8]
    }

    /// Whether all that was ever recorded is there.
    public var isSound: Bool { damage == nil && missing.isEmpty }
}

extension Layer {
    /// Looks a layer's folder through, and changes nothing, whoever else uses it.
    ///
    /// Errors: `.notFound` when there is no such folder or no log in it, what the host says when
    /// one of them cannot be read; what is wrong with the contents is told by the report.
    public static func check(folder path: String) throws(FileError) -> LayerReport {
        let folder = try LayerFolder(reading: path, unlocked: true)
        var report = LayerReport()
        report.isInUse = folder.isInUse
        var needed: Set<Serial> = []
        var records: [Record] = []
        do throws(FileError) {
            let file = try folder.openLog()
            report.logSize = try folder.calls.status(file).size
            do throws(FileError) {
                var reader = try LogReader(file, folder.calls)
                report.id = reader.id
                defer { report.wholeSize = reader.offset }
                report.tornTail = try reader.readAll { record in
                    records.append(record)
                    record.note(in: &needed)
                }
            } catch {
                guard [.malformed, .unsupported].contains(error.kind) else { throw error }
                report.damage = error
            }
            report.records = records.count
            let layer = try Layer(
                id: report.id,
                journal: MemoryJournal(),
                data: MemoryDataFiles(),
                records: records
            )
            report.objects = layer.statistics.objects
            report.isSealed = layer.isSealed
            try report.addFiles(folder, layer, needed)
        } catch {
            throw error.at(path)
        }
        return report
    }
}

extension LayerReport {
    /// Compares the data files with the objects that own them.
    fileprivate mutating func addFiles(
        _ folder: LayerFolder,
        _ layer: Layer,
        _ needed: Set<Serial>
    ) throws(FileError) {
        foreign = try folder.foreignNames()
        var found: Set<Serial> = []
        for (name, serial, figures) in try folder.dataFiles() {
            guard let serial, let figures else {
                foreign.append("data/\(name)")
                continue
            }
            found.insert(serial)
            dataFiles += 1
            dataSize = dataSize.addingReportingOverflow(figures.size).partialValue
            dataAllocated += figures.allocated
            if damage == nil, !layer.state.withLock({ $0.objects[serial]?.hasData ?? false }) {
                orphans.append("data/\(name)")
            }
        }
        foreign.sort()
        orphans.sort()
        guard damage == nil else { return }
        missing = layer.state.withLock { state in
            needed.subtracting(found).sorted().compactMap { serial in
                guard let object = state.objects[serial], object.hasData else { return nil }
                return Missing(name: "data/\(serial.fileName)", path: state.path(of: object))
            }
        }
    }
}

extension Record {
    /// Notes whose data files there have to be.
    ///
    /// A file that was emptied has none before it is written to, and the log is told before that.
    fileprivate func note(in needed: inout Set<Serial>) {
        switch self {
        case let .ownData(serial, isCopied, _):
            if isCopied { needed.insert(serial) } else { needed.remove(serial) }
        case let .blocks(serial, _, _): needed.insert(serial)
        case .reset: needed = []
        default: break
        }
    }
}
