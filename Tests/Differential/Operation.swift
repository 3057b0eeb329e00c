/// One thing that a program does to a tree of files; paths are below its root, the root is "".
public enum Operation: Hashable, Sendable {
    /// Makes an empty file: O_CREAT and O_EXCL.
    case create(String, permissions: UInt32)
    /// Writes into a file that is there.
    case write(String, Pattern, at: Int)
    /// Opens a file with O_TRUNC and writes from its start.
    case replace(String, Pattern)
    /// Writes with O_APPEND.
    case append(String, Pattern)
    /// Sets a file's length.
    case resize(String, Int)
    /// Makes a directory.
    case makeDirectory(String, permissions: UInt32)
    /// Makes a symbolic link.
    case makeLink(String, to: String)
    /// Makes a fifo, or the null device.
    case makeNode(String, isDevice: Bool)
    /// Removes a name, of anything but a directory.
    case unlink(String)
    /// Removes an empty directory.
    case removeDirectory(String)
    /// Moves a file or a directory; what has the new name is replaced.
    case rename(String, to: String)
    /// Gives a file a further name.
    case link(String, to: String)
    /// chmod(2), never through a link.
    case permissions(String, UInt32)
    /// lchown(2).
    case owner(String, uid: UInt32, gid: UInt32)
    /// Sets when the contents were changed last.
    case modified(String, seconds: Int64, nanoseconds: UInt32)
    /// Sets an attribute of the user's, or removes it.
    case attribute(String, name: String, Pattern?)
    /// Reads a whole file.
    case read(String)
    /// Looks at the attributes.
    case stat(String)
    /// Lists a directory.
    case list(String)
    /// Opens a file into a slot, where it stays open while names come and go.
    case hold(Int, String)
    /// Writes to the open file of a slot.
    case heldWrite(Int, Pattern, at: Int)
    /// Reads the open file of a slot, and its attributes.
    case heldRead(Int)
    /// Sets the length of the open file of a slot.
    case heldResize(Int, Int)
    /// fchmod(2) on the open file of a slot.
    case heldPermissions(Int, UInt32)
    /// Closes a slot's file.
    case release(Int)
    /// Closes everything; a tree that outlives its server is opened again.
    case reopen

    /// Whether it sets an attribute of the root.
    var isOfRoot: Bool {
        switch self {
        case .permissions("", _), .owner("", _, _), .modified("", _, _), .attribute("", _, _): true
        default: false
        }
    }

    /// How many slots there are.
    public static let slots = 3
}

extension Operation: CustomStringConvertible {
    /// The operation as a line for people.
    public var description: String {
        switch self {
        case .create(let path, let permissions): "create \(path) \(octal(permissions))"
        case .write(let path, let bytes, let offset): "write \(path) \(bytes) at \(offset)"
        case .replace(let path, let bytes): "replace \(path) \(bytes)"
        case .append(let path, let bytes): "append \(path) \(bytes)"
        case .resize(let path, let size): "resize \(path) to \(size)"
        case .makeDirectory(let path, let permissions): "mkdir \(path) \(octal(permissions))"
        case .makeLink(let path, let target): "symlink \(path) to \(target)"
        case .makeNode(let path, let isDevice): "mknod \(path) \(isDevice ? "null" : "fifo")"
        case .unlink(let path): "unlink \(path)"
        case .removeDirectory(let path): "rmdir \(path)"
        case .rename(let path, let new): "rename \(path) to \(new)"
        case .link(let path, let new): "link \(path) to \(new)"
        case .permissions(let path, let permissions): "chmod \(path) \(octal(permissions))"
        case .owner(let path, let uid, let gid): "chown \(path) \(uid):\(gid)"
        case .modified(let path, let seconds, let rest): "utimes \(path) \(seconds) \(rest)"
        case .attribute(let path, let name, let value):
            "xattr \(path) \(name) " + (value.map { "\($0)" } ?? "removed")
        case .read(let path): "read \(path)"
        case .stat(let path): "stat \(path)"
        case .list(let path): "list \(path)"
        case .hold(let slot, let path): "open \(path) as \(slot)"
        case .heldWrite(let slot, let bytes, let offset): "fwrite \(slot) \(bytes) at \(offset)"
        case .heldRead(let slot): "fread \(slot)"
        case .heldResize(let slot, let size): "ftruncate \(slot) to \(size)"
        case .heldPermissions(let slot, let permissions): "fchmod \(slot) \(octal(permissions))"
        case .release(let slot): "close \(slot)"
        case .reopen: "reopen"
        }
    }

    private func octal(_ permissions: UInt32) -> String { String(permissions, radix: 8) }
}
