import FileTree

/// The header of an index and its table of sections, checked against the bytes there are.
struct IndexHeader {
    private let bytes: UnsafeRawBufferPointer
    private let sectionCount: Int
    let entryCount, inodeCount, frameCount, hashCount, ownerCount, slotCount: UInt32
    let tarSize, seed: UInt64
    let contentID: ContentID

    init(_ all: UnsafeRawBufferPointer) throws(FileError) {
        guard all.count >= IndexLayout.headerSize else {
            throw .malformed("index: \(all.count) bytes are too few for a header")
        }
        func number(_ offset: Int) -> UInt32 {
            UInt32(littleEndian: all.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        }
        func long(_ offset: Int) -> UInt64 {
            UInt64(littleEndian: all.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        guard long(0) == IndexLayout.magic else {
            throw .malformed("index: offset 0: no magic number")
        }
        guard number(8) == IndexLayout.version else {
            throw .malformed("index: offset 8: version \(number(8)) is not known")
        }
        let size = long(40)
        guard size >= UInt64(IndexLayout.headerSize), size <= UInt64(all.count) else {
            throw .malformed("index: offset 40: size \(size) of \(all.count) bytes")
        }
        bytes = UnsafeRawBufferPointer(rebasing: all[..<Int(size)])
        sectionCount = Int(number(12))
        guard
            sectionCount <= (bytes.count - IndexLayout.headerSize) / IndexLayout.sectionSize
        else {
            throw .malformed("index: offset 12: \(sectionCount) sections do not fit")
        }
        entryCount = number(16)
        inodeCount = number(20)
        frameCount = number(24)
        hashCount = number(28)
        tarSize = long(32)
        guard tarSize <= UInt64(Int64.max) else {
            throw .malformed("index: offset 32: a tar of \(tarSize) bytes")
        }
        ownerCount = number(48)
        slotCount = number(52)
        seed = long(56)
        contentID = ContentID(UnsafeRawBufferPointer(rebasing: all[64..<96])) ?? ContentID()
        guard entryCount >= 1, entryCount <= IndexLayout.entryLimit else {
            throw .malformed("index: offset 16: \(entryCount) entries")
        }
        guard inodeCount >= 1, inodeCount <= entryCount else {
            throw .malformed("index: offset 20: \(inodeCount) inodes of \(entryCount) entries")
        }
    }

    /// The bytes of a section; none when the index has no such section.
    func section(_ kind: IndexLayout.Section) throws(FileError) -> UnsafeRawBufferPointer {
        for number in 0..<sectionCount {
            let at = IndexLayout.headerSize + number * IndexLayout.sectionSize
            let found = bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self)
            guard UInt32(littleEndian: found) == kind.rawValue else { continue }
            let offset = UInt64(
                littleEndian: bytes.loadUnaligned(fromByteOffset: at + 8, as: UInt64.self)
            )
            let length = UInt64(
                littleEndian: bytes.loadUnaligned(fromByteOffset: at + 16, as: UInt64.self)
            )
            let size = UInt64(bytes.count)
            guard offset <= size, length <= size - offset else {
                throw .malformed("index: offset \(at): section \(kind) ends past the index")
            }
            let start = Int(offset)
            return UnsafeRawBufferPointer(rebasing: bytes[start..<start + Int(length)])
        }
        return UnsafeRawBufferPointer(rebasing: bytes[..<0])
    }

    /// The start of a section that holds `count` records of `size` bytes.
    func section(
        _ kind: IndexLayout.Section,
        count: Int,
        of size: Int
    ) throws(FileError) -> UnsafeRawPointer {
        let section = try section(kind)
        // Both factors are below 2^32 and 2^6.
        guard section.count == count * size, let base = section.baseAddress else {
            throw .malformed(
                "index: section \(kind) has \(section.count) bytes for \(count) records of \(size)"
            )
        }
        return base
    }
}
