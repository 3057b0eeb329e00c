/// A server's name for one version of one file: two files of a tree are the same if and only if
/// their qids' paths are.
///
/// On the wire `type[1] version[4] path[8]`.
///
/// See intro(5).
@frozen
public struct Qid: Hashable, Sendable {
    /// What kind of file it is; the high byte of a directory entry's mode.
    public var type: Kind
    /// Changes whenever the contents do; 0 tells Linux never to cache them.
    public var version: UInt32
    /// Never used again for another file, and never 2^64-1 or 2^64-2 (v9fs adds 2).
    public var path: UInt64

    /// Makes a qid of its three parts.
    @inlinable
    public init(type: Kind, version: UInt32, path: UInt64) {
        self.type = type
        self.version = version
        self.path = path
    }

    /// The bits of a qid's type.
    @frozen
    public struct Kind: OptionSet, Hashable, Sendable {
        /// The byte on the wire.
        public let rawValue: UInt8

        /// Makes a kind of the byte on the wire.
        @inlinable
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// A plain file has no bit set.
        ///
        /// The corresponding constant is `QTFILE`.
        public static var file: Kind { @inlinable get { [] } }
        /// The corresponding constant is `QTDIR`.
        public static var directory: Kind { @inlinable get { Kind(rawValue: 0x80) } }
        /// Writes go to the end.
        ///
        /// The corresponding constant is `QTAPPEND`.
        public static var append: Kind { @inlinable get { Kind(rawValue: 0x40) } }
        /// Opened by one at a time.
        ///
        /// The corresponding constant is `QTEXCL`.
        public static var exclusive: Kind { @inlinable get { Kind(rawValue: 0x20) } }
        /// An authentication file.
        ///
        /// The corresponding constant is `QTAUTH`.
        public static var authentication: Kind { @inlinable get { Kind(rawValue: 0x08) } }
        /// Not backed up.
        ///
        /// The corresponding constant is `QTTMP`.
        public static var temporary: Kind { @inlinable get { Kind(rawValue: 0x04) } }
        /// A symbolic link (9P2000.u and 9P2000.L).
        ///
        /// The corresponding constant is `QTSYMLINK`.
        public static var symlink: Kind { @inlinable get { Kind(rawValue: 0x02) } }
    }
}
