internal import FileTree

/// A file of bytes in another server's tree.
final class RemoteBaseFile: RemoteBaseNode, File {
    let named: RemoteBaseName

    init(_ named: consuming RemoteBaseName) { self.named = named }

    func open(_ mode: OpenMode) throws(FileError) -> any OpenFile {
        guard mode == .read else { throw FileError(.readOnly) }
        try store.beginOpen()
        do throws(FileError) {
            return OpenRemoteFile(self, try opened())
        } catch {
            store.endOpen()
            throw error
        }
    }

    /// The file opened at the server.
    func opened() throws(FileError) -> OpenedFid {
        try store.ask(self) { (fid) throws(FileError) in
            let open = try fid.walk([])
            let qid = try open.open(.read)
            guard qid.path == path else { throw FileError(.notFound) }
            if let known = store.known(path), known.qid.version == qid.version {
                return OpenedFid(fid: open, version: qid.version, size: known.size)
            }
            let stat = try open.stat().stat
            guard stat.qid.path == path else { throw FileError(.notFound) }
            store.learn(stat)
            // Changed since it was opened: the next who opens it has the new version.
            let version = stat.qid.version == qid.version ? qid.version : 0
            return OpenedFid(fid: open, version: version, size: stat.size)
        }
    }
}

/// A file opened at a server, and what it was like then.
struct OpenedFid: Sendable {
    let fid: Fid
    let version: UInt32
    let size: UInt64
}
