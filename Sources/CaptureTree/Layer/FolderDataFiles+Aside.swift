import FileTree
import Synchronization

/// Changes of data files that are all kept or none.
struct HeldFiles {
    /// Files below this serial were there before.
    let first: Serial
    /// Where the log ended, and ends until they are kept.
    let sum: UInt64
    /// Of those that were there before, the ones that are what they were in `folder` alone.
    var aside: Set<Serial> = []
    /// Made with the first of them.
    var folder: HostDescriptor?
    /// Why one could not be put aside that had to be.
    var failure: FileError?
}

extension FolderDataFiles {
    func hold(_ first: Serial, after sum: UInt64) {
        held.withLock { $0 = HeldFiles(first: first, sum: sum) }
    }

    /// Whether a file may be written to: what it was is put back if need be.
    func mayWrite(_ serial: Serial) -> Bool {
        held.withLock { held in held.map { $0.first <= serial || $0.aside.contains(serial) } ?? true
        }
    }

    func putAside(_ serial: Serial) throws(FileError) -> Bool {
        try held.withLock { (held) throws(FileError) in
            guard var now = held, let data = folder, serial < now.first,
                !now.aside.contains(serial)
            else { return false }
            do throws(FileError) {
                if now.folder == nil { now.folder = try makeAside(now.sum) }
                guard let aside = now.folder else { return false }
                let name = serial.fileName
                if let status = try calls.status(name, in: data) {
                    try calls.rename(name, of: data, to: aside)
                    usage.settle(from: status.allocated)
                } else {
                    // No bytes are what it had.
                    _ = try calls.make(name, in: aside)
                }
                now.aside.insert(serial)
                held = now
            } catch {
                now.failure = error
                held = now
                throw error.at(path)
            }
            open.withLock { $0[serial] = nil }
            return true
        }
    }

    private func makeAside(_ sum: UInt64) throws(FileError) -> HostDescriptor {
        let name = LayerFolder.asideName(sum)
        try calls.makeFolder(name, in: layer.folder)
        return try calls.openFolder(name, in: layer.folder)
    }

    func checkHeld() throws(FileError) {
        if let failure = held.withLock({ $0?.failure }) { throw failure.at(path) }
    }

    func keep() {
        held.withLock { held in
            guard let last = held else { return }
            held = nil
            // What stays is removed when the layer is opened again: the log ends otherwise by now.
            try? removeAside(LayerFolder.asideName(last.sum))
        }
    }

    func takeBack() {
        held.withLock { held in
            guard let last = held else { return }
            held = nil
            isClosed.store(true, ordering: .relaxed)
            // What cannot be put back now is when the layer is opened again.
            try? putBack(LayerFolder.asideName(last.sum))
            guard let folder, let names = try? calls.names(in: folder) else { return }
            for name in names {
                guard let serial = Serial(fileName: name), serial >= last.first else { continue }
                // Likewise.
                try? calls.remove(serial.fileName, in: folder)
            }
        }
    }

    /// Puts back what was put aside by changes that were not kept, since the log ends where it did
    /// before them, and lets go of what others have put aside.
    ///
    /// Where nothing is changed it is looked for where it lies. To be called before the log changes.
    func settle(after sum: UInt64) throws(FileError) {
        for name in try layer.asides() {
            let isKept = name != LayerFolder.asideName(sum)
            if !isWritable {
                if !isKept { readAside(try calls.openFolder(name, in: layer.folder)) }
            } else if isKept {
                try removeAside(name)
            } else {
                try putBack(name)
            }
        }
    }

    private func removeAside(_ name: String) throws(FileError) {
        guard let aside = try openAside(name) else { return }
        for file in try calls.names(in: aside) {
            try calls.remove(String(decoding: file, as: UTF8.self), in: aside)
        }
        try calls.removeFolder(name, in: layer.folder)
    }

    private func putBack(_ name: String) throws(FileError) {
        guard let folder, let aside = try openAside(name) else { return }
        for file in try calls.names(in: aside) {
            try calls.rename(String(decoding: file, as: UTF8.self), of: aside, to: folder)
        }
        try calls.removeFolder(name, in: layer.folder)
    }

    /// Nil where nothing was put aside.
    private func openAside(_ name: String) throws(FileError) -> HostDescriptor? {
        do throws(FileError) { return try calls.openFolder(name, in: layer.folder) } catch {
            guard error.kind == .notFound else { throw error }
            return nil
        }
    }
}
