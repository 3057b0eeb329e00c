import FileTree
import NineP

extension Session {
    /// Answers Tread: of a file, of a directory as Plan 9 has it, or of an attribute.
    ///
    /// See read(5).
    @inline(__always)
    mutating func read(_ frame: Frame, _ dialect: Dialect) throws(FileError) {
        let request = try Tread(frame, dialect)
        do throws(FileError) {
            let fid = try find(request.fid)
            guard let opened = fid.pointee.opened, opened.mode.contains(.read) else {
                throw FileError(.unknownFid, "not open for reading")
            }
            // Where no file has a byte, there is no more to be read.
            let isBeyond = request.offset > UInt64(Int64.max) - UInt64(UInt32.max)
            let count = isBeyond ? 0 : min(Int(request.count), dataSize)
            guard let file = opened.file else {
                return try readOther(frame, fid, opened, request.offset, count, dialect)
            }
            if file.isReady(at: request.offset, count: count) {
                try output.putRead(file, tag: frame.tag, offset: request.offset, count: count)
            } else {
                let answer = LateRequest.Answer.read(file, offset: request.offset, count: count)
                try connection.late.submit(
                    LateRequest(tag: frame.tag, dialect: dialect, answer: answer)
                )
            }
        } catch {
            refuse(frame, error)
        }
    }

    /// Answers Tread of what is no file.
    @inline(never)
    private mutating func readOther(
        _ frame: Frame,
        _ fid: UnsafeMutablePointer<Fid>,
        _ opened: Opened,
        _ offset: UInt64,
        _ count: Int,
        _ dialect: Dialect
    ) throws(FileError) {
        if let attribute = opened.attribute {
            return copy(attribute.value, from: offset, count, tag: frame.tag)
        }
        guard dialect != .linux else { throw FileError(.isDirectory) }
        if offset == 0 {
            opened.directoryOffset = 0
            opened.cookie = 0
        } else if offset != opened.directoryOffset {
            throw FileError(.badDirectoryOffset)
        }
        try readDirectory(frame.tag, fid.pointee, opened, count, dialect)
    }

    private mutating func copy(_ value: [UInt8], from offset: UInt64, _ count: Int, tag: UInt16) {
        let start = Int(min(offset, UInt64(value.count)))
        let got = min(count, value.count - start)
        let room = output.room
        let data = UnsafeMutableRawBufferPointer(
            rebasing: room[Wire.readHeaderSize..<Wire.readHeaderSize + got]
        )
        value.withUnsafeBytes { data.copyMemory(from: .init(rebasing: $0[start..<start + got])) }
        Output.head(room, .rread, tag: tag, count: got)
        output.commit(Wire.readHeaderSize + got)
    }

    /// Answers Twrite: what may take long is done by another thread.
    ///
    /// See write(5).
    mutating func write(_ frame: Frame, _ dialect: Dialect) throws(FileError) {
        let request = try Twrite(frame, dialect)
        do throws(FileError) {
            if let opened = try find(request.fid).pointee.opened, opened.mode.contains(.write),
                let file = opened.file, file.isSlow(writing: request.data.bytes)
            {
                let bytes = Array(request.data)
                let answer = LateRequest.Answer.write(file, bytes, offset: request.offset)
                try connection.late.submit(
                    LateRequest(tag: frame.tag, dialect: dialect, answer: answer)
                )
            } else {
                try reply(try write(request), to: frame, dialect)
            }
        } catch {
            refuse(frame, error)
        }
    }

    /// Writes to a file, or to an attribute from its start on.
    private mutating func write(_ request: Twrite) throws(FileError) -> Rwrite {
        let fid = try find(request.fid)
        guard let opened = fid.pointee.opened, opened.mode.contains(.write) else {
            throw FileError(.unknownFid, "not open for writing")
        }
        let count = request.data.count
        if let attribute = opened.attribute {
            guard let announced = attribute.announced,
                request.offset == UInt64(attribute.value.count),
                attribute.value.count + count <= announced
            else { throw FileError(.invalid, "attribute written out of its order or size") }
            opened.attribute?.value.append(contentsOf: request.data)
        } else if let file = opened.file {
            guard request.offset <= UInt64(Int64.max) - UInt64(count) else {
                throw FileError(.tooBig)
            }
            try Self.write(request.data, at: request.offset, to: file, fid.pointee)
            // Linux's client drops them itself in some cache modes alone.
            if !fid.pointee.attach.user.isOwner { try fid.pointee.node.dropSetID() }
        } else {
            throw FileError(.isDirectory)
        }
        return Rwrite(count: UInt32(count))
    }
}
