import FileTree

/// An open file of a package: its bytes lie in the tar, in one row or in runs with holes between.
protocol MemberFile: OpenFile {
    var inode: Inode { get }
    /// The runs of a sparse file; nil for one row of bytes.
    var segments: SegmentList? { get }

    /// Fills `buffer` with the bytes that are stored from `stored` on, counted from the file's
    /// first.
    func copy(_ stored: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(FileError)
}

extension MemberFile {
    func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: UInt64
    ) throws(FileError) -> Int {
        guard offset < inode.size else { return 0 }
        let count = Int(min(UInt64(buffer.count), inode.size - offset))
        let buffer = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
        guard let segments else {
            try copy(offset, into: buffer)
            return count
        }
        try segments.read(into: buffer, at: offset) { stored, part throws(FileError) in
            try copy(stored, into: part)
        }
        return count
    }

    func stretch(at offset: UInt64) throws(FileError) -> Stretch? {
        segments?.stretch(at: offset) ?? Stretch(isHole: false, end: .max)
    }

    /// Where the byte of the file at `offset` is stored, and how many of the `count` behind it
    /// are in the same row; nil in a hole, behind the end, and for no bytes.
    func run(at offset: UInt64, count: Int) -> (stored: UInt64, count: Int)? {
        guard offset < inode.size, count > 0 else { return nil }
        let most = min(UInt64(count), inode.size - offset)
        guard let segments else { return (offset, Int(most)) }
        guard let run = segments.run(at: offset) else { return nil }
        return (run.stored, Int(min(most, run.left)))
    }
}
