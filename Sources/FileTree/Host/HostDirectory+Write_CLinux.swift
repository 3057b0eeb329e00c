import CLinux
import Glibc

extension HostDirectory {
    func createFile(_ name: RawSpan, _ attributes: NewNode) throws(FileError) -> any File {
        try Self.refuseSetID(attributes.permissions, now: Mode(.regular, 0))
        let (directory, _) = try foundToChange()
        let place = place(of: Array(name))
        let made = try directory.createFile(place.name, permissions: attributes.permissions)
        let status = try made.status()
        place.root.noteMade(status)
        return HostFile(place, place.root.identity(status), made: made)
    }

    func createDirectory(
        _ name: RawSpan,
        _ attributes: NewNode
    ) throws(FileError) -> any Directory {
        let (directory, _) = try foundToChange()
        let place = place(of: Array(name))
        let made = try directory.createDirectory(place.name, permissions: attributes.permissions)
        let status = try made.status()
        place.root.noteMade(status)
        return HostDirectory(place, place.root.identity(status))
    }

    func createLink(
        _ name: RawSpan,
        to target: RawSpan,
        _ attributes: NewNode
    ) throws(FileError) -> any Node {
        guard (1..<4096).contains(target.byteCount) else { throw FileError(.nameTooLong) }
        let (directory, _) = try foundToChange()
        let place = place(of: Array(name))
        try directory.createLink(place.name, to: Array(target))
        guard let status = directory.status(of: place.name) else { throw FileError(.notFound) }
        place.root.noteMade(status)
        return node(at: place, status)
    }

    /// Refuses all but regular files: a device is the host's own to make.
    func createNode(
        _ name: RawSpan,
        type: FileType,
        device: UInt64,
        _ attributes: NewNode
    ) throws(FileError) -> any Node {
        guard type != .directory, type != .symlink else { throw FileError(.invalid) }
        if type == .regular { return try createFile(name, attributes) }
        guard place.root.isWritable else { throw FileError(.readOnly) }
        throw FileError(.notPermitted, "no device, fifo or socket is made on the host")
    }

    func addName(_ name: RawSpan, for node: any Node) throws(FileError) {
        guard place.root.isWritable else { throw FileError(.readOnly) }
        guard let node = node as? any HostNode, node.place.root === place.root else {
            throw FileError(.crossDevice)
        }
        guard node.directory == nil else { throw FileError(.notPermitted) }
        let (directory, _) = try foundToChange()
        let place = place(of: Array(name))
        try directory.addName(place.name, for: node.found().descriptor)
        place.root.note(node.identity, namedAt: place)
    }

    func remove(_ name: RawSpan, expected: Removal) throws(FileError) {
        let (directory, _) = try foundToChange()
        let name = Array(name)
        guard let status = directory.status(of: name) else { throw FileError(.notFound) }
        let isDirectory = Mode(rawValue: status.mode).type == .directory
        switch expected {
        case .any: break
        case .file: if isDirectory { throw FileError(.isDirectory) }
        case .directory: if !isDirectory { throw FileError(.notDirectory) }
        }
        try directory.remove(name, isDirectory: isDirectory)
        if isDirectory || status.nlink <= 1 { place.root.noteRemoved(status) }
    }

    func rename(
        _ name: RawSpan,
        to target: any Directory,
        _ newName: RawSpan,
        replacing: Bool
    ) throws(FileError) {
        guard place.root.isWritable else { throw FileError(.readOnly) }
        guard let target = target as? HostDirectory, target.place.root === place.root else {
            throw FileError(.crossDevice)
        }
        let (from, _) = try foundToChange()
        let (to, _) = try target.foundToChange()
        let old = place(of: Array(name))
        let new = target.place(of: Array(newName))
        guard let status = from.status(of: old.name) else { throw FileError(.notFound) }
        let replaced = to.status(of: new.name)
        try from.rename(old.name, to: to, new.name, replacing: replacing)
        // Two names of one file: nothing was done.
        if let replaced, HostIdentity(replaced) == HostIdentity(status) { return }
        place.root.note(place.root.identity(status), movedFrom: old, to: new)
        guard let replaced else { return }
        let wasLast = Mode(rawValue: replaced.mode).type == .directory || replaced.nlink <= 1
        if wasLast { place.root.noteRemoved(replaced) }
    }
}
