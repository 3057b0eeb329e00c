public import FileTree
internal import NineP

extension Fid {
    /// Writes all bytes to the open file at `offset`, in as many messages as it takes.
    public func write(_ bytes: [UInt8], at offset: UInt64) throws(FileError) {
        var done = 0
        while done < bytes.count {
            let piece = Array(bytes[done..<min(done + client.largestData, bytes.count)])
            let count = try Bytes.with(piece) { (piece) throws(FileError) in
                try client.call(
                    Twrite(fid: number, offset: offset + UInt64(done), data: piece),
                    Rwrite.self
                ) { (reply) throws(FileError) in Int(reply.count) }
            }
            guard count > 0, count <= piece.count else {
                throw FileError(.inputOutput, "\(count) of \(piece.count) bytes written")
            }
            done += count
        }
    }

    /// Sets attributes.
    ///
    /// Errors: `.unsupported` for owners in 9P2000, which has none by number.
    public func change(_ change: StatChange) throws(FileError) {
        if client.dialect == .linux {
            try client.call(Tsetattr(fid: number, change), Rsetattr.self)
            return
        }
        var record = StatRecord.untouched
        if let permissions = change.permissions {
            var mode = StatMode(rawValue: permissions & 0o777)
            if client.dialect.hasUnixFields {
                if permissions & Mode.setUser != 0 { mode.insert(.setUser) }
                if permissions & Mode.setGroup != 0 { mode.insert(.setGroup) }
                if permissions & 0o1000 != 0 { mode.insert(.sticky) }
            }
            if qid.type.contains(.directory) { mode.insert(.directory) }
            record.mode = mode.rawValue
        }
        if let size = change.size { record.length = size }
        if case .at(let time) = change.accessed { record.accessed = UInt32(clamping: time.seconds) }
        if case .at(let time) = change.modified { record.modified = UInt32(clamping: time.seconds) }
        if change.uid != nil || change.gid != nil {
            guard client.dialect.hasUnixFields else { throw FileError(.unsupported) }
            record.userNumber = change.uid ?? Wire.noUser
            record.groupNumber = change.gid ?? Wire.noUser
        }
        try client.call(Twstat(fid: number, stat: record), Rwstat.self)
    }

    /// Puts the open file on stable storage.
    public func sync() throws(FileError) {
        if client.dialect == .linux {
            try client.call(Tfsync(fid: number, dataOnly: 0), Rfsync.self)
        } else {
            try client.call(Twstat(fid: number, stat: .untouched), Rwstat.self)
        }
    }
}

extension Tsetattr {
    /// The request for a change.
    init(fid: UInt32, _ change: StatChange) {
        self.init()
        self.fid = fid
        var mask: SetAttributeMask = []
        if let permissions = change.permissions {
            mask.insert(.mode)
            mode = permissions
        }
        if let uid = change.uid {
            mask.insert(.uid)
            self.uid = uid
        }
        if let gid = change.gid {
            mask.insert(.gid)
            self.gid = gid
        }
        if let size = change.size {
            mask.insert(.size)
            self.size = size
        }
        if let time = change.accessed {
            mask.insert(.accessed)
            if case .at(let time) = time {
                mask.insert(.accessedGiven)
                accessedSeconds = UInt64(bitPattern: time.seconds)
                accessedNanoseconds = UInt64(time.nanoseconds)
            }
        }
        if let time = change.modified {
            mask.insert(.modified)
            if case .at(let time) = time {
                mask.insert(.modifiedGiven)
                modifiedSeconds = UInt64(bitPattern: time.seconds)
                modifiedNanoseconds = UInt64(time.nanoseconds)
            }
        }
        valid = mask.rawValue
    }
}
