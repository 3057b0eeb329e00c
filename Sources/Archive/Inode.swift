public import FileTree

/// What an index knows of a file, whatever names it has; trivially copied.
@frozen
public struct Inode: Sendable, Hashable {
    /// Its number in the index: the order in which the archive first names it.
    public var number: UInt32
    /// Type and permissions as recorded; nothing is masked.
    public var mode: Mode
    /// The owner's number.
    public var uid: UInt32 = 0
    /// The group's number.
    public var gid: UInt32 = 0
    /// How many names it has in the package; 1 for directories.
    public var links: UInt32 = 1
    /// Last change of the contents.
    public var modified = Timestamp(seconds: 0)
    /// Bytes; 0 for all but regular files.
    public var size: UInt64 = 0
    /// Where its payload starts in the uncompressed tar.
    public var tarOffset: UInt64 = 0
    /// The frame in which its payload starts.
    public var firstFrame: UInt32 = 0
    /// Of a directory, its first entry.
    public var firstEntry: UInt32 = 0
    /// Of a directory, how many entries it has.
    public var entryCount: UInt32 = 0
    @usableFromInline var hash: UInt32 = 0
    @usableFromInline var aux: UInt32 = 0
    @usableFromInline var flags: UInt8 = 0

    @inlinable
    init(number: UInt32, mode: Mode) {
        self.number = number
        self.mode = mode
    }

    /// Whether its payload leaves out runs of zeros.
    @inlinable
    public var isSparse: Bool { flags & IndexLayout.InodeFlags.sparse != 0 }

    /// Whether it has extended attributes.
    @inlinable
    public var hasAttributes: Bool { flags & IndexLayout.InodeFlags.attributes != 0 }
}
