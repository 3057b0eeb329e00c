public import FileTree

/// The byte of Topen and Tcreate: what a file is opened for.
///
/// See open(5).
@frozen
public struct OpenByte: Sendable, Hashable {
    /// The byte on the wire.
    public var rawValue: UInt8

    /// Makes one of the byte on the wire.
    @inlinable
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The corresponding constant is `OREAD`.
    public static var read: OpenByte { @inlinable get { OpenByte(rawValue: 0) } }
    /// The corresponding constant is `OWRITE`.
    public static var write: OpenByte { @inlinable get { OpenByte(rawValue: 1) } }
    /// The corresponding constant is `ORDWR`.
    public static var readWrite: OpenByte { @inlinable get { OpenByte(rawValue: 2) } }
    /// The corresponding constant is `OEXEC`.
    public static var execute: OpenByte { @inlinable get { OpenByte(rawValue: 3) } }

    /// Reads, writes, both, or reads what will be run.
    @inlinable public var access: OpenByte { OpenByte(rawValue: rawValue & 3) }
    /// The corresponding constant is `OTRUNC`.
    @inlinable public var truncates: Bool { rawValue & 0x10 != 0 }
    /// The file goes when the fid does.
    ///
    /// The corresponding constant is `ORCLOSE`.
    @inlinable public var removesOnClose: Bool { rawValue & 0x40 != 0 }
    /// 9P2000.u alone.
    ///
    /// The corresponding constant is `P9_OAPPEND`.
    @inlinable public var appends: Bool { rawValue & 0x80 != 0 }

    /// The same for a tree.
    @inlinable
    public var openMode: OpenMode {
        var mode: OpenMode =
            switch access {
            case .write: .write
            case .readWrite: [.read, .write]
            default: .read
            }
        if truncates { mode.insert(.truncate) }
        if appends { mode.insert(.append) }
        return mode
    }
}

/// The flags of Tlopen and Tlcreate.
///
/// Those not named here change nothing for a server, or are the client's own business.
///
/// See open(2).
@frozen
public struct LinuxOpenFlags: OptionSet, Sendable, Hashable {
    /// The bits on the wire; the lowest two are no set.
    public let rawValue: UInt32

    /// Makes flags of the bits on the wire.
    @inlinable
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The corresponding constant is `O_WRONLY`.
    public static var writeOnly: LinuxOpenFlags { @inlinable get { .init(rawValue: 1) } }
    /// The corresponding constant is `O_RDWR`.
    public static var readWrite: LinuxOpenFlags { @inlinable get { .init(rawValue: 2) } }
    /// The corresponding constant is `O_CREAT`.
    public static var create: LinuxOpenFlags { @inlinable get { .init(rawValue: 0o100) } }
    /// The corresponding constant is `O_EXCL`.
    public static var exclusive: LinuxOpenFlags { @inlinable get { .init(rawValue: 0o200) } }
    /// The corresponding constant is `O_TRUNC`.
    public static var truncate: LinuxOpenFlags { @inlinable get { .init(rawValue: 0o1000) } }
    /// The corresponding constant is `O_APPEND`.
    public static var append: LinuxOpenFlags { @inlinable get { .init(rawValue: 0o2000) } }
    /// The corresponding constant is `O_DIRECTORY`.
    public static var directory: LinuxOpenFlags { @inlinable get { .init(rawValue: 0o200000) } }
    /// The corresponding constant is `O_NOFOLLOW`.
    public static var noFollow: LinuxOpenFlags { @inlinable get { .init(rawValue: 0o400000) } }

    /// The same for a tree.
    @inlinable
    public var openMode: OpenMode {
        var mode: OpenMode =
            switch rawValue & 3 {
            case 1: .write
            case 2: [.read, .write]
            default: .read
            }
        if contains(.truncate) { mode.insert(.truncate) }
        if contains(.append) { mode.insert(.append) }
        return mode
    }
}

/// Which attributes a Tgetattr asks for and an Rgetattr gives.
@frozen
public struct AttributeMask: OptionSet, Sendable, Hashable {
    /// The bits on the wire.
    public let rawValue: UInt64

