import CLinux
import Glibc
public import SystemPackage

/// A directory of the host, read where it lies, and changed there when that is asked for.
///
/// A node is a name in its parent and the identity (device, inode, birth) that was found there;
/// each use steps from the root's descriptor, below it and through no link, and is refused when
/// another file is there by then. So no number of nodes uses up the descriptors, and no name that
/// a client gives leads anywhere but down. Of files that are moved or removed by way of the tree
/// the last 8,192 at least are known, so that nodes live through it.
///
/// What is changed is changed by the user who runs the server, and belongs to him: no file is given
/// to another, no set-id bit is set, no device is made, and of extended attributes only those of
/// users are written. All else is the host's own to allow.
public final class HostTree: Tree {
    /// Who may attach.
    public enum Admission: Sendable {
        /// Whoever runs the server, and root, and for whom their client speaks.
        case owner
        /// Anyone whom the transport lets in.
        case anyone
    }

    private let top: HostDirectory
    private let admission: Admission
    private let descriptor: HostDescriptor

    /// Opens the directory at `path`, links in the path followed this once; without `isWritable`
    /// every change is refused.
    ///
    /// Errors: those of open(2), with the path as context.
    public convenience init(
        _ path: FilePath,
        admission: Admission = .owner,
        isWritable: Bool = false
    ) throws(FileError) {
        try self.init(HostDescriptor.openRoot(path), admission, isWritable)
    }

    /// Opens the directory that `names` lead to below the one at `path`, through no link.
    ///
    /// Errors: those of open(2), with the whole path as context.
    public convenience init(
        _ path: FilePath,
        below names: [[UInt8]],
        admission: Admission = .owner,
        isWritable: Bool = false
    ) throws(FileError) {
        var descriptor = try HostDescriptor.openRoot(path)
        if !names.isEmpty {
            let rest = Array(names.joined(separator: [UInt8(ascii: "/")]))
            do throws(FileError) {
                descriptor = try descriptor.open(
                    rest + [0],
                    pak_o_path | O_DIRECTORY | O_NOFOLLOW
                )
            } catch {
                let start = "\(path)"
                let slash = start.utf8.last == UInt8(ascii: "/") ? "" : "/"
                throw error.at(start + slash + String(decoding: rest, as: UTF8.self))
            }
        }
        try self.init(descriptor, admission, isWritable)
    }

    private init(
        _ descriptor: HostDescriptor,
        _ admission: Admission,
        _ isWritable: Bool
    ) throws(FileError) {
        self.admission = admission
        self.descriptor = descriptor
        let root = HostRoot(descriptor, isWritable: isWritable)
        top = HostDirectory(
            HostPlace(root: root, parent: nil, name: []),
            root.identity(try descriptor.status())
        )
    }

    /// The directory itself.
    public var root: any Directory { top }

    /// Gives the root to those who are admitted; it has no other name than the empty one.
    public func attach(as user: User, to name: String) throws(FileError) -> Attachment {
        guard user.isOwner || user.hasUnknownGroups || admission == .anyone else {
            throw FileError(.permission)
        }
        guard name.isEmpty || name == "/" else { throw FileError(.notFound, name) }
        return Attachment(root: top, tree: self)
    }

    /// The figures of the file system that holds the directory.
    public func statfs() throws(FileError) -> Statfs { try descriptor.statfs() }
}
