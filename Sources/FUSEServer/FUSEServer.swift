public import FileTree

/// The kernel's FUSE protocol on one descriptor, over a tree.
///
/// The kernel's own client checks permissions (`default_permissions`), keeps names, attributes and
/// pages for as long as it is told, and holds locks; a request comes only for what it does not
/// know. So a tree is asked as its owner asks.
///
/// See fuse(4) and the kernel's include/uapi/linux/fuse.h.
public final class FUSEServer: Sendable {
    /// How a tree is served.
    public struct Options: Sendable {
        /// How long the kernel keeps names, the lack of them and attributes, in seconds.
        public enum Caching: Sendable, Hashable {
            /// For ever: nothing changes but through this mount, or by `invalidate`.
            case endless
            /// For so many seconds: others change the tree, too.
            case seconds(Double)
        }

        /// How long the kernel may keep what it has seen.
        public var caching = Caching.endless
        /// Changes are passed on to the tree; else all are refused.
        public var isWritable = false
        /// The kernel gathers writes and brings them later: at close(2), at the latest.
        public var writesBack = false
        /// How many threads read requests; further ones start while those wait for bytes.
        public var threads = 2
        /// Takes lines for people: what goes wrong in the conversation itself.
        public var log: @Sendable (String) -> Void = { _ in }

        /// Makes the options of a tree that never changes.
        public init() {}
    }

    private let attachment: Attachment
    private let descriptor: Int32
    private let options: Options

    /// Makes a server of a mount's descriptor, which it owns from now on.
    public init(_ attachment: Attachment, descriptor: Int32, options: Options = Options()) {
        self.attachment = attachment
        self.descriptor = descriptor
        self.options = options
    }

    /// Serves on threads of its own until nothing is mounted any more; then returns.
    ///
    /// Errors: `.unsupported` for a kernel that speaks no FUSE 7.31, `.inputOutput` for a
    /// descriptor that cannot be read. To be called once.
    public func run() throws(FileError) { throw FileError(.unsupported) }

    /// Has the kernel forget what `name` in `directory` stands for, or that there is none.
    ///
    /// It waits for the kernel, and so must not be called from within the tree.
    public func invalidate(name: [UInt8], in directory: any Directory) {}

    /// Has the kernel forget a file's attributes and bytes, or a directory's listing.
    ///
    /// It waits for the kernel, and so must not be called from within the tree.
    public func invalidate(_ node: any Node) {}

    /// The node whose `st_ino` in the mount is `inode`; nil when the kernel knows of none.
    public func node(inode: UInt64) -> (any Node)? { nil }
}
