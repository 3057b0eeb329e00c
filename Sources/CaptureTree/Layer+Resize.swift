import FileTree
import Synchronization

extension Layer {
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
        let file = try dataFileToCut(object, to: size)
        try announceCut(of: object, to: size)
        try file.truncate(to: size)
        let time = try file.figures().modified
        state.withLock { state in
            if size > before { object.mayBeSparse = true }
            resized(object, to: size, time, &state)
        }
    }

    /// The data file of an object that is to be cut: another than it was, where that is kept until
    /// more has changed.
    private func dataFileToCut(
        _ object: CaptureObject,
        to size: UInt64
    ) throws(FileError) -> any DataFile {
        guard size == 0, try data.putAside(object.serial) else {
            return try dataFileToWrite(object)
        }
        let file = try data.create(object.serial)
        state.withLock { _ in object.openData = file }
        return file
    }

    /// Lets go of all lower bytes.
    private func empty(_ object: CaptureObject) throws(FileError) {
        var time: Timestamp?
        if state.withLock({ _ in object.hasData }) {
            let file = try dataFileToCut(object, to: 0)
            try announceCut(of: object, to: 0)
            try file.truncate(to: 0)
            time = try file.figures().modified
        }
        let now = clock()
        try change { (state) throws(FileError) in
            let record = Record.ownData(object.serial, size: 0, at: now)
            try commit(record, about: object, in: &state)
            object.size = 0
            object.mayBeSparse = false
            if let time { resized(object, to: 0, time, &state) }
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
            try announceCut(of: object, to: size)
            try file.truncate(to: size)
            let time = try file.figures().modified
            let now = clock()
            try change { (state) throws(FileError) in
                if isFirst {
                    let record = Record.blockData(
                        object.serial,
                        lowerSize: min(map.limit, size),
                        size: size,
                        at: now
                    )
                    try commit(record, about: object, in: &state)
                } else if size < map.limit {
                    try commit(.cut(object.serial, size: size, at: now), about: object, in: &state)
                }
                resized(object, to: size, time, &state)
                object.openData = file
            }
        } catch {
            if isFirst { data.remove(object.serial) }
            throw error
        }
    }
}
