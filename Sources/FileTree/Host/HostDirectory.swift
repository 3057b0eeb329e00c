import CLinux
import Glibc

/// A directory of the host.
final class HostDirectory: HostNode, Directory {
    let place: HostPlace
    let identity: HostIdentity

    init(_ place: HostPlace, _ identity: HostIdentity) {
        self.place = place
        self.identity = identity
    }

    func lookup(_ name: RawSpan) throws(FileError) -> any Node {
        let (place, status) = try found(name)
        return node(at: place, status)
    }

    func entry(named name: RawSpan) throws(FileError) -> NamedEntry {
        let (place, status) = try found(name)
        return NamedEntry(node(at: place, status), place.root.stat(status))
    }

    private func found(_ name: RawSpan) throws(FileError) -> (HostPlace, pak_stat) {
        let place = place(of: Array(name))
        let descriptor = try place.root.descriptor.open(place.path, pak_o_path | O_NOFOLLOW)
        return (place, try descriptor.status())
    }

    /// Where a name of this directory is.
    func place(of name: [UInt8]) -> HostPlace {
        HostPlace(root: place.root, parent: self, name: name)
    }

    /// The node of what was found at a place.
    func node(at place: HostPlace, _ status: pak_stat) -> any Node {
        let identity = place.root.identity(status)
        return switch Mode(rawValue: status.mode).type {
        case .directory: HostDirectory(place, identity)
        case .regular: HostFile(place, identity)
        case .symlink: HostLink(place, identity)
        default: HostDevice(place, identity)
        }
    }

    func entries(
        from cookie: UInt64,
        _ body: (borrowing DirectoryEntry, RawSpan) -> Bool
    ) throws(FileError) {
        try list(from: cookie) { status, name, next in
            body(DirectoryEntry(stat: place.root.stat(status), next: next), name.bytes)
        }
    }

    var listsNodes: Bool { true }

    func listNodes(
        from cookie: UInt64,
        _ body: (borrowing DirectoryEntry, RawSpan, _ node: any Node) -> Bool
    ) throws(FileError) {
        try list(from: cookie) { status, name, next in
            let entry = DirectoryEntry(stat: place.root.stat(status), next: next)
            return body(entry, name.bytes, node(at: self.place(of: Array(name)), status))
        }
    }

    private func list(
        from cookie: UInt64,
        _ body: (pak_stat, UnsafeRawBufferPointer, _ next: UInt64) -> Bool
    ) throws(FileError) {
        let open = try found().descriptor.reopened(O_RDONLY | O_DIRECTORY)
        try open.entries(from: cookie) { name, next in
            // Gone since the kernel listed it: as if it had been gone before.
            guard let status = open.status(of: name) else { return true }
            return body(status, UnsafeRawBufferPointer(start: name, count: strlen(name)), next)
        }
    }
}
