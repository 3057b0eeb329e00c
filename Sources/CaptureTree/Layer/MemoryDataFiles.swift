import FileTree
import Synchronization

/// A layer's bytes in memory: for layers that leave nothing behind.
final class MemoryDataFiles: DataFiles {
    let longestFile: UInt64
    private let clock: @Sendable () -> Timestamp
    private let files = Mutex<[Serial: MemoryDataFile]>([:])

    /// Makes room for files of `longestFile` bytes at most.
    init(
        longestFile: UInt64 = 1 << 40,
        clock: @escaping @Sendable () -> Timestamp = { .now }
    ) {
        self.longestFile = longestFile
        self.clock = clock
    }

    func create(_ serial: Serial) throws(FileError) -> any DataFile {
        let file = MemoryDataFile(longest: longestFile, clock: clock)
        files.withLock { $0[serial] = file }
        return file
    }

    func open(_ serial: Serial) throws(FileError) -> (any DataFile)? {
        files.withLock { $0[serial] }
    }

    func remove(_ serial: Serial) { files.withLock { $0[serial] = nil } }

    func removeAll() throws(FileError) { files.withLock { $0 = [:] } }

    func takeStock(_ isNamed: (Serial) -> Bool) throws(FileError) {
        files.withLock { files in files = files.filter { isNamed($0.key) } }
    }

    func statfs() throws(FileError) -> Statfs {
        var figures = Statfs()
        figures.blocks = longestFile / 4096
        figures.free = figures.blocks - min(figures.blocks, allocated / 4096)
        figures.files = 1 << 32
        figures.freeFiles = figures.files
        return figures
    }

    func figures(_ serial: Serial) throws(FileError) -> DataFigures? {
        try files.withLock { $0[serial] }?.figures()
    }

    /// The bytes that all files occupy.
    var allocated: UInt64 {
        files.withLock { files in
            files.values.reduce(0) { $0 + $1.allocated }
        }
    }
}

/// A data file in memory, in pages, so that holes cost nothing.
final class MemoryDataFile: DataFile {
    private static let page = 4096
    private let longest: UInt64
    private let clock: @Sendable () -> Timestamp
    private let state: Mutex<State>

    private struct State {
        var size: UInt64 = 0
        var pages: [UInt64: [UInt8]] = [:]
        var modified: Timestamp
    }

    init(longest: UInt64, clock: @escaping @Sendable () -> Timestamp) {
        self.longest = longest
        self.clock = clock
        state = Mutex(State(modified: clock()))
    }

    var allocated: UInt64 { state.withLock { UInt64($0.pages.count * Self.page) } }

    func figures() throws(FileError) -> DataFigures {
        state.withLock { state in
            DataFigures(
                size: state.size,
                allocated: UInt64(state.pages.count * Self.page),
                modified: state.modified
            )
        }
    }

    func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: UInt64
    ) throws(FileError) -> Int {
        state.withLock { state in
            guard offset < state.size else { return 0 }
            let count = Int(min(UInt64(buffer.count), state.size - offset))
            Self.forEachPiece(at: offset, count: count) { page, start, piece in
                let target = UnsafeMutableRawBufferPointer(rebasing: buffer[piece])
                if let bytes = state.pages[page] {
                    target.copyBytes(from: bytes[start..<start + piece.count])
                } else {
                    target.initializeMemory(as: UInt8.self, repeating: 0)
                }
            }
            return count
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileError) {
        let now = clock()
        try state.withLock { (state) throws(FileError) in
            let (end, overflow) = offset.addingReportingOverflow(UInt64(bytes.count))
            guard !overflow, end <= longest else { throw FileError(.tooBig) }
            Self.forEachPiece(at: offset, count: bytes.count) { page, start, piece in
                let empty = [UInt8](repeating: 0, count: Self.page)
                state.pages[page, default: empty].withUnsafeMutableBytes {
                    $0[start..<start + piece.count].copyBytes(from: bytes[piece])
                }
            }
            state.size = max(state.size, end)
            state.modified = now
        }
    }

    func truncate(to size: UInt64) throws(FileError) {
        guard size <= longest else { throw FileError(.tooBig) }
        let now = clock()
        state.withLock { state in
            if size < state.size {
                let (last, rest) = size.quotientAndRemainder(dividingBy: UInt64(Self.page))
                state.pages = state.pages.filter { $0.key < last || $0.key == last && rest > 0 }
                for index in Int(rest)..<Self.page { state.pages[last]?[index] = 0 }
            }
            state.size = size
            state.modified = now
        }
    }

    func copy(from lower: any OpenFile, at offset: UInt64, count: UInt64) throws(FileError) {
        let size = state.withLock { $0.size }
        let end = try DataCopy.copy(
            from: lower,
            at: offset,
            count: count,
            intoHole: offset >= size
        ) { (bytes, offset) throws(FileError) in try write(bytes, at: offset) }
        // A hole at the end is there by the length alone.
        if try figures().size < end { try truncate(to: end) }
    }

    func extent(at offset: UInt64, count: Int) throws(FileError) -> Extent? { nil }

    func stretch(at offset: UInt64) throws(FileError) -> Stretch? {
        let page = offset / UInt64(Self.page)
        return state.withLock { state in
            if state.pages[page] != nil {
                return Stretch(isHole: false, end: (page + 1) * UInt64(Self.page))
            }
            let next = state.pages.keys.filter { $0 > page }.min()
            return Stretch(isHole: true, end: next.map { $0 * UInt64(Self.page) } ?? .max)
        }
    }

    func setModified(_ time: Timestamp) throws(FileError) {
        state.withLock { $0.modified = time }
    }

    func sync() throws(FileError) {}

    /// Shows each page that the bytes touch: its number, the place in it, and the bytes' range.
    private static func forEachPiece(
        at offset: UInt64,
        count: Int,
        _ body: (_ page: UInt64, _ start: Int, _ piece: Range<Int>) -> Void
    ) {
        var done = 0
        while done < count {
            let position = (offset + UInt64(done)).quotientAndRemainder(dividingBy: UInt64(page))
            let start = Int(position.remainder)
            let piece = min(count - done, page - start)
            body(position.quotient, start, done..<done + piece)
            done += piece
        }
    }
}
