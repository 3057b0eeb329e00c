import FileTree
import Synchronization

/// A file up to this size is copied as a whole when it is first written to; of larger ones, the
/// blocks that are.
private let wholeLimit: UInt64 = 128 << 10

extension Layer {
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
        state.withLock { wrote(object, offset..<offset + UInt64(bytes.count), time, &$0) }
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
                let end = max(size, offset + UInt64(bytes.count))
                let record = Record.ownData(object.serial, size: end, at: now)
                try commit(record, about: object, in: &state)
                object.size = size
                wrote(object, offset..<offset + UInt64(bytes.count), time, &state)
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
                let start = Record.blockData(
                    object.serial,
                    lowerSize: map.limit,
                    size: max(size, end),
                    at: now
                )
                let blocks = Record.blocks(object.serial, first: first, count: last - first + 1)
                if isFirst {
                    let records = after == map ? [start] : [start, blocks]
                    try commit(records, about: object, in: &state)
                    object.size = size
                } else if after != map {
                    try commit([blocks], about: object, in: &state)
                }
                wrote(object, offset..<end, time, &state)
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
}
