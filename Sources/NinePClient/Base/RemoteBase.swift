public import FileTree
internal import Glibc
internal import NineP

/// Another server's tree, read-only and with a memory of what was read: what lies below a union or
/// a capture.
///
/// What is remembered is bounded in entries and bytes, whatever the tree's size. Names, attributes
/// and listings are believed for `freshness`; then the server is asked again. Bytes of a file are
/// known by the version that its qid has when the file is opened, and are good as long as it has
/// that version; version 0 says never to keep them. Fids at the server are few and shared: a node
/// is a name in its parent and the qid path found there, and is refused when another file is there
/// by then.
///
/// Reads of what is not remembered have to wait, and say so (`OpenFile.isReady`): they keep no
/// conversation from being served. All other calls wait in the thread that asks, which serves one
/// conversation: others go on, since nothing is locked meanwhile. No wait is longer than
/// `patience`; a server that let one pass is given a tenth of it until it says a word again. Then,
/// and when a server dies or talks nonsense, the call fails with `.inputOutput`; the server is
/// dialed again by the next call, though not more than once in `freshness`. Nodes live through
/// that, and open files whose version is the same afterwards.
public final class RemoteBase: Tree {
    /// How much is remembered, and how long is waited.
    public struct Options: Sendable {
        /// Whose name the server is told; nil for that of who runs this process.
        public var user: User?
        /// Who may attach; files of another machine are as much the owner's as the host's own.
        public var admission = HostTree.Admission.owner
        /// Milliseconds for any answer.
        public var patience = 10_000
        /// Milliseconds for which names, attributes and listings are believed.
        public var freshness = 1000
        /// The longest message offered, in bytes.
        public var messageSize = 131_096
        /// Entries of attributes and of names, each.
        public var entries = 32_768
        /// Bytes of listings, links and extended attributes, all together.
        public var listingBytes = 8 << 20
        /// Bytes of files.
        public var fileBytes = 64 << 20
        /// Fids held for nodes; open files have their own.
        public var fids = 256
        /// Files open at a time; one more is `.tooManyFiles`.
        public var openFiles = 4096
        /// Names of one directory; a server that tells more has no end.
        public var names = 1 << 24
        /// Nanoseconds on a clock that only goes forward.
        public var clock: @Sendable () -> UInt64 = {
            var now = timespec()
            clock_gettime(CLOCK_MONOTONIC, &now)
            return UInt64(now.tv_sec) &* 1_000_000_000 &+ UInt64(now.tv_nsec)
        }

        /// Makes the usual options.
        public init() {}
    }

    private let store: RemoteStore
    private let top: RemoteBaseDirectory

    /// Connects, and attaches.
    ///
    /// Errors: why the server cannot be reached or does not let us in.
    public convenience init(
        _ address: RemoteAddress,
        _ options: Options = Options()
    ) throws(FileError) {
        try self.init(name: "\(address)", aname: address.aname, options) { () throws(FileError) in
            try Client.dial(
                address.address,
                messageSize: options.messageSize,
                patience: options.patience
            )
        }
    }

    /// Attaches by way of a client that `dial` makes, now and whenever the one before is over.
    init(
        name: String,
        aname: String,
        _ options: Options,
        dial: @escaping @Sendable () throws(FileError) -> Client
    ) throws(FileError) {
        let line = RemoteLine(name: name, aname: aname, options, dial: dial)
        store = RemoteStore(line, options)
        let root = try line.root(of: line.client())
        top = RemoteBaseDirectory(
            RemoteBaseName(store, name: [UInt8(ascii: "/")], in: nil, root.qid)
        )
    }

    /// How much is remembered now: entries of all kinds, and bytes.
    var remembered: (entries: Int, bytes: Int) { store.extent }

    /// The root of the server's tree.
    public var root: any Directory { top }

    /// Gives the root to those who are admitted; it has no other name than the empty one and `/`.
    public func attach(as user: User, to name: String) throws(FileError) -> Attachment {
        guard user.isOwner || user.hasUnknownGroups || store.options.admission == .anyone else {
            throw FileError(.permission)
        }
        guard name.isEmpty || name == "/" else { throw FileError(.notFound, name) }
        return Attachment(root: top, tree: self)
    }

    /// What the server says of its room; nothing is known of it but in 9P2000.L.
    public func statfs() throws(FileError) -> Statfs {
        try store.ask(top) { (fid) throws(FileError) in
            fid.client.dialect == .linux ? try fid.statfs() : Statfs()
        }
    }
}