    /// Makes a mask of the bits on the wire.
    @inlinable
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// All that a `Stat` holds: mode, links, uid, gid, device, the three times, inode, size, blocks.
    ///
    /// The corresponding constant is `P9_GETATTR_BASIC`.
    public static var basic: AttributeMask { @inlinable get { .init(rawValue: 0x7ff) } }
    /// The corresponding constant is `P9_GETATTR_BTIME`.
    public static var born: AttributeMask { @inlinable get { .init(rawValue: 0x800) } }
    /// The corresponding constant is `P9_GETATTR_GEN`.
    public static var generation: AttributeMask { @inlinable get { .init(rawValue: 0x1000) } }
    /// The corresponding constant is `P9_GETATTR_DATA_VERSION`.
    public static var dataVersion: AttributeMask { @inlinable get { .init(rawValue: 0x2000) } }
}

/// Which attributes a Tsetattr sets.
@frozen
public struct SetAttributeMask: OptionSet, Sendable, Hashable {
    /// The bits on the wire.
    public let rawValue: UInt32

    /// Makes a mask of the bits on the wire.
    @inlinable
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The corresponding constant is `P9_ATTR_MODE`.
    public static var mode: SetAttributeMask { @inlinable get { .init(rawValue: 1) } }
    /// The corresponding constant is `P9_ATTR_UID`.
    public static var uid: SetAttributeMask { @inlinable get { .init(rawValue: 2) } }
    /// The corresponding constant is `P9_ATTR_GID`.
    public static var gid: SetAttributeMask { @inlinable get { .init(rawValue: 4) } }
    /// The corresponding constant is `P9_ATTR_SIZE`.
    public static var size: SetAttributeMask { @inlinable get { .init(rawValue: 8) } }
    /// The corresponding constant is `P9_ATTR_ATIME`.
    public static var accessed: SetAttributeMask { @inlinable get { .init(rawValue: 0x10) } }
    /// The corresponding constant is `P9_ATTR_MTIME`.
    public static var modified: SetAttributeMask { @inlinable get { .init(rawValue: 0x20) } }
    /// The corresponding constant is `P9_ATTR_CTIME`.
    public static var changed: SetAttributeMask { @inlinable get { .init(rawValue: 0x40) } }
    /// The time is the message's, not the server's clock.
    ///
    /// The corresponding constant is `P9_ATTR_ATIME_SET`.
    public static var accessedGiven: SetAttributeMask { @inlinable get { .init(rawValue: 0x80) } }
    /// The time is the message's, not the server's clock.
    ///
    /// The corresponding constant is `P9_ATTR_MTIME_SET`.
    public static var modifiedGiven: SetAttributeMask { @inlinable get { .init(rawValue: 0x100) } }
}

/// The type of a lock.
@frozen
public enum LockType: UInt8, Sendable, Hashable {
    /// Shared.
    case read = 0
    /// Held by one.
    case write = 1
    /// None.
    case unlock = 2
}

/// What became of a Tlock.
@frozen
public enum LockStatus: UInt8, Sendable, Hashable {
    /// It is held.
    case success = 0
    /// Another is in the way.
    case blocked = 1
    /// It cannot be had.
    case error = 2
    /// The server is starting anew.
    case grace = 3
}

extension Wire {
    /// The flag of Tlock that asks to wait.
    ///
    /// The corresponding constant is `P9_LOCK_FLAGS_BLOCK`.
    public static var lockWaits: UInt32 { @inlinable get { 1 } }
    /// The flag of Tunlinkat for a directory.
    ///
    /// The corresponding constant is `AT_REMOVEDIR`.
    public static var removeDirectory: UInt32 { @inlinable get { 0x200 } }
}

extension UnsafeRawBufferPointer {
    /// No bytes.
    public static var empty: UnsafeRawBufferPointer {
        @inlinable get { UnsafeRawBufferPointer(start: nil, count: 0) }
    }
}

extension PathNames {
    /// No names.
    public static var empty: PathNames { @inlinable get { PathNames(bytes: .empty, count: 0) } }
}

extension Qid {
    /// A plain file 0 of version 0, in place of none.
    @inlinable
    static var none: Qid { Qid(type: .file, version: 0, path: 0) }
}
