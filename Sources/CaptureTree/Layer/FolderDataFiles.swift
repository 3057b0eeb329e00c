import FileTree
import Synchronization

/// The data files of a layer in its folder.
///
/// A file has a descriptor for as long as somebody has it open, and no longer.
final class FolderDataFiles: DataFiles {
    let longestFile: UInt64
    let usage: LayerUsage
    let sync: LayerSync
    let calls: HostCalls
    let clock: @Sendable () -> Timestamp
    var allocated: UInt64 { usage.bytes }
    let layer: LayerFolder
    let path: String
    let isWritable: Bool
    /// Nil in a folder that is read and has none.
    let folder: HostDescriptor?
    /// What was put aside, in a folder that is read.
    private let aside = Mutex<HostDescriptor?>(nil)
    /// The changes that are all kept or none; taken before `open`.
    let held = Mutex<HeldFiles?>(nil)
    /// Whether nothing is changed any more, since changes were taken back.
    let isClosed = Atomic(false)
    let open = Mutex<[Serial: Open]>([:])

    struct Open {
        weak var file: FolderDataFile?
    }

    init(
        _ folder: LayerFolder,
        usage: LayerUsage,
        sync: LayerSync,
        longestFile: UInt64?,
        clock: @escaping @Sendable () -> Timestamp = { .now }
    ) {
        self.clock = clock
        layer = folder
        calls = folder.calls
        path = folder.path + "/data"
        isWritable = folder.isWritable
        self.folder = folder.data
        self.usage = usage
        self.sync = sync
        self.longestFile = min(longestFile ?? .max, UInt64(Int64.max))
    }

    func takeStock(_ isNamed: (Serial) -> Bool) throws(FileError) {
        guard let folder else { return }
        for name in try calls.names(in: folder) {
            let text = String(decoding: name, as: UTF8.self)
            guard let serial = Serial(fileName: name) else { continue }
            // What is no file is left alone: who reads it is told.
            guard let figures = try calls.status(text, in: folder), figures.isRegular else {
                continue
            }
            if isNamed(serial) {
                usage.settle(to: figures.allocated)
            } else if isWritable {
                try calls.remove(text, in: folder)
            }
        }
    }

    func create(_ serial: Serial) throws(FileError) -> any DataFile {
        guard let folder, mayChange else { throw FileError(.readOnly, path) }
        let name = serial.fileName
        _ = try putAside(serial)
        do throws(FileError) {
            let descriptor = try makeAnew(serial, in: folder)
            do throws(FileError) {
                if sync == .op { try calls.syncNames(folder) }
                // The host need not be asked what an empty file is like.
                let figures = DataFigures(size: 0, allocated: 0, modified: clock())
                let file = FolderDataFile(descriptor, serial, self, figures)
                open.withLock { $0[serial] = Open(file: file) }
                return file
            } catch {
                // Left for the next opening when it cannot be removed either.
                try? calls.remove(name, in: folder)
                throw error
            }
        } catch {
            throw error.at(path)
        }
    }

    private var mayChange: Bool { isWritable && !isClosed.load(ordering: .relaxed) }

    /// Reads what was put aside in a folder in the place of what is there now.
    func readAside(_ folder: HostDescriptor) { aside.withLock { $0 = folder } }

    /// The folder that a file is in.
    private func place(
        of serial: Serial,
        in folder: HostDescriptor
    ) throws(FileError) -> HostDescriptor {
        guard let aside = aside.withLock({ $0 }),
            try calls.status(serial.fileName, in: aside) != nil
        else { return folder }
        return aside
    }

    /// Makes a file; one that a failure has left behind is gone for good: who has it open keeps it.
    private func makeAnew(
        _ serial: Serial,
        in folder: HostDescriptor
    ) throws(FileError) -> HostDescriptor {
        do throws(FileError) {
            return try calls.make(serial.fileName, in: folder)
        } catch {
            guard error.kind == .exists else { throw error }
            try unlink(serial, in: folder)
            return try calls.make(serial.fileName, in: folder)
        }
    }

    func open(_ serial: Serial) throws(FileError) -> (any DataFile)? {
        guard let folder else { return nil }
        return try open.withLock { (open) throws(FileError) -> FolderDataFile? in
            if let file = open[serial]?.file { return file }
            do throws(FileError) {
                let folder = try place(of: serial, in: folder)
                let descriptor = try calls.open(serial.fileName, in: folder, writable: isWritable)
                let file = try FolderDataFile(descriptor, serial, self, calls.status(descriptor))
                open[serial] = Open(file: file)
                return file
            } catch {
                guard error.kind == .notFound else { throw error.at(path) }
                return nil
            }
        }
    }

    func remove(_ serial: Serial) {
        guard let folder, mayChange else { return }
        // What could not be put aside is not removed; it is told before anything is kept.
        guard let isAside = try? putAside(serial), !isAside else { return }
        // One that cannot be removed is removed when the layer is opened again.
        try? unlink(serial, in: folder)
    }

    func removeAll() throws(FileError) {
        guard let folder, mayChange else { throw FileError(.readOnly, path) }
        for name in try calls.names(in: folder) {
            guard let serial = Serial(fileName: name) else { continue }
            try unlink(serial, in: folder)
        }
    }

    func figures(_ serial: Serial) throws(FileError) -> DataFigures? {
        guard let folder else { return nil }
        if let file = open.withLock({ $0[serial]?.file }) { return try file.figures() }
        do throws(FileError) {
            let folder = try place(of: serial, in: folder)
            let figures = try calls.status(serial.fileName, in: folder)
            guard figures?.isRegular ?? true else {
                throw FileError(.inputOutput, "\(serial.fileName): no regular file")
            }
            return figures
        } catch {
            throw error.at(path)
        }
    }

    func statfs() throws(FileError) -> Statfs {
        guard let folder else { return Statfs() }
        var figures = try folder.statfs()
        guard usage.limit < .max, figures.blockSize > 0 else { return figures }
        let size = UInt64(figures.blockSize)
        let used = min(usage.bytes, usage.limit)
        figures.blocks = min(figures.blocks, usage.limit / size)
        figures.free = min(figures.free, (usage.limit - used) / size)
        return figures
    }

    /// Takes a file's name away; its bytes count until nobody has it open.
    private func unlink(_ serial: Serial, in folder: HostDescriptor) throws(FileError) {
        let file = open.withLock { $0[serial]?.file }
        if let file {
            try calls.remove(serial.fileName, in: folder)
            file.isRemoved = true
            open.withLock { $0[serial] = nil }
        } else if let status = try calls.status(serial.fileName, in: folder) {
            try calls.remove(serial.fileName, in: folder)
            usage.settle(from: status.allocated)
        }
    }

    /// Called by a file at its end.
    func forget(_ serial: Serial) {
        // Another may have been opened under the serial meanwhile. It is let go of outside of the
        // lock: this may be the last that holds it, and its end comes here, too.
        let other = open.withLock { open -> FolderDataFile? in
            guard let file = open[serial]?.file else {
                open[serial] = nil
                return nil
            }
            return file
        }
        withExtendedLifetime(other) {}
    }
}

extension Serial {
    /// The name of its data file: hexadecimal, with no zero in front.
    var fileName: String { String(number, radix: 16) }

    /// The serial whose data file has that name, if there is one.
    init?(fileName: [UInt8]) {
        guard let number = UInt64(String(decoding: fileName, as: UTF8.self), radix: 16),
            number > 0, Array(String(number, radix: 16).utf8) == fileName
        else { return nil }
        self.init(number: number)
    }
}
