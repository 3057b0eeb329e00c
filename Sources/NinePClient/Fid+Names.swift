public import FileTree
internal import NineP

extension Fid {
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
}
