internal import FileTree
internal import NineP

/// A directory at a server.
final class RemoteDirectory: RemoteNode, Directory {
    let named: RemoteName

    init(_ named: RemoteName) { self.named = named }

    func lookup(_ name: RawSpan) throws(FileError) -> any Node { try find(Array(name)) }

    private func find(_ name: [UInt8]) throws(FileError) -> any Node {
        let found = try fid.walk([name])
        // A qid tells directories and links from the rest; devices show in the mode alone.
        let type: FileType
        if found.qid.type.contains(.directory) {
            type = .directory
        } else if found.qid.type.contains(.symlink) {
            type = .symlink
        } else {
            type = try found.stat().stat.mode.type
        }
        let named = RemoteName(fid: found, name: name, parent: self)
        return switch type {
        case .directory: RemoteDirectory(named)
        case .symlink: RemoteLink(named)
        case .regular: RemoteFile(named)
        case .characterDevice, .blockDevice, .fifo, .socket: RemoteDevice(named)
        }
    }

    func entries(
        from cookie: UInt64,
        _ body: (borrowing DirectoryEntry, RawSpan) -> Bool
    ) throws(FileError) {
        let open = try fid.walk([])
        try open.open()
        if fid.client.dialect == .linux {
            var offset = cookie
            while true {
                let (entries, next) = try open.entries(at: offset)
                if next == offset { return }
                for entry in entries {
                    let stat = try fid.walk([entry.name]).stat().stat
                    let shown = DirectoryEntry(stat: stat, next: entry.next ?? next)
                    guard body(shown, entry.name.span.bytes) else { return }
                }
                offset = next
            }
        }
        // A listing can only be read from its start there: the cookie counts entries.
        let entries = try open.entries()
        guard cookie <= UInt64(entries.count) else { throw FileError(.badDirectoryOffset) }
        for (position, entry) in entries.enumerated().dropFirst(Int(cookie)) {
            guard let stat = entry.attributes?.stat else { continue }
            let shown = DirectoryEntry(stat: stat, next: UInt64(position + 1))
            guard body(shown, entry.name.span.bytes) else { return }
        }
    }

    func createFile(_ name: RawSpan, _ attributes: NewNode) throws(FileError) -> any File {
        let name = Array(name)
        // Exclusive by a look before, as Linux's own client does it.
        try refuseExisting(name)
        let made = try fid.walk([])
        try made.create(
            name,
            permissions: attributes.permissions,
            [.read, .write],
            group: attributes.gid
        )
        let found = try fid.walk([name])
        return RemoteFile(RemoteName(fid: found, name: name, parent: self))
    }

    private func refuseExisting(_ name: [UInt8]) throws(FileError) {
        do throws(FileError) { _ = try fid.walk([name]) } catch {
            if error.kind == .notFound { return }
            throw error
        }
        throw FileError(.exists)
    }

    func createDirectory(
        _ name: RawSpan,
        _ attributes: NewNode
    ) throws(FileError) -> any Directory {
        let name = Array(name)
        try fid.makeDirectory(
            name,
            permissions: attributes.permissions,
            group: attributes.gid
        )
        return RemoteDirectory(RemoteName(fid: try fid.walk([name]), name: name, parent: self))
    }

    func createLink(
        _ name: RawSpan,
        to target: RawSpan,
        _ attributes: NewNode
    ) throws(FileError) -> any Node {
        let name = Array(name)
        try fid.makeLink(name, to: Array(target), group: attributes.gid)
        return RemoteLink(RemoteName(fid: try fid.walk([name]), name: name, parent: self))
    }

    func createNode(
        _ name: RawSpan,
        type: FileType,
        device: UInt64,
        _ attributes: NewNode
    ) throws(FileError) -> any Node {
        let name = Array(name)
        try fid.makeNode(
            name,
            mode: Mode(type, attributes.permissions),
            major: DeviceNumber.split(device).major,
            minor: DeviceNumber.split(device).minor,
            group: attributes.gid
        )
        return RemoteDevice(RemoteName(fid: try fid.walk([name]), name: name, parent: self))
    }

    func addName(_ name: RawSpan, for node: any Node) throws(FileError) {
        guard let node = node as? any RemoteNode, node.fid.client === fid.client else {
            throw FileError(.crossDevice)
        }
        try fid.addName(Array(name), for: node.fid)
    }

    func remove(_ name: RawSpan, expected: Removal) throws(FileError) {
        let name = Array(name)
        let isDirectory = try fid.walk([name]).qid.type.contains(.directory)
        switch expected {
        case .any: break
        case .file: if isDirectory { throw FileError(.isDirectory) }
        case .directory: if !isDirectory { throw FileError(.notDirectory) }
        }
        try fid.remove(name, isDirectory: isDirectory)
    }

    func rename(
        _ name: RawSpan,
        to target: any Directory,
        _ newName: RawSpan,
        replacing: Bool
    ) throws(FileError) {
        guard let target = target as? RemoteDirectory, target.fid.client === fid.client else {
            throw FileError(.crossDevice)
        }
        let newName = Array(newName)
        if !replacing { try target.refuseExisting(newName) }
        try fid.rename(Array(name), to: target.fid, newName, replacing: replacing)
    }
}
