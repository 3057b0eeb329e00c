import FileTree

// A layer's folder holds
//
//     lock    an empty file; who writes the layer has it locked, who only reads it has it shared
//     log     the records, see LogFormat.swift
//     over    what it lies over, of which the layer itself knows nothing
//     data/   the bytes of files, each named by its serial in hexadecimal, mode 0600
//
// and for moments `log.new`, or `aside.SUM`, a folder of the data files as they were before changes
// that are all kept or none: as long as the log ends with that sum they are not kept. All data
// files are in one folder: file systems of today find a name among a million by its hash or in a
// tree, and 256 folders would each cost a write of its own where names are put on storage.

/// The folder of a layer, open and locked.
final class LayerFolder: Sendable {
    let calls: HostCalls
    let path: String
    let isWritable: Bool
    /// Whether the folder held no layer before it was opened.
    let isNew: Bool
    let folder: HostDescriptor
    /// Nil in a folder that is read and has none.
    let data: HostDescriptor?
    /// Held: the lock goes with it.
    private let lock: HostDescriptor?

    /// What the layer lies over, in the words of whoever opens layers; nothing to the layer itself.
    static let baseName = "over"
    static let logName = "log"
    static let newLogName = "log.new"
    private static let lockName = "lock"
    static let dataName = "data"
    private static let names = [lockName, logName, newLogName, dataName]

    /// Opens a layer's folder for writing, and makes it (mode 0700) when there is none.
    ///
    /// Errors: `.notFound` when its parent is missing, `.notEmpty` for a folder with files that
    /// are no layer's, `.readOnly` when nothing can be written there, `.busy` when somebody uses
    /// the layer.
    init(writing path: String, calls: HostCalls = HostCalls()) throws(FileError) {
        self.calls = calls
        self.path = path
        isWritable = true
        var found: HostDescriptor?
        do throws(FileError) {
            found = try calls.openFolder(path: path)
        } catch {
            guard error.kind == .notFound else { throw error }
            do throws(FileError) {
                try calls.makeFolder(path: path)
            } catch {
                guard error.kind == .notFound else { throw error }
                throw FileError(.notFound, "\(path): the folder that it is to be made in")
            }
        }
        // Not an autoclosure: it throws the one kind of error.
        if let found { folder = found } else { folder = try calls.openFolder(path: path) }
        try calls.checkWritable(folder, path)
        let names = try calls.names(in: folder).map { String(decoding: $0, as: UTF8.self) }
        isNew = !names.contains(Self.logName)
        if isNew, let other = names.first(where: { !Self.names.contains($0) }) {
            throw FileError(.notEmpty, "\(path): no layer, and there is \(other)")
        }
        do throws(FileError) {
            let lock = try calls.lockFile(Self.lockName, in: folder)
            try Self.lock(lock, calls, shared: false)
            self.lock = lock
        } catch {
            throw Self.inUse(error, path)
        }
        if !names.contains(Self.dataName) {
            do throws(FileError) {
                try calls.makeFolder(Self.dataName, in: folder)
            } catch {
                guard error.kind == .exists else { throw error.at(path) }
            }
        }
        do throws(FileError) {
            let data = try calls.openFolder(Self.dataName, in: folder)
            try calls.checkWritable(data, "\(path)/\(Self.dataName)")
            self.data = data
        } catch {
            throw error.at(path)
        }
    }

