import FileTree
import Synchronization

/// A file up to this size is copied as a whole when it is first written to; of larger ones, the
/// blocks that are.
private let wholeLimit: UInt64 = 128 << 10

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
        return state.withLock { _ in
            if let other = object.openData { return other }
            object.openData = opened
            return opened
        }
    }

    /// The object's data file, made if need be; nobody else changes the bytes meanwhile.
    private func dataFileToWrite(_ object: CaptureObject) throws(FileError) -> any DataFile {
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

    // MARK: - Writing

    /// Writes bytes at `offset`, or at the end when there is none; returns the data file.
    func write(
        _ bytes: UnsafeRawBufferPointer,
        at offset: UInt64?,
        of object: CaptureObject
    ) throws(FileError) -> (any DataFile)? {
        if bytes.isEmpty { return nil }
        return try changingBytes(of: object) { () throws(FileError) in
            let before = try self.bytes(of: object)
            let offset = offset ?? before.size
            let (end, overflow) = offset.addingReportingOverflow(UInt64(bytes.count))
            guard !overflow, end <= data.longestFile else { throw FileError(.tooBig) }
            switch before.kind {
            case .own: return try writeOwn(bytes, at: offset, of: object)
            case .blocks(let map):
                return try writeBlocks(bytes, at: offset, of: object, before.size, map)
            case .lower:
                if before.size <= wholeLimit {
                    return try writeCopy(bytes, at: offset, of: object, before.size)
                }
                let map = BlockMap(limit: before.size)
                return try writeBlocks(bytes, at: offset, of: object, before.size, map)
            }
        }
    }

    /// Runs a change of an object's bytes or their length, one at a time.
    ///
    /// When it fails, what there is now is asked of the data file: a cut cannot be put back.
    private func changingBytes<Result>(
        of object: CaptureObject,
        _ body: () throws(FileError) -> sending Result
    ) throws(FileError) -> Result {
        try object.writing.withLock { (_) throws(FileError) in
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

    /// Writes to a file whose bytes are the data file's.
    private func writeOwn(
        _ bytes: UnsafeRawBufferPointer,
        at offset: UInt64,
        of object: CaptureObject
    ) throws(FileError) -> any DataFile {
        try noteWriting(object)
        let file = try dataFileToWrite(object)
        try file.write(bytes, at: offset)
        let time = try file.figures().modified
        state.withLock { _ in object.wrote(offset..<offset + UInt64(bytes.count), time) }
        return file
    }

    /// Writes to a small lower file: its bytes are copied first.
    private func writeCopy(
        _ bytes: UnsafeRawBufferPointer,
        at offset: UInt64,
        of object: CaptureObject,
        _ size: UInt64
    ) throws(FileError) -> any DataFile {
        let file = try data.create(object.serial)
        do throws(FileError) {
            if size > 0, offset > 0 || UInt64(bytes.count) < size {
                try copyBelow(of: object, to: file, [0..<size])
            }
            try file.write(bytes, at: offset)
            let time = try file.figures().modified
            let now = clock()
            try change { (state) throws(FileError) in
                try commit(
                    .ownData(object.serial, isCopied: true, at: now),
                    about: object,
                    in: &state
                )
                object.size = size
                object.wrote(offset..<offset + UInt64(bytes.count), time)
                object.openData = file
            }
        } catch {
            data.remove(object.serial)
            throw error
        }
        return file
    }

    /// Writes to a large lower file: blocks that are written to in part are copied first.
    private func writeBlocks(
        _ bytes: UnsafeRawBufferPointer,
        at offset: UInt64,
        of object: CaptureObject,
        _ size: UInt64,
        _ map: BlockMap
    ) throws(FileError) -> any DataFile {
        let end = offset + UInt64(bytes.count)
        let first = offset / BlockMap.size
        let last = (end - 1) / BlockMap.size
        let isFirst = !state.withLock { _ in object.hasData }
        if !isFirst { try noteWriting(object) }
        let file = isFirst ? try data.create(object.serial) : try dataFileToWrite(object)
        do throws(FileError) {
            if isFirst { try file.truncate(to: size) }
            // Blocks in the middle are written as a whole.
            var edges: [Range<UInt64>] = []
            for block in first == last ? [first] : [first, last] where !map.holds(block) {
                let start = block * BlockMap.size
                let stop = min(start + BlockMap.size, map.limit)
                if offset > start || end < stop { edges.append(start..<stop) }
            }
            if !edges.isEmpty { try copyBelow(of: object, to: file, edges) }
            try file.write(bytes, at: offset)
            let time = try file.figures().modified
            let now = clock()
            try change { (state) throws(FileError) in
                var after = map
                after.insert(first..<last + 1)
                let start = Record.blockData(object.serial, lowerSize: map.limit, at: now)
                let blocks = Record.blocks(object.serial, first: first, count: last - first + 1)
                if isFirst {
                    let records = after == map ? [start] : [start, blocks]
                    try commit(records, about: object, in: &state)
                    object.size = size
                } else if after != map {
                    try commit([blocks], about: object, in: &state)
                }
                object.wrote(offset..<end, time)
                object.openData = file
            }
        } catch {
            restore(object, file, isFirst: isFirst, size)
            throw error
        }
        return file
    }

    /// Copies lower bytes, and makes sure that they are those of the file first touched.
    private func copyBelow(
        of object: CaptureObject,
        to file: any DataFile,
        _ ranges: [Range<UInt64>]
    ) throws(FileError) {
        let lower = try openLower(object)
        for range in ranges {
            try file.copy(from: lower, at: range.lowerBound, count: UInt64(range.count))
        }
        if let place = object.lower { try check(place) }
    }

    /// Undoes what a change that failed has done to the data file's length.
    private func restore(
        _ object: CaptureObject,
        _ file: any DataFile,
        isFirst: Bool,
        _ size: UInt64
    ) {
        if isFirst {
            data.remove(object.serial)
        } else {
            // The error that is told is that of the change.
            try? file.truncate(to: size)
        }
    }

    /// Tells the log that from now on the time of the data file counts, if it does not yet.
    private func noteWriting(_ object: CaptureObject) throws(FileError) {
        let now = clock()
        try change { (state) throws(FileError) in
            if object.attributes.followsData { return }
            try commit(.written(object.serial, at: now), about: object, in: &state)
        }
    }

    // MARK: - Length

    /// Sets the length; what is cut is forgotten, what is added reads as zeros, nothing is copied.
    func resize(_ object: CaptureObject, to size: UInt64) throws(FileError) {
        guard size <= data.longestFile else { throw FileError(.tooBig) }
        try changingBytes(of: object) { () throws(FileError) in
            let before = try bytes(of: object)
            switch before.kind {
            case .own: try resizeOwn(object, to: size, before.size)
            case .lower where size == 0, .blocks where size == 0: try empty(object)
            case .lower:
                try resizeBlocks(object, to: size, BlockMap(limit: before.size), isFirst: true)
            case .blocks(let map): try resizeBlocks(object, to: size, map, isFirst: false)
            }
        }
    }

    private func resizeOwn(
        _ object: CaptureObject,
        to size: UInt64,
        _ before: UInt64
    ) throws(FileError) {
        try noteWriting(object)
        let file = try dataFileToWrite(object)
        try file.truncate(to: size)
        let time = try file.figures().modified
        state.withLock { _ in
            if size > before { object.mayBeSparse = true }
            object.size = size
            object.followData(time)
        }
    }

    /// Lets go of all lower bytes.
    private func empty(_ object: CaptureObject) throws(FileError) {
        var time: Timestamp?
        if state.withLock({ _ in object.hasData }), let file = try dataFile(of: object) {
            try file.truncate(to: 0)
            time = try file.figures().modified
        }
        let now = clock()
        try change { (state) throws(FileError) in
            try commit(
                .ownData(object.serial, isCopied: false, at: now),
                about: object,
                in: &state
            )
            object.size = 0
            object.mayBeSparse = false
            if let time { object.followData(time) }
        }
    }

    private func resizeBlocks(
        _ object: CaptureObject,
        to size: UInt64,
        _ map: BlockMap,
        isFirst: Bool
    ) throws(FileError) {
        let file = isFirst ? try data.create(object.serial) : try dataFileToWrite(object)
        if !isFirst, size >= map.limit { try noteWriting(object) }
        do throws(FileError) {
            try file.truncate(to: size)
            let time = try file.figures().modified
            let now = clock()
            try change { (state) throws(FileError) in
                if isFirst {
                    let limit = min(map.limit, size)
                    let record = Record.blockData(object.serial, lowerSize: limit, at: now)
                    try commit(record, about: object, in: &state)
                } else if size < map.limit {
                    try commit(.cut(object.serial, size: size, at: now), about: object, in: &state)
                }
                object.size = size
                object.followData(time)
                object.openData = file
            }
        } catch {
            if isFirst { data.remove(object.serial) }
            throw error
        }
    }
}

extension CaptureObject {
    /// Notes that bytes were written; the lock is held.
    fileprivate func wrote(_ range: Range<UInt64>, _ time: Timestamp) {
        if range.lowerBound > size { mayBeSparse = true }
        size = max(size, range.upperBound)
        followData(time)
    }

    /// Takes the time of the last write over from the data file, where it is found when the layer
    /// is opened again.
    fileprivate func followData(_ time: Timestamp) {
        attributes.modified = time
        attributes.changed = max(attributes.changed ?? time, time)
        changes &+= 1
    }
}
