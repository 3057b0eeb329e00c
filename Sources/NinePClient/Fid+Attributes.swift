public import FileTree
internal import NineP

extension Fid {
    /// The value of an extended attribute; an empty name gives the list of names, each with a NUL
    /// behind it.
    ///
    /// Errors: `.noAttribute` when there is none, `.unsupported` but in 9P2000.L, `.range` for one
    /// longer than Linux allows.
    public func attribute(_ name: [UInt8]) throws(FileError) -> [UInt8] {
        guard client.dialect == .linux else {
            throw FileError(.unsupported, "\(client.dialect.version) has no such request")
        }
        let number = client.newFid()
        let size: UInt64
        do throws(FileError) {
            size = try Bytes.with(name) { (name) throws(FileError) in
                try client.call(
                    Txattrwalk(fid: self.number, newFid: number, name: name),
                    Rxattrwalk.self,
                    newFid: number
                ) { (reply) throws(FileError) in reply.size }
            }
        } catch {
            client.releaseFid(number)
            throw error
        }
        let value = Fid(client, number, qid)
        guard size <= 65536 else { throw FileError(.range, "an attribute of \(size) bytes") }
        return try value.readAll(limit: Int(size))
    }

    /// Sets an extended attribute, in 9P2000.L alone; nil removes it.
    public func setAttribute(_ name: [UInt8], to value: [UInt8]?) throws(FileError) {
        guard client.dialect == .linux else {
            throw FileError(.unsupported, "\(client.dialect.version) has no such request")
        }
        let bytes = value ?? []
        let writer = try walk([])
        try Bytes.with(name) { (name) throws(FileError) in
            // XATTR_REPLACE with no bytes removes.
            let request = Txattrcreate(
                fid: writer.number,
                name: name,
                size: UInt64(bytes.count),
                flags: value == nil ? 2 : 0
            )
            try client.call(request, Rxattrcreate.self)
        }
        if !bytes.isEmpty { try writer.write(bytes, at: 0) }
        // It is set by the clunk: that is what fails.
        try writer.clunk()
    }

    /// The room of the file's tree; 9P2000.L alone.
    public func statfs() throws(FileError) -> Statfs {
        guard client.dialect == .linux else {
            throw FileError(.unsupported, "\(client.dialect.version) has no such request")
        }
        return try client.call(Tstatfs(fid: number), Rstatfs.self) { (reply) throws(FileError) in
            var room = Statfs()
            room.type = reply.type
            room.blockSize = reply.blockSize
            room.blocks = reply.blocks
            room.free = reply.free
            room.files = reply.files
            room.freeFiles = reply.freeFiles
            room.id = reply.id
            room.longestName = reply.longestName
            return room
        }
    }
}
