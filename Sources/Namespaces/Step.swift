public import FileTree

/// One step on the way to a view; they are done in order, by the view's own first process.
///
/// A mount's place is made when it is missing, but only below what the view itself has mounted as
/// `temporary`, or its bare root: nothing is ever made on the host's disk on the way.
public enum Step: Sendable, Hashable {
    /// A FUSE mount, whose device is handed to the one who started the view and serves it.
    ///
    /// `options` is what stands behind `fd`, `rootmode`, `user_id` and `group_id`, which are known
    /// here: such as `default_permissions,allow_other`. Of a mount that is `readOnly` the kernel
    /// knows that reading changes nothing, and asks for attributes once.
    case fuse(at: Place, options: String, readOnly: Bool = false)
    /// An overlayfs: the first of `lower` lies on top. Without `upper` it is read-only; with it,
    /// `work` is an empty directory of the same file system.
    case overlay(lower: [Place], upper: Place? = nil, work: Place? = nil, at: Place)
    /// What is at `from` also at `at`: with the mounts below it when `recursive`.
    ///
    /// `readOnly` counts for all of them.
    case bind(from: Place, at: Place, recursive: Bool = true, readOnly: Bool = false)
    /// An empty file system in memory, of at most so many bytes (half the memory when nil).
    case temporary(at: Place, mode: UInt32 = 0o755, size: UInt64? = nil)
    /// The processes of the view; in a view without its own it is the host's.
    case processes(at: Place)
    /// A small /dev: null, zero, full, random, urandom, tty, pts, shm, and the links to descriptors.
    case devices(at: Place)
    /// Any other mount: `mount -t type -o data source at`, with mount(2)'s flags. A source that is
    /// no file needs none.
    case mount(type: String, source: Place? = nil, data: String, flags: UInt = 0, at: Place)
    /// A directory, and those above it; one that is there stays as it is.
    case directory(at: Place, mode: UInt32 = 0o755)
    /// An empty file, to bind another on; one that is there stays as it is.
    case file(at: Place, mode: UInt32 = 0o644)
    /// A symbolic link.
    case link(at: Place, target: PathBytes)
    /// The descriptor of a directory is handed to the one who started the view; the steps behind
    /// wait until it has been filled.
    case fill(at: Place)
}
