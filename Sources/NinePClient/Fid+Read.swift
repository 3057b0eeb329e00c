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
        let piece = client.largestData
        var done = 0
        repeat {
            var requests: [(request: PendingRequest, wanted: Int)] = []
            var next = done
            // What was sent before an error is given up with the rest.
            defer { for (request, _) in requests { client.exchange?.giveUp(request) } }
            while next < buffer.count, requests.count < 32 {
                let (position, overflow) = offset.addingReportingOverflow(UInt64(next))
                guard !overflow else { break }
                let wanted = min(piece, buffer.count - next)
                let message = Tread(fid: number, offset: position, count: UInt32(wanted))
                guard let exchange = client.exchange else {
                    let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[next..<next + wanted])
                    let got = try read(into: rest, at: position)
                    if got == 0 { return next }
                    next += got
                    done = next
                    if buffer.count <= piece { return next }
                    continue
                }
                requests.append((try exchange.start(message), wanted))
                next += wanted
            }
            guard let exchange = client.exchange, !requests.isEmpty else { return done }
            while !requests.isEmpty {
                let (request, wanted) = requests.removeFirst()
                let room = UnsafeMutableRawBufferPointer(rebasing: buffer[done..<done + wanted])
                let dialect = client.dialect
                let got = try exchange.finish(request, until: cancellation) {
                    (frame) throws(FileError) in
                    try Client.decode(frame, dialect) { (reply: Rread) throws(FileError) -> Int in
                        guard reply.data.count <= wanted else {
                            throw FileError(
                                .protocolBotch,
                                "\(reply.data.count) bytes for \(wanted)"
                            )
                        }
                        room.copyMemory(from: reply.data)
                        return reply.data.count
                    }
                }
                done += got
                if got == 0 || buffer.count <= piece { return done }
                // A short piece: those behind it were asked for at the wrong place.
                if got < wanted { break }
            }
        } while done < buffer.count
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
