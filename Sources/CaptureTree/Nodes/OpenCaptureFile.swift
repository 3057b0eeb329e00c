import FileTree
import Synchronization

/// A file of a capture that has been opened.
///
/// As long as nobody has changed the file it is the open lower file and no more. Whose the bytes
/// are is asked for each time, so that every fid sees what another has written.
final class OpenCaptureFile: OpenFile {
    private let node: CaptureFile
    private let isAppending: Bool
    /// The lower file, when the bytes were its own, all or some, at the time of opening.
    private let below: (any OpenFile)?
    /// The data file, once it was needed.
    private let held = Mutex<Held?>(nil)

    /// A data file and whose it is: after a reset the bytes are another object's.
    private struct Held {
        let serial: Serial
        let file: any DataFile
    }

    init(_ node: CaptureFile, _ below: (any OpenFile)?, isAppending: Bool) {
        self.node = node
        self.below = below
        self.isAppending = isAppending
    }

    private var layer: Layer { node.layer }

    /// The lower file while it is known to be all there is.
    private var untouched: (any OpenFile)? { node.untouched == nil ? nil : below }

    /// Whose the bytes are; nil while they are the lower file's alone.
    private func object() throws(FileError) -> (CaptureObject, Layer.Bytes)? {
        guard let object = try node.object() else { return nil }
        let bytes = try layer.bytes(of: object)
        return bytes.kind == .lower ? nil : (object, bytes)
    }

    private func lower() throws(FileError) -> any OpenFile {
        guard let below else { throw FileError(.inputOutput, "no lower file is open") }
        return below
    }

    private func data(_ object: CaptureObject) throws(FileError) -> (any DataFile)? {
        if let held = held.withLock({ $0 }), held.serial == object.serial { return held.file }
        let data = try layer.dataFile(of: object)
        hold(data, of: object)
        return data
    }

    private func hold(_ file: (any DataFile)?, of object: CaptureObject) {
        let now = file.map { Held(serial: object.serial, file: $0) }
        held.withLock { $0 = now }
    }

    func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: UInt64
    ) throws(FileError) -> Int {
        if let untouched { return try untouched.read(into: buffer, at: offset) }
        guard let (object, bytes) = try object() else {
            return try lower().read(into: buffer, at: offset)
        }
        guard offset < bytes.size else { return 0 }
        let count = Int(min(UInt64(buffer.count), bytes.size - offset))
        let wanted = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
        if case .blocks(let map) = bytes.kind {
            try read(into: wanted, at: offset, map, object)
            return count
        }
        return try data(object)?.read(into: wanted, at: offset) ?? 0
    }

    /// Reads bytes of a file that is the lower one here, the data file there.
    private func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: UInt64,
        _ map: BlockMap,
        _ object: CaptureObject
    ) throws(FileError) {
        var done = 0
        var hasRead = false
        while done < buffer.count {
            let position = offset + UInt64(done)
            let run = map.run(from: position / BlockMap.size)
            var stop = run.end > .max / BlockMap.size ? .max : run.end * BlockMap.size
            if !run.isHeld { stop = min(stop, map.limit) }
            let isBelow = !run.isHeld && position < map.limit
            // Behind the lower bytes, to the end of their last block, are zeros of the data file.
            if !isBelow, !run.isHeld { stop = run.end * BlockMap.size }
            let count = Int(min(UInt64(buffer.count - done), stop - position))
            let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[done..<done + count])
            var got: Int
            if isBelow {
                hasRead = true
                got = try belowOrLate(object).read(into: piece, at: position)
                if got < count { throw FileError(.inputOutput, object.lower?.path) }
            } else {
                got = try data(object)?.read(into: piece, at: position) ?? 0
                // Cut meanwhile: what is gone reads as zeros, as in any race with a cut.
                while got < count {
                    piece[got] = 0
                    got += 1
                }
            }
            done += count
        }
        if hasRead, let place = object.lower { try layer.check(place) }
    }

    /// The lower file, also when it was none of the open file's concern before.
    private func belowOrLate(_ object: CaptureObject) throws(FileError) -> any OpenFile {
        if let below { return below }
        return try layer.openLower(object)
    }

    func write(_ bytes: RawSpan, at offset: UInt64) throws(FileError) {
        let object = try layer.adopt(node)
        let offset = isAppending ? nil : offset
        let file = try bytes.withUnsafeBytes { (bytes) throws(FileError) in
            try layer.write(bytes, at: offset, of: object)
        }
        if let file { hold(file, of: object) }
    }

    func sync() throws(FileError) {
        if let held = held.withLock({ $0 }) { try held.file.sync() }
        try layer.sync()
    }

    func extent(at offset: UInt64, count: Int) throws(FileError) -> Extent? {
        if let untouched { return try untouched.extent(at: offset, count: count) }
        guard let (object, bytes) = try object() else {
            return try lower().extent(at: offset, count: count)
        }
        guard bytes.kind == .own, offset < bytes.size else { return nil }
        let count = Int(min(UInt64(count), bytes.size - offset))
        return try data(object)?.extent(at: offset, count: count)
    }

    func stretch(at offset: UInt64) throws(FileError) -> Stretch? {
        if let untouched { return try untouched.stretch(at: offset) }
        guard let (object, bytes) = try object() else { return try below?.stretch(at: offset) }
        guard case .blocks(let map) = bytes.kind else { return try stretch(at: offset, of: object) }
        let run = map.run(from: offset / BlockMap.size)
        let end = run.end > .max / BlockMap.size ? .max : run.end * BlockMap.size
        let isBelow = !run.isHeld && offset < map.limit
        var known: Stretch?
        if isBelow {
            known = try belowOrLate(object).stretch(at: offset)
            if let place = object.lower { try layer.check(place) }
        } else {
            known = try stretch(at: offset, of: object)
        }
        let limit = isBelow ? min(end, map.limit) : end
        return known.map { Stretch(isHole: $0.isHole, end: min($0.end, limit)) }
    }

    /// What lies at a place of the data file; where there is none, nothing.
    private func stretch(
        at offset: UInt64,
        of object: CaptureObject
    ) throws(FileError) -> Stretch? {
        guard let data = try data(object) else { return Stretch(isHole: true, end: .max) }
        return try data.stretch(at: offset)
    }

    func isReady(at offset: UInt64, count: Int) -> Bool {
        guard let below else { return true }
        if untouched == nil, let known = try? object(), known.1.kind == .own {
            return true  // What went wrong is told by the read.
        }
        return below.isReady(at: offset, count: count)
    }

    func prepare(
        at offset: UInt64,
        count: Int,
        until cancellation: Cancellation
    ) throws(FileError) {
        try below?.prepare(at: offset, count: count, until: cancellation)
    }
}
