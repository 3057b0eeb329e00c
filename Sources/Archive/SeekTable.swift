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
    static func end(frames: [Frame], index: [UInt8]) throws(FileError) -> [[UInt8]] {
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
