import FileTree
import NineP

extension Session {
    /// Tells a file's attributes to Linux.
    @inline(__always)
    mutating func getattr(_ frame: Frame, _ dialect: Dialect) throws(FileError) {
        let request = try Tgetattr(frame, dialect)
        do throws(FileError) {
            let stat = try find(request.fid).pointee.node.stat()
            var writer = MessageWriter(output.room, dialect)
            // Programs make buffers of this size: larger ones than 128 KiB gain nothing.
            let blockSize = iounit == 0 ? 4096 : min(iounit, 128 << 10)
            try writer.attributes(stat, blockSize: blockSize, tag: frame.tag)
            output.commit(writer.count)
        } catch {
            refuse(frame, error)
        }
    }

    /// Tells a file's attributes to Plan 9.
    ///
    /// See stat(5).
    mutating func stat(_ frame: Frame, _ dialect: Dialect) throws(FileError) {
        let request = try Tstat(frame, dialect)
        do throws(FileError) {
            let fid = try find(request.fid)
            let node = fid.pointee.node
            let attach = fid.pointee.attach
            let stat = try node.stat()
            let isLink = dialect.hasUnixFields && stat.mode.type == .symlink
            let target = isLink ? try node.link?.target() ?? [] : []
            var writer = MessageWriter(output.room, dialect)
            var failure: FileError?
            attach.withName(of: node) { name in
                do throws(FileError) {
                    try name.withUnsafeBytes { (name) throws(FileError) in
                        try target.span.bytes.withUnsafeBytes { (target) throws(FileError) in
                            try writer.stat(
                                stat,
                                name: name,
                                owners: attach.owners.names(of: stat),
                                target: target,
                                tag: frame.tag
                            )
                        }
                    }
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
            output.commit(writer.count)
        } catch {
            refuse(frame, error)
        }
    }

    /// Tells how much room there is.
    func statfs(_ request: Tstatfs) throws(FileError) -> Rstatfs {
        let figures = try find(request.fid).pointee.attach.tree.statfs()
        return Rstatfs(
            type: figures.type,
            blockSize: figures.blockSize,
            blocks: figures.blocks,
            free: figures.free,
            available: figures.free,
            files: figures.files,
            freeFiles: figures.freeFiles,
            id: figures.id,
            longestName: figures.longestName
        )
    }

    /// Sets a file's attributes as Linux asks.
    mutating func setattr(_ request: Tsetattr) throws(FileError) -> Rsetattr {
        let fid = try find(request.fid)
        let change = request.change
        if change.size != nil { try Self.checkResize(fid.pointee) }
        if !change.isEmpty { try fid.pointee.node.change(change, by: fid.pointee.attach.user) }
        return Rsetattr()
    }

    /// Refuses to cut what is no file, or what neither the mode nor an open for writing allows.
    static func checkResize(_ fid: Fid) throws(FileError) {
        guard fid.node.directory == nil else { throw FileError(.isDirectory) }
        if let opened = fid.opened, opened.mode.contains(.write) { return }
        try fid.attach.check(.write, of: fid.node)
    }

    /// Puts a file on stable storage.
    mutating func fsync(_ request: Tfsync) throws(FileError) -> Rfsync {
        let fid = try find(request.fid)
        if let file = fid.pointee.opened?.file {
            try file.sync()
        } else {
            try fid.pointee.node.sync()
        }
        return Rfsync()
    }
}
