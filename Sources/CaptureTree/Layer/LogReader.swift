import FileTree

/// Reads a log's records one after the other, and says how it ends.
///
/// What is broken at the very end is a record that was never finished: a write that a crash
/// cut short, or whose last bytes are zeros because the disk had taken its length and not yet
/// its bytes. All else that is broken is damage.
struct LogReader {
    /// How a step through a log comes out.
    enum Step {
        case record(Record)
        /// Nothing follows.
        case end
        /// An unfinished record follows, and nothing behind it.
        case torn(FileError)
        /// What follows is none of this log's records.
        case damaged(FileError)
    }

    /// Gives the bytes from an offset on, at most so many; fewer at the end alone.
    typealias Source = (_ offset: UInt64, _ count: Int) throws(FileError) -> [UInt8]

    let id: UInt64
    /// The log's size when its reading began.
    let size: UInt64
    /// Where the next record starts.
    private(set) var offset = UInt64(LogFormat.headerSize)
    /// The sum that the next record follows.
    private(set) var sum: UInt64
    /// Whole records so far.
    private(set) var count = 0
    private let source: Source
    /// The bytes of the log from `windowStart` on.
    private var window: [UInt8] = []
    private var windowStart: UInt64 = 0

    /// Reads the header of a log of `size` bytes, which `source` gives by their offset.
    ///
    /// Errors: `.malformed` for what is no log, `.unsupported` for one of another version.
    init(size: UInt64, source: @escaping Source) throws(FileError) {
        let header = try source(0, LogFormat.headerSize)
        guard header.count == LogFormat.headerSize, header.starts(with: LogFormat.magic) else {
            throw .malformed("log: offset 0: not the log of a layer")
        }
        let version = header.number(at: 8, as: UInt32.self)
        guard version == LogFormat.version else {
            throw FileError(.unsupported, "log: offset 8: version \(version)")
        }
        id = header.number(at: 16, as: UInt64.self)
        let right = LogFormat.header(id: id)
        guard right.bytes == header else {
            throw .malformed("log: offset 24: the header's sum is wrong")
        }
        sum = right.sum
        self.size = size
        self.source = source
    }

    /// Reads the next record.
    ///
    /// Errors: what the source throws; what is wrong with the bytes is told by the step.
    mutating func next() throws(FileError) -> Step {
        let left = size - offset
        guard left > 0 else { return .end }
        guard try fill(LogFormat.headSize) else { return .torn(fault("a head cut short")) }
        let bodySize = number(at: 0, as: UInt32.self)
        guard number(at: 4, as: UInt32.self) == LogFormat.check(after: sum, bodySize),
            (1...UInt32(RecordLimits.body)).contains(bodySize)
        else { return try broken(from: LogFormat.headSize, "the size of the record is wrong") }
        let whole = LogFormat.headSize + Int(bodySize) + LogFormat.sumSize
        guard try fill(whole) else { return .torn(fault("a record cut short")) }
        let next = windowSum(whole - LogFormat.sumSize)
        guard number(at: whole - LogFormat.sumSize, as: UInt64.self) == next else {
            return try broken(from: whole, "the sum of the record is wrong")
        }
        let start = Int(offset - windowStart) + LogFormat.headSize
        do throws(FileError) {
            let record = try RecordReader.record(
                start..<(start + Int(bodySize)),
                of: window,
                at: windowStart
            )
            offset += UInt64(whole)
            sum = next
            count += 1
            return .record(record)
        } catch {
            return .damaged(error.at("log"))
        }
    }

    /// Unfinished, when the last of the bytes that were looked at and all behind are zeros.
    private mutating func broken(from end: Int, _ reason: String) throws(FileError) -> Step {
        var position = offset + UInt64(end) - 1
        while position < size {
            let chunk = try source(position, Self.windowSize)
            if chunk.isEmpty { break }
            if chunk.contains(where: { $0 != 0 }) { return .damaged(fault(reason)) }
            position += UInt64(chunk.count)
        }
        return .torn(fault(reason))
    }

    private func fault(_ reason: String) -> FileError {
        .malformed("log: offset \(offset): \(reason)")
    }

    /// Whether there are `count` bytes from the next record's start; they are in the window then.
    private mutating func fill(_ count: Int) throws(FileError) -> Bool {
        guard size - offset >= UInt64(count) else { return false }
        if offset + UInt64(count) <= windowStart + UInt64(window.count) { return true }
        let wanted = Int(min(UInt64(max(count, Self.windowSize)), size - offset))
        window = try source(offset, wanted)
        windowStart = offset
        // A log that became shorter while it was read ends where it ends now.
        return window.count >= count
    }

    private func number<Value: FixedWidthInteger & BitwiseCopyable>(
        at position: Int,
        as type: Value.Type
    ) -> Value {
        window.number(at: Int(offset - windowStart) + position, as: type)
    }

    private func windowSum(_ count: Int) -> UInt64 {
        let start = Int(offset - windowStart)
        return LogFormat.sum(after: sum, window.span.bytes.extracting(start..<(start + count)))
    }

    private static let windowSize = 1 << 17
}
