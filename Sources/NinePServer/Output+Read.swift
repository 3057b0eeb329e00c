import FileTree
import NineP

extension Output {
    /// Writes a reply of a few fields.
    @inline(__always)
    mutating func put(
        _ message: some Message,
        tag: UInt16,
        _ dialect: Dialect,
        limit: Int = MessageWriter.replyLimit
    ) throws(FileError) {
        var writer = MessageWriter(room, dialect)
        try writer.write(message, tag: tag, limit: limit)
        commit(writer.count)
    }

    /// Writes the one reply that an error has: Rlerror in 9P2000.L, else Rerror.
    mutating func put(_ error: FileError, tag: UInt16, _ dialect: Dialect) {
        var writer = MessageWriter(room, dialect)
        do throws(FileError) {
            let said = error.isSaid ? error.context : nil
            try writer.error(error.kind, saying: said, tag: tag)
        } catch {
            assertionFailure("a batch is sent while there is room for an error")
        }
        commit(writer.count)
    }

    /// Up to here copying is cheaper than one more entry of the vector.
    private static var copied: Int { 4096 }
    /// From here on sendfile(2) is used in place of reading.
    ///
    /// It takes half of the processor that a copy takes, which counts once several reads are asked
    /// for at a time.
    private static var spliced: Int { 64 << 10 }
    /// A file that lies in pieces is sent as so many at most; the client asks for the rest.
    private static var mostPieces: Int { 16 }

    /// Writes `size[4] Rread tag[2] count[4] data[count]` of an open file.
    ///
    /// Errors: what the file throws; then nothing has been written.
    @inline(__always)
    mutating func putRead(
        _ file: any OpenFile,
        tag: UInt16,
        offset: UInt64,
        count: Int
    ) throws(FileError) {
        if count > Self.copied, let first = try file.extent(at: offset, count: count) {
            return try putExtents(first, file, tag: tag, offset: offset, count: count)
        }
        let room = room
        let data = UnsafeMutableRawBufferPointer(
            rebasing: room[Wire.readHeaderSize..<Wire.readHeaderSize + count]
        )
        let got = min(count, try file.read(into: data, at: offset))
        Self.head(room, .rread, tag: tag, count: got)
        commit(Wire.readHeaderSize + got)
    }

    /// The same from where the bytes lie.
    @inline(never)
    private mutating func putExtents(
        _ first: Extent,
        _ file: any OpenFile,
        tag: UInt16,
        offset: UInt64,
        count: Int
    ) throws(FileError) {
        let room = room
        if case .descriptor(let descriptor, let position) = first.place {
            let length = min(count, first.count)
            guard length >= Self.spliced else {
                let data = UnsafeMutableRawBufferPointer(
                    rebasing: room[Wire.readHeaderSize..<Wire.readHeaderSize + count]
                )
                let got = min(count, try file.read(into: data, at: offset))
                Self.head(room, .rread, tag: tag, count: got)
                return commit(Wire.readHeaderSize + got)
            }
            Self.head(room, .rread, tag: tag, count: length)
            commit(Wire.readHeaderSize)
            return send(file: descriptor, offset: position, count: length)
        }
        commit(Wire.readHeaderSize)
        var next: Extent? = first
        var total = 0
        var pieces = 0
        while let extent = next, case .memory(let bytes) = extent.place, extent.count > 0 {
            let length = min(count - total, extent.count)
            lend(bytes, length, owner: extent.owner ?? file)
            total += length
            pieces += 1
            guard total < count, pieces < Self.mostPieces, hasPlace else { break }
            // What cannot be had now is asked for again, and then has its error to itself.
            next = try? file.extent(at: offset + UInt64(total), count: count - total)
        }
        Self.head(room, .rread, tag: tag, count: total)
    }

    /// Writes the head of a reply with data.
    @inline(__always)
    static func head(
        _ room: UnsafeMutableRawBufferPointer,
        _ type: MessageType,
        tag: UInt16,
        count: Int
    ) {
        let size = UInt32(truncatingIfNeeded: Wire.readHeaderSize + count)
        room.storeBytes(of: size.littleEndian, as: UInt32.self)
        room.storeBytes(of: type.rawValue, toByteOffset: 4, as: UInt8.self)
        room.storeBytes(of: tag.littleEndian, toByteOffset: 5, as: UInt16.self)
        let length = UInt32(truncatingIfNeeded: count)
        room.storeBytes(of: length.littleEndian, toByteOffset: 7, as: UInt32.self)
    }
}
