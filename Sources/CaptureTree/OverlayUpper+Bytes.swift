import FileTree

extension OverlayUpper {
    private static let room = 128 << 10

    static func isSame(
        _ file: any File,
        _ size: UInt64,
        _ other: any File,
        _ otherSize: UInt64
    ) throws(FileError) -> Bool {
        guard size == otherSize else { return false }
        if size == 0 { return true }
        let first: any OpenFile
        do throws(FileError) { first = try file.open(.read) } catch {
            // What nobody could read was not copied, but written anew.
            guard error.kind == .permission else { throw error }
            return false
        }
        let second = try other.open(.read)
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * room, alignment: 16)
        defer { bytes.deallocate() }
        let (one, two) = (bytes[..<room], bytes[room...])
        var offset: UInt64 = 0
        while offset < size {
            let wanted = Int(min(UInt64(room), size - offset))
            let a = try first.readAll(wanted, .init(rebasing: one), at: offset)
            let b = try second.readAll(wanted, .init(rebasing: two), at: offset)
            guard a == b, a > 0, one.prefix(a).elementsEqual(two.prefix(b)) else { return false }
            offset += UInt64(a)
        }
        return true
    }

    static func copy(
        _ from: any OpenFile,
        _ size: UInt64,
        to target: any File
    ) throws(FileError) {
        let to = try target.open([.write, .truncate])
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 16)
        defer { bytes.deallocate() }
        var offset: UInt64 = 0
        while offset < size {
            let wanted = Int(min(UInt64(room), size - offset))
            let count = try from.readAll(wanted, bytes, at: offset)
            guard count > 0 else { break }
            let part = UnsafeRawBufferPointer(rebasing: bytes[..<count])
            // Zeros are left to the hole that is there, but for the last.
            if part.contains(where: { $0 != 0 }) || offset + UInt64(count) == size {
                try to.write(part.bytes, at: offset)
            }
            offset += UInt64(count)
        }
    }
}

extension OpenFile {
    /// Reads until so many bytes are there, or there are no more.
    fileprivate func readAll(
        _ wanted: Int,
        _ buffer: UnsafeMutableRawBufferPointer,
        at offset: UInt64
    ) throws(FileError) -> Int {
        var got = 0
        while got < wanted {
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[got..<wanted])
            let count = try read(into: part, at: offset + UInt64(got))
            if count == 0 { break }
            got += count
        }
        return got
    }
}
