import FileTree
import Synchronization

extension Layer {
    /// What there is of an object's bytes at one moment.
    struct Bytes {
        var kind: ObjectBytes
        var size: UInt64
    }

    /// Whose an object's bytes are, and how many.
    func bytes(of object: CaptureObject) throws(FileError) -> Bytes {
        while true {
            let known = state.withLock { _ -> Bytes? in
                guard object.isLoaded else { return nil }
                let size = object.hasData ? object.size : object.lower?.mark.size ?? 0
                return Bytes(kind: object.bytes, size: size)
            }
            if let known { return known }
            try load(object)
        }
    }

    /// The object's data file; nil when there is none, since it has no bytes.
    func dataFile(of object: CaptureObject) throws(FileError) -> (any DataFile)? {
        if let open = state.withLock({ _ in object.openData }) { return open }
        let opened = try data.open(object.serial)
        let size = try opened?.figures().size
        return try state.withLock { (state) throws(FileError) -> (any DataFile)? in
            if let other = object.openData { return other }
            // Nobody has it open, and so nobody is changing it.
            let wanted = object.isLoaded && object.hasData ? object.size : object.storedSize
            guard size ?? 0 >= wanted else { throw lost(object, size, &state) }
            object.openData = opened
            return opened
        }
    }

    /// The object's data file, made if need be; nobody else changes the bytes meanwhile.
    func dataFileToWrite(_ object: CaptureObject) throws(FileError) -> any DataFile {
        let isNew = state.withLock { _ in object.hasData && object.isLoaded && object.size == 0 }
        if let file = try isNew ? state.withLock({ _ in object.openData }) : dataFile(of: object) {
            return file
        }
        let file = try data.create(object.serial)
        state.withLock { _ in object.openData = file }
        return file
    }

    /// Opens the lower file of an object, which has to be as it was.
    func openLower(_ object: CaptureObject) throws(FileError) -> any OpenFile {
        guard let place = object.lower else { throw FileError(.inputOutput) }
        try check(place)
        guard let file = try lowerNode(of: place).file else {
            throw FileError(.inputOutput, place.path)
        }
        return try file.open(.read)
    }

    /// Runs a change of an object's bytes or their length, one at a time.
    ///
    /// When it fails, what there is now is asked of the data file: a cut cannot be put back.
    func changingBytes<Result>(
        of object: CaptureObject,
        _ body: () throws(FileError) -> sending Result
    ) throws(FileError) -> Result {
        // Before it is asked whether the layer is sealed: whoever seals it waits for this.
        writers.begin()
        defer { writers.end() }
        return try object.writing.withLock { (_) throws(FileError) in
            try checkOpen()
            do throws(FileError) {
                return try body()
            } catch {
                state.withLock { _ in
                    if object.hasData, !object.isDetached { object.isLoaded = false }
                }
                throw error
            }
        }
    }

    /// Tells the log what it has to know before bytes are written: that from now on the time of the
    /// data file counts, and versions that no one who opens the layer again would pass.
    func noteWriting(_ object: CaptureObject) throws(FileError) {
        let now = clock()
        try change { (state) throws(FileError) in
            if state.isOpenUntold || state.unsettled.count >= Self.mostUnsettled {
                try commit([], in: &state)
            }
            if object.changes &- object.storedChanges >= 1 << 16 {
                let size = object.storedSize
                let record = Record.stored(object.serial, size: size, changes: object.changes)
                try commit(record, about: object, in: &state)
            }
            if object.attributes.followsData { return }
            try commit(.written(object.serial, at: now), about: object, in: &state)
        }
    }

    /// Makes a file shorter for whoever asks, and for the log, before its data file is: a death
    /// between the two must not make a loss of it.
    func announceCut(of object: CaptureObject, to size: UInt64) throws(FileError) {
        try change { (state) throws(FileError) in
            guard object.hasData, size < object.size else { return }
            if size < object.storedSize {
                let record = Record.stored(object.serial, size: size, changes: object.changes)
                try commit(record, about: object, in: &state)
            }
            object.size = size
        }
    }

    /// Notes that bytes were written; the lock is held.
    func wrote(
        _ object: CaptureObject,
        _ range: Range<UInt64>,
        _ time: Timestamp,
        _ state: inout LayerState
    ) {
        if range.lowerBound > object.size { object.mayBeSparse = true }
        resized(object, to: max(object.size, range.upperBound), time, &state)
    }

    /// Notes a length, and takes the time of the last write over from the data file, where it is
    /// found when the layer is opened again; the lock is held.
    func resized(
        _ object: CaptureObject,
        to size: UInt64,
        _ time: Timestamp,
        _ state: inout LayerState
    ) {
        object.size = size
        object.attributes.modified = time
        object.attributes.changed = max(object.attributes.changed ?? time, time)
        object.changes &+= 1
        guard size > object.storedSize, !object.isUnsettled, object.links > 0 else { return }
        object.isUnsettled = true
        state.unsettled.append(object)
    }
}
