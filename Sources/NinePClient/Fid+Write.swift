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

    /// Makes a file in this directory and opens it; this fid stands for the file from then on.
    ///
    /// `group` counts in 9P2000.L alone.
    public func create(
        _ name: [UInt8],
        permissions: UInt32,
        _ mode: OpenMode,
        group: UInt32 = 0
    ) throws(FileError) {
        try Bytes.with(name) { (name) throws(FileError) in
            if client.dialect == .linux {
                let flags = LinuxOpenFlags(mode).union(.create)
                try client.call(
                    Tlcreate(
                        fid: number,
                        name: name,
                        flags: flags.rawValue,
                        mode: permissions,
                        gid: group
                    ),
                    Rlcreate.self
                )
            } else {
                try client.call(
                    Tcreate(
                        fid: number,
                        name: name,
                        permissions: permissions & 0o777,
                        mode: OpenByte(mode).rawValue
                    ),
                    Rcreate.self
                )
            }
        }
    }

    /// Makes a directory in this directory.
    public func makeDirectory(
        _ name: [UInt8],
        permissions: UInt32,
        group: UInt32 = 0
    ) throws(FileError) {
        if client.dialect == .linux {
            try Bytes.with(name) { (name) throws(FileError) in
                try client.call(
                    Tmkdir(fid: number, name: name, mode: permissions, gid: group),
                    Rmkdir.self
                )
            }
        } else {
            let mode = StatMode.directory.rawValue | permissions & 0o777
            try createAndForget(name, mode)
        }
    }

    /// Makes a symbolic link in this directory.
    ///
    /// Errors: `.unsupported` in 9P2000.
    public func makeLink(
        _ name: [UInt8],
        to target: [UInt8],
        group: UInt32 = 0
    ) throws(FileError) {
        switch client.dialect {
        case .linux:
            try Bytes.with(name, target) { (name, target) throws(FileError) in
                try client.call(
                    Tsymlink(fid: number, name: name, target: target, gid: group),
                    Rsymlink.self
                )
            }
        case .unix:
            try createAndForget(name, StatMode.symlink.rawValue | 0o777, detail: target)
        case .plain:
            throw FileError(.unsupported, "9P2000 knows no links")
        }
    }

    /// Makes a device, fifo or socket in this directory; 9P2000.L alone.
    public func makeNode(
        _ name: [UInt8],
        mode: Mode,
        major: UInt32,
        minor: UInt32,
        group: UInt32 = 0
    ) throws(FileError) {
        try needsLinux()
        try Bytes.with(name) { (name) throws(FileError) in
            try client.call(
                Tmknod(
                    fid: number,
                    name: name,
                    mode: mode.rawValue,
                    major: major,
                    minor: minor,
                    gid: group
                ),
                Rmknod.self
            )
        }
    }

    /// Gives `file` a further name in this directory; 9P2000.L alone.
    public func addName(_ name: [UInt8], for file: Fid) throws(FileError) {
        try needsLinux()
        try Bytes.with(name) { (name) throws(FileError) in
            try client.call(
                Tlink(directoryFid: number, fid: file.number, name: name),
                Rlink.self
            )
        }
    }

    /// Removes the file of this name from this directory.
    ///
    /// A server of 9P2000.L that has no Tunlinkat is asked with Tremove.
    public func remove(_ name: [UInt8], isDirectory: Bool = false) throws(FileError) {
        if client.dialect == .linux {
            do throws(FileError) {
                return try Bytes.with(name) { (name) throws(FileError) in
                    let flags = isDirectory ? Wire.removeDirectory : 0
                    let request = Tunlinkat(fid: number, name: name, flags: flags)
                    try client.call(request, Runlinkat.self)
                }
            } catch {
                if error.kind != .unsupported { throw error }
            }
        }
        try walk([name]).removeFile()
    }

    /// Moves a name of this directory to `directory`; in 9P2000 and 9P2000.u that is the same.
    ///
    /// What has the new name goes, if `replacing`; 9P2000.L always replaces.
    public func rename(
        _ name: [UInt8],
        to directory: Fid,
        _ newName: [UInt8],
        replacing: Bool = true
    ) throws(FileError) {
        if client.dialect == .linux {
            return try renameAt(name, to: directory, newName)
        }
        guard directory.qid.path == qid.path else { throw FileError(.crossDevice) }
        let file = try walk([name])
        try Bytes.with(newName) { (newName) throws(FileError) in
            var record = StatRecord.untouched
            record.name = newName
            // Linux fills muid and wants a file replaced, Plan 9 leaves it empty and does not.
            if replacing { record.modifier = newName }
            try client.call(Twstat(fid: file.number, stat: record), Rwstat.self)
        }
    }

    /// Trenameat, or Trename where a server does not have it.
    private func renameAt(
        _ name: [UInt8],
        to directory: Fid,
        _ newName: [UInt8]
    ) throws(FileError) {
        do throws(FileError) {
            return try Bytes.with(name, newName) { (name, newName) throws(FileError) in
                try client.call(
                    Trenameat(
                        fid: number,
                        name: name,
                        newFid: directory.number,
                        newName: newName
                    ),
                    Rrenameat.self
                )
            }
        } catch {
            if error.kind != .unsupported { throw error }
        }
        let file = try walk([name])
        try Bytes.with(newName) { (newName) throws(FileError) in
            try client.call(
                Trename(fid: file.number, directoryFid: directory.number, name: newName),
                Rrename.self
            )
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

    private func needsLinux() throws(FileError) {
        guard client.dialect == .linux else {
            throw FileError(.unsupported, "\(client.dialect.version) has no such request")
        }
    }

    /// Tcreate on a fid of its own.
    private func createAndForget(
        _ name: [UInt8],
        _ mode: UInt32,
        detail: [UInt8] = []
    ) throws(FileError) {
        let file = try walk([])
        try Bytes.with(name, detail) { (name, detail) throws(FileError) in
            try client.call(
                Tcreate(fid: file.number, name: name, permissions: mode, mode: 0, detail: detail),
                Rcreate.self
            )
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
