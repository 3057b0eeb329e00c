import FileTree

/// The table at the end of a package by which a reader finds its frames, and ours its index.
///
///     0x184D2A5E[4] size[4] frames*(size[4] tarSize[4]) frames[4] 0[1] 0x8F92EAB1[4]
///
/// It lists every frame before it, those that decoders skip with a tarSize of 0. The last of them
/// is the index, raw, so that it can be mapped.
///
/// See the zstd seekable format, 0.1.0.
struct SeekTable {
    static let skippableMagic: UInt32 = 0x184d_2a5e
    static let indexMagic: UInt32 = 0x184d_2a5b
    static let paddingMagic: UInt32 = 0x184d_2a50
    static let endMagic: UInt32 = 0x8f92_eab1
    static let footerSize = 9
    static let headSize = 8

    /// The end of a package: the index in a frame that decoders skip, at a multiple of eight, and
    /// the table.
    static func end(frames: [FramePlace], index: [UInt8]) throws(FileError) -> [[UInt8]] {
        guard index.count < UInt32.max else { throw FileError(.tooBig, "index over 4 GiB") }
        let end = frames.last.map { $0.offset + UInt64($0.size) } ?? 0
        var padding: [UInt8] = []
        if end % 8 != 0 {
            // Two heads of eight bytes keep the place: only the padding's own bytes move it.
            let count = Int(8 - end % 8)
            padding.append(littleEndian: paddingMagic)
            padding.append(littleEndian: UInt32(count))
            padding += [UInt8](repeating: 0, count: count)
        }
        var head: [UInt8] = []
        head.append(littleEndian: indexMagic)
        head.append(littleEndian: UInt32(index.count))
        var sizes = frames.map { (UInt32($0.size), UInt32($0.tarSize)) }
        if !padding.isEmpty { sizes.append((UInt32(padding.count), 0)) }
        sizes.append((UInt32(head.count + index.count), 0))
        var table: [UInt8] = []
        table.append(littleEndian: skippableMagic)
        table.append(littleEndian: UInt32(sizes.count * 8 + footerSize))
        for (size, tarSize) in sizes {
            table.append(littleEndian: size)
            table.append(littleEndian: tarSize)
        }
        table.append(littleEndian: UInt32(sizes.count))
        table.append(0)
        table.append(littleEndian: endMagic)
        return [padding, head, index, table]
    }
}

extension SeekTable {
    /// Where the index of a package lies; nil for a file that is no package.
    ///
    /// Errors: `.malformed` for a seek table without an index in front of it, as far as it is
    /// ours at all: other programs write such tables too, and no index.
    static func indexPlace(in file: HostFile) throws(FileError) -> (offset: UInt64, length: Int)? {
        let least = UInt64(headSize + 8 + footerSize)
        guard file.size > least else { return nil }
        func read(_ count: Int, at offset: UInt64) throws(FileError) -> [UInt8] {
            try TarReader.bytes(of: file, at: offset, count)
        }
        func number(_ bytes: [UInt8], _ at: Int) -> UInt32 {
            bytes.withUnsafeBytes {
                UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: at, as: UInt32.self))
            }
        }
        // The last entry and the footer.
        let end = try read(8 + footerSize, at: file.size - UInt64(8 + footerSize))
        guard number(end, 13) == endMagic, end[12] == 0 else { return nil }
        let tableSize = UInt64(headSize) + UInt64(number(end, 8)) * 8 + UInt64(footerSize)
        let indexSize = UInt64(number(end, 0))
        guard number(end, 4) == 0, tableSize <= file.size,
            indexSize <= file.size - tableSize, indexSize > UInt64(headSize)
        else { return nil }
        let start = file.size - tableSize - indexSize
        let head = try read(headSize, at: start)
        let table = try read(headSize, at: start + indexSize)
        guard number(table, 0) == skippableMagic,
            UInt64(number(table, 4)) == tableSize - UInt64(headSize),
            number(head, 0) == indexMagic
        else { return nil }
        guard UInt64(number(head, 4)) == indexSize - UInt64(headSize) else {
            throw .malformed("\(file.path): the index has \(number(head, 4)) bytes of \(indexSize)")
        }
        return (start + UInt64(headSize), Int(indexSize) - headSize)
    }
}
