import FileTree

/// The runs of a sparse file as the canonical tar stores them, while their bytes come.
///
/// GNU tar starts each run in a new block, libarchive puts them end to end: both read the same
/// when every run but one that ends the file is whole blocks. So runs are filled up with zeros of
/// the hole behind them, and those that then touch are one.
struct SparseRuns {
    let runs: [SegmentList.Segment]
    private var run = 0
    private var at: UInt64

    /// Errors: `.malformed` for runs that do not ascend, or leave the file.
    init(_ segments: [SegmentList.Segment], size: UInt64) throws(FileError) {
        let block = UInt64(TarEncoder.blockSize)
        var runs: [SegmentList.Segment] = []
        var last: UInt64 = 0
        for segment in segments {
            let (end, overflow) = segment.offset.addingReportingOverflow(segment.length)
            guard segment.offset >= last, !overflow, end <= size, segment.length > 0 else {
                throw .malformed("runs of a sparse file out of order")
            }
            last = end
            var start = segment.offset
            if let previous = runs.last, previous.offset + previous.length >= start {
                start = previous.offset
                runs.removeLast()
            }
            // Sizes are below 2^48 by then: the index is asked first.
            let length = (end - start + block - 1) / block * block
            runs.append(.init(offset: start, length: min(length, size - start)))
        }
        self.runs = runs
        at = runs.first?.offset ?? 0
    }

    /// The largest sparse file that is hashed as it reads: zeros are quickly stored, but slowly
    /// hashed.
    static func hashedSize(stored: UInt64) -> UInt64 {
        let (size, overflow) = stored.multipliedReportingOverflow(by: Growth.limit)
        return overflow || size > .max - Growth.free ? .max : size + Growth.free
    }

    /// How many zeros are to be stored before the file's byte at `offset`.
    mutating func zeros(before offset: UInt64) -> UInt64 {
        var count: UInt64 = 0
        while run < runs.count, at < offset {
            let end = runs[run].offset + runs[run].length
            if at < end {
                let step = min(offset, end) - at
                count += step
                at += step
            } else if run + 1 < runs.count {
                run += 1
                at = runs[run].offset
            } else {
                break
            }
        }
        return count
    }

    /// Says that so many bytes have been stored.
    mutating func advance(_ count: UInt64) { at += count }
}