    /// Opens a layer's folder for reading: nothing in it is changed.
    ///
    /// With `unlocked` a layer that a server uses can be looked at, too: what is read then is what
    /// there was at some moment, perhaps with its last record unfinished.
    ///
    /// Errors: `.notFound`, `.busy` when a server uses the layer.
    init(
        reading path: String,
        unlocked: Bool = false,
        calls: HostCalls = HostCalls()
    ) throws(FileError) {
        self.calls = calls
        self.path = path
        isWritable = false
        isNew = false
        folder = try calls.openFolder(path: path)
        var lock: HostDescriptor?
        do throws(FileError) {
            // Where there is no lock, as in a copy, nobody has it.
            if !unlocked, try calls.status(Self.lockName, in: folder) != nil {
                let file = try calls.open(Self.lockName, in: folder, writable: false)
                try Self.lock(file, calls, shared: true)
                lock = file
            }
        } catch {
            throw Self.inUse(error, path)
        }
        self.lock = lock
        do throws(FileError) {
            let exists = try calls.status(Self.dataName, in: folder) != nil
            data = exists ? try calls.openFolder(Self.dataName, in: folder) : nil
        } catch {
            throw error.at(path)
        }
    }

    /// Opens the log, as far as the folder is open.
    func openLog() throws(FileError) -> HostDescriptor {
        try calls.open(Self.logName, in: folder, writable: isWritable)
    }

    /// Whether another has the layer open for writing.
    var isInUse: Bool {
        do throws(FileError) {
            guard try calls.status(Self.lockName, in: folder) != nil else { return false }
            let file = try calls.open(Self.lockName, in: folder, writable: false)
            try calls.lock(file, shared: true)
            return false
        } catch { return error.kind == .busy }
    }

    /// The folder for what is put aside while the log ends with a sum.
    static func asideName(_ sum: UInt64) -> String { "\(asidePrefix)\(String(sum, radix: 16))" }
    private static let asidePrefix = "aside."

    /// The folders there are of what was put aside.
    func asides() throws(FileError) -> [String] {
        try calls.names(in: folder, beginning: Array(Self.asidePrefix.utf8))
            .map { String(decoding: $0, as: UTF8.self) }
    }

    /// Names that no layer has.
    func foreignNames() throws(FileError) -> [String] {
        try calls.names(in: folder)
            .map { String(decoding: $0, as: UTF8.self) }
            .filter {
                !Self.names.contains($0) && $0 != Self.baseName && !$0.hasPrefix(Self.asidePrefix)
            }
    }

    /// All names among the data files, in no order, with their serials and figures; no serial for
    /// another name, no figures for what is no file.
    ///
    /// Those that are put aside while the log ends with `sum` are what they were.
    func dataFiles(after sum: UInt64) throws(FileError) -> [(String, Serial?, DataFigures?)] {
        guard let data else { return [] }
        var files: [(String, Serial?, DataFigures?)] = []
        var aside: Set<[UInt8]> = []
        for name in try asides() where name == Self.asideName(sum) {
            let folder = try calls.openFolder(name, in: folder)
            for name in try calls.names(in: folder) {
                let text = String(decoding: name, as: UTF8.self)
                aside.insert(name)
                files.append((text, Serial(fileName: name), try calls.status(text, in: folder)))
            }
        }
        for bytes in try calls.names(in: data) where !aside.contains(bytes) {
            let name = String(decoding: bytes, as: UTF8.self)
            let serial = Serial(fileName: bytes)
            guard serial != nil, let figures = try calls.status(name, in: data) else {
                files.append((name, serial, nil))
                continue
            }
            files.append((name, serial, figures.isRegular ? figures : nil))
        }
        return files
    }

    /// Takes the lock of a layer; a check of it, a server that is about to end, or a process that
    /// was just forked and has not become another program yet, may have it for a moment.
    private static func lock(
        _ file: HostDescriptor,
        _ calls: HostCalls,
        shared: Bool
    ) throws(FileError) {
        for pause: Int32 in [1, 4, 15, 50] {
            do throws(FileError) {
                return try calls.lock(file, shared: shared)
            } catch {
                guard error.kind == .busy else { throw error }
                calls.wait(milliseconds: pause)
            }
        }
        try calls.lock(file, shared: shared)
    }

    private static func inUse(_ error: FileError, _ path: String) -> FileError {
        guard error.kind == .busy else { return error.at(path) }
        return FileError(.busy, "\(path): the layer is in use by another program")
    }
}
