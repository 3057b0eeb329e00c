public import FileTree
import Glibc
import Synchronization

/// The kernel's FUSE protocol on one descriptor, over a tree.
///
/// The kernel's own client checks permissions (`default_permissions`), keeps names, attributes and
/// pages for as long as it is told, and holds locks: whoever sees the mount is of this kernel, and
/// nobody else would know of locks that came here. A request comes only for what it does not know.
/// So a tree is asked as its owner asks.
///
/// See fuse(4) and the kernel's include/uapi/linux/fuse.h.
public final class FUSEServer: Sendable {
    private let conversation: Conversation
    /// Nil once nothing is mounted any more.
    private let descriptor: Mutex<Int32?>

    /// Makes a server of a mount's descriptor, which it owns from now on.
    public init(_ attachment: Attachment, descriptor: Int32, options: Options = Options()) {
        conversation = Conversation(attachment, options)
        self.descriptor = Mutex(descriptor)
    }

    deinit { closeDescriptor() }

    /// Serves on threads of its own until nothing is mounted any more; then returns.
    ///
    /// Afterwards, and after an error, whoever still looks at the mount is told that nobody
    /// answers, and never waits. Errors: `.again` when no thread can be started, `.inputOutput`
    /// for a descriptor that cannot be read. To be called once.
    public func run() throws(FileError) {
        guard let descriptor = descriptor.withLock({ $0 }) else {
            throw FileError(.inputOutput, "the mount is gone")
        }
        defer {
            closeDescriptor()
            conversation.end()
        }
        try Readers(conversation, descriptor).run()
    }

    private func closeDescriptor() {
        let old = descriptor.withLock { descriptor in
            let old = descriptor
            descriptor = nil
            return old
        }
        if let old { close(old) }
    }

    /// Has the kernel forget what `name` in `directory` stands for, or that there is none.
    ///
    /// It waits for the kernel, and so must not be called from within the tree.
    public func invalidate(name: [UInt8], in directory: any Directory) {
        let parent = conversation.nodes.number(of: directory.qidPath)
        notify(.entry(parent: parent, name: name))
    }

    /// Tells the kernel that `name` in `directory`, which stood for `node`, is gone.
    ///
    /// It waits for the kernel, and so must not be called from within the tree.
    public func invalidate(name: [UInt8], in directory: any Directory, removed node: any Node) {
        let parent = conversation.nodes.number(of: directory.qidPath)
        let child = conversation.nodes.number(of: node.qidPath)
        notify(.deletion(parent: parent, child: child, name: name))
    }

    /// Has the kernel forget a file's attributes and bytes, or a directory's listing.
    ///
    /// It waits for the kernel, and so must not be called from within the tree.
    public func invalidate(_ node: any Node) {
        notify(.inode(conversation.nodes.number(of: node.qidPath)))
    }

    private func notify(_ notice: Conversation.Notice) {
        guard (notice.name?.count ?? 0) <= FileName.limit else { return }
        // A copy, so that no lock is held while the kernel is waited for.
        let copy = descriptor.withLock { $0.map { dup($0) } } ?? -1
        guard copy >= 0 else { return }
        conversation.send(notice, to: copy)
        close(copy)
    }

    /// The node whose `st_ino` in the mount is `inode`; nil when the kernel knows of none.
    public func node(inode: UInt64) -> (any Node)? {
        // One that is not there is no error here.
        try? conversation.nodes.find(conversation.nodes.number(of: inode))
    }
}

extension Conversation.Notice {
    /// The name that it is about.
    fileprivate var name: [UInt8]? {
        switch self {
        case .inode, .attributes: nil
        case .entry(_, let name), .deletion(_, _, let name): name
        }
    }
}
