/// A point in time: seconds since 1970 UTC, and nanoseconds below a second.
@frozen
public struct Timestamp: Hashable, Sendable, Comparable {
    /// Seconds since the epoch; negative before it.
    public var seconds: Int64
    /// 0 to 999,999,999.
    public var nanoseconds: UInt32

    /// Makes a time.
    @inlinable
    public init(seconds: Int64, nanoseconds: UInt32 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// Earlier than.
    @inlinable
    public static func < (a: Timestamp, b: Timestamp) -> Bool {
        (a.seconds, a.nanoseconds) < (b.seconds, b.nanoseconds)
    }
}

/// A file's attributes; trivially copied, so that answering a Tgetattr allocates nothing.
///
/// The name is the node's, owners' names are the tree's.
@frozen
public struct Stat: Hashable, Sendable {
    /// The file's identity and version.
    public var qid: Qid
    /// Type and permissions.
    public var mode: Mode
    /// The owner's number.
    public var uid: UInt32 = 0
    /// The group's number.
    public var gid: UInt32 = 0
    /// How many names the file has in this view; 1 for directories ("unknown" to find and tar).
    public var links: UInt64 = 1
    /// Bytes; 0 for directories.
    public var size: UInt64 = 0
    /// Bytes the file occupies; less than `size` when it has holes.
    public var allocated: UInt64 = 0
    /// What a device node stands for, as Linux's `makedev` packs it; else 0.
    public var device: UInt64 = 0
    /// Last read.
    public var accessed = Timestamp(seconds: 0)
    /// Last change of the contents.
    public var modified = Timestamp(seconds: 0)
    /// Last change of contents or attributes.
    public var changed = Timestamp(seconds: 0)

    /// Makes the attributes of an empty file that belongs to 0:0 and is as old as the epoch.
    @inlinable
    public init(qid: Qid, mode: Mode) {
        self.qid = qid
        self.mode = mode
    }

    /// Sets all three times.
    @inlinable
    public mutating func setTimes(_ time: Timestamp) {
        accessed = time
        modified = time
        changed = time
    }
}

/// Attributes to be set; nil leaves one alone.
public struct StatChange: Sendable, Hashable {
    /// A time to set, or the server's clock.
    public enum Time: Sendable, Hashable {
        /// The time at which the request is carried out.
        case now
        /// A time that the client gave.
        case at(Timestamp)
    }

    /// The twelve lower bits of the mode.
    public var permissions: UInt32?
    /// The owner.
    public var uid: UInt32?
    /// The group.
    public var gid: UInt32?
    /// The length in bytes: the file is cut or extended with zeros.
    public var size: UInt64?
    /// Last read.
    public var accessed: Time?
    /// Last change of the contents.
    public var modified: Time?

    /// Makes a change of nothing.
    public init() {}

    /// Whether nothing is to be changed: a request to put all on stable storage.
    public var isEmpty: Bool { self == StatChange() }
}

/// How much room a tree has.
///
/// See statfs(2).
public struct Statfs: Sendable, Hashable {
    /// The file system's magic number; v9fs shows its own.
    public var type: UInt32 = 0x0102_1997
    /// Bytes a block.
    public var blockSize: UInt32 = 4096
    /// Blocks in all.
    public var blocks: UInt64 = 0
    /// Free blocks.
    public var free: UInt64 = 0
    /// Files in all.
    public var files: UInt64 = 0
    /// Files that can still be made.
    public var freeFiles: UInt64 = 0
    /// An identity of the file system.
    public var id: UInt64 = 0
    /// The longest name, in bytes.
    public var longestName: UInt32 = 255

    /// Makes the figures of a tree that is full.
    public init() {}
}
