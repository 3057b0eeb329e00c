import FileTree
import Synchronization

/// An open file of a package in frames.
///
/// Extents are the memory of cached frames. A read that starts where a frame does is taken for
/// one of a row, and the frame behind it is decoded meanwhile; two, then four, when it was.
final class FramedFile: MemberFile {
    let inode: Inode
    private let contents: FramedContents
    private let row = Mutex(Row())

    /// How a row of reads goes on.
    private struct Row {
        /// How many frames are decoded ahead of the reader.
        var window = 0
        /// The frame behind the last that was read.
        var next = 0
        /// The frame behind the last that was asked for.
        var asked = 0
    }

    /// The least bytes of a read at a file's start that let its second frame be read ahead.
    private static let eagerness = 16 << 10

    init(_ inode: Inode, _ contents: FramedContents) {
        self.inode = inode
        self.contents = contents
    }

    var segments: SegmentList? { contents.index.segments(inode) }

    func extent(at offset: UInt64, count: Int) throws(FileError) -> Extent? {
        guard let run = run(at: offset, count: count) else { return nil }
        let (frame, bytes) = try bytes(at: run.stored, count: count)
        guard let start = bytes.baseAddress else { return nil }
        return Extent(
            place: .memory(start),
            count: min(bytes.count, run.count),
            owner: frame
        )
    }

    func isReady(at offset: UInt64, count: Int) -> Bool {
        var isReady = true
        forEachFrame(offset, count) { number in
            isReady = contents.isCached(number)
            return isReady
        }
        return isReady
    }

    func prepare(
        at offset: UInt64,
        count: Int,
        until cancellation: Cancellation
    ) throws(FileError) {
        var numbers: [UInt32] = []
        forEachFrame(offset, count) {
            numbers.append($0)
            return true
        }
        for number in numbers {
            try cancellation.check()
            _ = try contents.frame(number)
        }
    }

    /// Copies stored bytes, of one frame after the other.
    func copy(_ stored: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(FileError) {
        var done = 0
        while done < buffer.count {
            let (frame, bytes) = try bytes(at: stored &+ UInt64(done), count: buffer.count - done)
            withExtendedLifetime(frame) {
                let part = UnsafeRawBufferPointer(
                    rebasing: bytes[..<min(bytes.count, buffer.count - done)]
                )
                UnsafeMutableRawBufferPointer(rebasing: buffer[done...]).copyMemory(from: part)
                done += part.count
            }
        }
    }

    /// The bytes of the frame that holds the stored byte at `stored`, from there on: at least one,
    /// valid for as long as the frame is held.
    private func bytes(
        at stored: UInt64,
        count: Int
    ) throws(FileError) -> (CachedFrame, UnsafeRawBufferPointer) {
        let place = inode.tarOffset &+ stored
        guard let (number, frame) = contents.number(at: place, from: inode.firstFrame) else {
            throw .malformed("\(contents.file.path): offset \(place) of the tar is in no frame")
        }
        let cached = try contents.frame(number)
        let skipped = Int(place - frame.tarOffset)
        guard skipped < cached.bytes.count else {
            throw .malformed("\(contents.file.path): frame \(number) has changed")
        }
        if number > inode.firstFrame ? skipped == 0 : stored == 0 && count >= Self.eagerness {
            readAhead(of: Int(number))
        }
        return (cached, UnsafeRawBufferPointer(rebasing: cached.bytes[skipped...]))
    }

    /// Has the frames behind one that is read from its start decoded.
    private func readAhead(of number: Int) {
        let most = contents.mostAhead
        let wanted = row.withLock { row -> Range<Int> in
            if number + most >= row.next, number <= row.asked {
                row.window = min(max(1, row.window * 2), most)
                row.next = max(row.next, number + 1)
            } else {
                row = Row(window: 1, next: number + 1, asked: number + 1)
            }
            let start = max(row.asked, row.next)
            row.asked = max(start, row.next + row.window)
            return start..<row.asked
        }
        for ahead in wanted {
            guard let number = UInt32(exactly: ahead), let frame = contents.index.frame(number),
                frame.tarOffset &- inode.tarOffset < inode.size
            else { return }
            contents.readAhead(number)
        }
    }

    private func forEachFrame(_ offset: UInt64, _ count: Int, _ body: (UInt32) -> Bool) {
        guard offset < inode.size, count > 0 else { return }
        let end = offset + min(UInt64(count), inode.size - offset)
        if let segments {
            segments.forEachRun(from: offset, to: end) { stored, length in
                forEachFrame(stored: stored, length, body)
            }
        } else {
            _ = forEachFrame(stored: offset, end - offset, body)
        }
    }

    private func forEachFrame(
        stored: UInt64,
        _ length: UInt64,
        _ body: (UInt32) -> Bool
    ) -> Bool {
        var place = inode.tarOffset &+ stored
        let end = place &+ length
        while place < end {
            guard let (number, frame) = contents.number(at: place, from: inode.firstFrame) else {
                return true
            }
            if !body(number) { return false }
            place = frame.tarOffset + UInt64(frame.tarSize)
        }
        return true
    }
}
