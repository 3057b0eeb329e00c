public import FileTree

extension FUSEServer {
    /// Changes the owner and the group of the file whose `st_ino` in the mount is `inode`, where
    /// the kernel would not; nil leaves what there is.
    ///
    /// It waits for the kernel, and so must not be called from within the tree. Errors: `.notFound`
    /// where the kernel knows of none; the tree's.
    public func own(inode: UInt64, uid: UInt32?, gid: UInt32?) throws(FileError) {
        guard let node = node(inode: inode) else { throw FileError(.notFound) }
        var change = StatChange()
        change.uid = uid
        change.gid = gid
        try node.change(change, by: .superuser)
        if node.file != nil { try node.dropCapabilities() }
        invalidate(node)
    }

    /// Makes a device of root's in the directory whose `st_ino` in the mount is `inode`, where the
    /// kernel would not.
    ///
    /// `mode` is type and permissions, `device` as st_rdev is. It waits for the kernel, and so must
    /// not be called from within the tree. Errors: `.notFound` where the kernel knows of none; the
    /// tree's.
    public func makeDevice(
        _ name: [UInt8],
        in inode: UInt64,
        mode: UInt32,
        device: UInt64
    ) throws(FileError) {
        guard let node = node(inode: inode) else { throw FileError(.notFound) }
        guard let directory = node.directory else { throw FileError(.notDirectory) }
        let mode = Mode(rawValue: mode)
        _ = try directory.createNode(
            name.span.bytes,
            type: mode.type,
            device: device,
            NewNode(permissions: mode.permissions, uid: 0, gid: 0)
        )
        invalidate(name: name, in: directory)
        invalidate(directory)
    }
}
