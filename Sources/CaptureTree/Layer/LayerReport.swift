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
    /// Data files that are missing, shorter than what was stored in them, or no files: bytes are lost.
    public var lost: [Lost] = []
    /// Data files that belong to no object, as a crash leaves them; they are removed when the layer
    /// is opened for writing.
    public var orphans: [String] = []
    /// Files that are no part of a layer; they are left alone.
    public var foreign: [String] = []

    /// A data file that is not what it was.
    public struct Lost: Sendable, Hashable {
        /// Its name in the layer's folder.
        public var name: String
        /// The file of the layer whose bytes it held: its path, without a `/` in front.
        public var path: [UInt8]
        /// Bytes that were stored in it, at least.
        public var wanted: UInt64
        /// What there is.
        public var found: Found
    }

    /// What there is where a data file was.
    public enum Found: Sendable, Hashable {
        case nothing
        /// A file of so many bytes.
        case bytes(UInt64)
        /// A directory, a link or what else is no file of bytes.
        case noFile
    }

    /// Whether all that was ever recorded is there.
    public var isSound: Bool { damage == nil && lost.isEmpty }
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
        do throws(FileError) {
            let file = try folder.openLog()
            report.logSize = try folder.calls.status(file).size
            var state = LayerState(id: 0)
            var sum: UInt64 = 0
            do throws(FileError) {
                var reader = try LogReader(file, folder.calls)
                report.id = reader.id
                defer {
                    report.wholeSize = reader.offset
                    report.records = reader.count
                    sum = reader.sum
                }
                report.tornTail = try reader.readAll { state.apply($0) }
            } catch {
                guard [.malformed, .unsupported].contains(error.kind) else { throw error }
                report.damage = error
            }
            report.objects = state.objects.count
            report.isSealed = state.isSealed
            try report.addFiles(folder, state, after: sum)
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
        _ state: borrowing LayerState,
        after sum: UInt64
    ) throws(FileError) {
        foreign = try folder.foreignNames()
        var sizes: [Serial: Found] = [:]
        for (name, serial, figures) in try folder.dataFiles(after: sum) {
            let isNamed = serial.map { state.objects[$0]?.hasData ?? false } ?? false
            guard let serial, let figures else {
                if let serial { sizes[serial] = .noFile }
                if !isNamed { foreign.append("data/\(name)") }
                continue
            }
            sizes[serial] = .bytes(figures.size)
            dataFiles += 1
            dataSize = dataSize.addingReportingOverflow(figures.size).partialValue
            dataAllocated += figures.allocated
            if damage == nil, !isNamed { orphans.append("data/\(name)") }
        }
        foreign.sort()
        orphans.sort()
        guard damage == nil else { return }
        for object in state.objects.values.sorted(by: { $0.serial < $1.serial }) {
            let found = sizes[object.serial] ?? .nothing
            guard object.hasData, found.isLoss(of: object.storedSize) else { continue }
            let name = "data/\(object.serial.fileName)"
            let (path, size) = (state.path(of: object), object.storedSize)
            lost.append(Lost(name: name, path: path, wanted: size, found: found))
        }
    }
}

extension LayerReport.Found {
    /// Whether what is there cannot be all of the bytes that were stored.
    fileprivate func isLoss(of stored: UInt64) -> Bool {
        switch self {
        case .nothing: stored > 0
        case .bytes(let size): size < stored
        // Not even an empty file could be opened.
        case .noFile: true
        }
    }
}
