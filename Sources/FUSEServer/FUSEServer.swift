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

    /// Serves on this thread and on others until nothing is mounted any more; then returns.
    ///
    /// Afterwards, and after an error, whoever still looks at the mount is told that nobody
    /// answers, and never waits. SIGPIPE stays blocked in this thread. Errors: `.inputOutput` for
    /// a descriptor that cannot be read. To be called once.
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

    /// How many writes have come so far.
    public var writes: UInt64 { conversation.writes.load(ordering: .relaxed) }

    /// Has the kernel bring what mappings have stored, and refuses all that comes from then on, as
    /// if nobody answered any more.
    ///
    /// It waits for the kernel, and so must not be called from within the tree.
    public func shut() {
        if let copy = copiedDescriptor() {
            for (number, node) in conversation.nodes.all where node.file != nil {
                conversation.send(.inode(number), to: copy)
            }
            close(copy)
        }
        conversation.isShut.store(true, ordering: .relaxed)
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

    /// Has the kernel forget a file's attributes and bytes, or a directory's listing.
    ///
    /// It waits for the kernel, and so must not be called from within the tree.
    public func invalidate(_ node: any Node) {
        notify(.inode(conversation.nodes.number(of: node.qidPath)))
    }

    /// A name of a directory that others have changed.
    public struct ChangedName: Sendable {
        /// The name.
        public var name: [UInt8]
        /// The qid's path of the file that it stands for, as before, with other attributes; nil
        /// where it stands for another by now, or for nothing, or did for nothing.
        public var file: UInt64?

        /// Makes one.
        public init(_ name: [UInt8], file: UInt64? = nil) {
            self.name = name
            self.file = file
        }
    }

    /// Has the kernel forget what has changed in all directories that it knows.
    ///
    /// `changes` is asked for each of them, after the tree has changed. For each name the kernel
    /// waits for those who look it up or list the directory, so that no answer of the time
    /// before is kept; what comes behind it goes by then, too. It must not be called from within
    /// the tree.
    public func invalidate(_ changes: (any Directory) -> [ChangedName]) {
        guard let copy = copiedDescriptor() else { return }
        defer { close(copy) }
        let all = conversation.nodes.all
        for case (let number, let directory?) in all.map({ ($0.number, $0.node.directory) }) {
            let names = changes(directory)
            guard !names.isEmpty else { continue }
            for name in names where name.name.count <= FileName.limit {
                let notice = Conversation.Notice.entry(
                    parent: number,
                    name: name.name,
                    staysKnown: name.file != nil
                )
                conversation.send(notice, to: copy)
            }
            for case (let name, let file?) in names.map({ ($0.name, $0.file) }) {
                conversation.renew(name, in: directory)
                conversation.send(.inode(conversation.nodes.number(of: file)), to: copy)
            }
            // The listing.
            conversation.send(.inode(number), to: copy)
        }
        for (_, node) in all where node.directory == nil { conversation.renew(node) }
    }

    private func notify(_ notice: Conversation.Notice) {
        guard (notice.name?.count ?? 0) <= FileName.limit, let copy = copiedDescriptor() else {
            return
        }
        conversation.send(notice, to: copy)
        close(copy)
    }

    /// A copy, so that no lock is held while the kernel is waited for; nil when nothing is mounted.
    private func copiedDescriptor() -> Int32? {
        let copy = descriptor.withLock { $0.map { fcntl($0, F_DUPFD_CLOEXEC, 0) } } ?? -1
        return copy < 0 ? nil : copy
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
        case .entry(_, let name, _): name
        }
    }
}
