import CLinux
import Glibc

/// A directory of the host.
///
/// `@unchecked`, as the language has an heir say again: nothing of it changes.
final class HostDirectory: HostNode, Directory, @unchecked Sendable {
    override var directory: (any Directory)? { self }

    func lookup(_ name: RawSpan) throws(FileError) -> any Node {
        let place = HostPlace(root: place.root, parent: self, name: Array(name))
        let status = try place.root.open(place.path, pak_o_path | O_NOFOLLOW).status()
        let identity = HostIdentity(status)
        switch Mode(rawValue: status.mode).type {
        case .directory: return HostDirectory(place, identity)
        case .regular: return HostFile(place, identity)
        case .symlink: return HostLink(place, identity)
        default: return HostNode(place, identity)
        }
    }

    func entries(
        from cookie: UInt64,
        _ body: (borrowing DirectoryEntry, RawSpan) -> Bool
    ) throws(FileError) {
        let open = try found().descriptor.reopened(O_RDONLY | O_DIRECTORY)
        try open.entries(from: cookie) { name, next in
            // Gone since the kernel listed it: as if it had been gone before.
            guard let status = open.status(of: name) else { return true }
            let entry = DirectoryEntry(stat: Stat(status), next: next)
            return body(entry, UnsafeRawBufferPointer(start: name, count: strlen(name)).bytes)
        }
    }
}
