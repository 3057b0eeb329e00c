public import FileTree
internal import NineP

extension Fid {
    /// Opens the file; a fid is opened once.
    ///
    /// Returns the file's identity by now. Errors: what the server says of the mode.
    @discardableResult
    public func open(_ mode: OpenMode = .read) throws(FileError) -> Qid {
        if client.dialect == .linux {
            return try client.call(
                Tlopen(fid: number, flags: LinuxOpenFlags(mode).rawValue),
                Rlopen.self
            ) { (reply) throws(FileError) in reply.qid }
        }
        return try client.call(
            Topen(fid: number, mode: OpenByte(mode).rawValue),
            Ropen.self
        ) { (reply) throws(FileError) in reply.qid }
    }

    /// Reads bytes of the open file from `offset` into `buffer` and returns how many; 0 at the
    /// end, and never more than one message carries.
    public func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: UInt64
    ) throws(FileError) -> Int {
        let wanted = min(buffer.count, client.largestData)
        let request = Tread(fid: number, offset: offset, count: UInt32(wanted))
        return try client.call(request, Rread.self) { (reply) throws(FileError) in
            guard reply.data.count <= wanted else {
                throw FileError(.protocolBotch, "\(reply.data.count) bytes for \(wanted)")
            }
            buffer.copyMemory(from: reply.data)
            return reply.data.count
        }
    }

    /// Reads bytes of the open file from `offset` until `buffer` is full or the file ends, all
    /// messages of it at a time where the client has many under way; returns how many.
    ///
    /// A buffer that one message fills is asked for once, so that a device's short answer counts.
    /// Errors: `.interrupted` when `cancellation` fired.
    func readAll(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: UInt64,
        until cancellation: Cancellation? = nil
    ) throws(FileError) -> Int {
        var done = 0
        while done < buffer.count {
            let (position, overflow) = offset.addingReportingOverflow(UInt64(done))
            guard !overflow else { break }
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            var isEnd = false
            if let exchange = client.exchange {
                let read = try PendingRead(self, exchange, at: position, count: rest.count)
                let got = try read.finish(into: rest, until: cancellation)
                done += got.count
                isEnd = got.isEnd || got.count == 0
            } else {
                let got = try self.read(into: rest, at: position)
                done += got
                isEnd = got == 0
            }
            if isEnd || buffer.count <= client.largestData { break }
        }
        return done
    }

    /// All bytes of the open file from `offset` on, at most `limit`.
    public func readAll(from offset: UInt64 = 0, limit: Int = .max) throws(FileError) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < limit {
            let count = UInt32(min(limit - bytes.count, client.largestData))
            let request = Tread(fid: number, offset: offset + UInt64(bytes.count), count: count)
            let piece = try client.call(request, Rread.self) { (reply) throws(FileError) in
                Array(reply.data)
            }
            if piece.isEmpty { break }
            bytes += piece
        }
        return bytes
    }

    /// What the link holds.
    ///
    /// 9P2000 knows no links. Errors: `.unsupported` there, `.invalid` for what is no link.
    public func readLink() throws(FileError) -> [UInt8] {
        switch client.dialect {
        case .linux:
            return try client.call(Treadlink(fid: number), Rreadlink.self) {
                (reply)
                    throws(FileError) in Array(reply.target)
            }
        case .unix:
            let stat = try stat()
            guard stat.stat.mode.type == .symlink else { throw FileError(.invalid, "no link") }
            return stat.detail
        case .plain:
            throw FileError(.unsupported, "9P2000 knows no links")
        }
    }
}

extension LinuxOpenFlags {
    /// The flags of a mode.
    init(_ mode: OpenMode) {
        var flags: LinuxOpenFlags =
            !mode.contains(.write) ? [] : mode.contains(.read) ? .readWrite : .writeOnly
        if mode.contains(.truncate) { flags.insert(.truncate) }
        if mode.contains(.append) { flags.insert(.append) }
        self = flags
    }
}

extension OpenByte {
    /// The byte of a mode.
    init(_ mode: OpenMode) {
        var byte: UInt8 = !mode.contains(.write) ? 0 : mode.contains(.read) ? 2 : 1
        if mode.contains(.truncate) { byte |= 0x10 }
        if mode.contains(.append) { byte |= 0x80 }
        self.init(rawValue: byte)
    }
}
