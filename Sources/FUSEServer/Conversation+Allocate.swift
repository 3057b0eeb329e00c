import FileTree

extension Conversation {
    /// Of fallocate(2)'s modes, those that are done: nothing is reserved, but what is read
    /// afterwards is right.
    private enum Allocation {
        static let keepSize: UInt32 = 1
        static let punchHole: UInt32 = 2
        static let zeroRange: UInt32 = 16
    }

    /// More than this is not zeroed by one request.
    private static var mostZeros: UInt64 { 256 << 20 }

    /// Has a file hold a range of bytes, or zeros there: `fh[8] offset[8] length[8] mode[4] pad[4]`.
    ///
    /// Errors: `.unsupported` for all else, which sets programs writing zeros themselves.
    func fallocate(_ request: Request) throws(FileError) {
        let offset = request.u64(8)
        let mode = request.u32(24)
        let (end, overflow) = offset.addingReportingOverflow(request.u64(16))
        guard !overflow, end <= UInt64(Int64.max) else { throw FileError(.tooBig) }
        let node = try writableNode(request)
        guard node.file != nil else { throw FileError(.unsupported) }
        let size = try node.stat().size
        switch mode & ~Allocation.keepSize {
        case 0: break
        case Allocation.punchHole, Allocation.zeroRange:
            let last = min(end, size)
            if offset < last { try zero(offset..<last, try file(request, writing: true)) }
        default: throw FileError(.unsupported)
        }
        if mode & Allocation.keepSize == 0, end > size {
            var change = StatChange()
            change.size = end
            try node.change(change, by: .superuser)
        }
    }

    private func zero(_ range: Range<UInt64>, _ file: any OpenFile) throws(FileError) {
        guard range.upperBound - range.lowerBound <= Self.mostZeros else {
            throw FileError(.unsupported)
        }
        let zeros = [UInt8](
            repeating: 0,
            count: min(1 << 17, Int(range.upperBound - range.lowerBound))
        )
        var offset = range.lowerBound
        while offset < range.upperBound {
            let count = min(zeros.count, Int(range.upperBound - offset))
            try file.write(zeros.span.extracting(first: count).bytes, at: offset)
            offset += UInt64(count)
        }
    }
}
