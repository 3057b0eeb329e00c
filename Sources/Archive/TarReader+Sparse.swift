import FileTree

extension TarReader {
    /// The sparse file of a GNU header: four runs in it, 21 in each block that follows.
    mutating func oldSparse(
        _ member: Member,
        _ block: TarBlock,
        _ offset: UInt64,
        _ stored: UInt64
    ) throws(FileError) -> Member {
        var member = member
        guard let size = block.number(483, 12), size >= 0 else { throw .malformed("real size") }
        member.size = UInt64(size)
        var numbers: [UInt64] = []
        func add(_ block: TarBlock, _ offset: Int, _ count: Int) throws(FileError) {
            for at in 0..<count {
                guard let start = block.number(offset + at * 24, 12),
                    let length = block.number(offset + at * 24 + 12, 12), start >= 0, length >= 0
                else { throw .malformed("sparse map") }
                if length > 0 { numbers += [UInt64(start), UInt64(length)] }
            }
        }
        try add(block, 386, 4)
        var isExtended = block.string(482, 1).count == 1
        var start = offset + UInt64(TarEncoder.blockSize)
        while isExtended {
            let bytes = try window.bytes(at: start, TarEncoder.blockSize)
            guard bytes.count == TarEncoder.blockSize, numbers.count < SparseMap.limit else {
                throw .malformed("sparse map")
            }
            try add(TarBlock(bytes), 0, 21)
            isExtended = bytes[504] != 0
            start += UInt64(TarEncoder.blockSize)
        }
        try payloadEnd(block, start - UInt64(TarEncoder.blockSize), stored)
        dataOffset = start
        member.segments = try SparseMap.segments(numbers, size: member.size, stored: stored)
        return member
    }

    /// The sparse file of a pax header; in version 1.0 the map is in front of the stored bytes.
    mutating func readSparse(
        _ sparse: PaxRecords.Sparse,
        _ member: inout Member,
        _ stored: UInt64
    ) throws(FileError) {
        guard let size = sparse.size else { return }
        member.size = size
        var map = sparse.map
        var stored = stored
        if sparse.major == 1 {
            let (numbers, length) = try SparseMap.read(window, at: dataOffset, limit: stored)
            map = numbers
            dataOffset += length
            stored -= length
        } else if map.isEmpty {
            member.size = stored
            return
        }
        member.segments = try SparseMap.segments(map, size: size, stored: stored)
    }
}
