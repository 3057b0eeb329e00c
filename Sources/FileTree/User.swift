/// Whom a conversation speaks for, once its transport and its attach have been heard.
public struct User: Sendable, Hashable {
    /// The number that files' owners are compared with.
    public var uid: UInt32
    /// The group.
    public var gid: UInt32
    /// The name given at attach; for logs and for plain 9P2000.
    public var name: String
    /// Whether no permission is asked for: root, and whoever runs the server, proven by the
    /// transport.
    public var isOwner: Bool

    /// Makes a user.
    public init(uid: UInt32, gid: UInt32, name: String, isOwner: Bool) {
        self.uid = uid
        self.gid = gid
        self.name = name
        self.isOwner = isOwner
    }

    /// Whether the user may use a file of these attributes so.
    ///
    /// See path_resolution(7).
    public func may(_ access: Access, _ stat: Stat) -> Bool {
        if isOwner { return true }
        let shift: UInt32 = uid == stat.uid ? 6 : gid == stat.gid ? 3 : 0
        let granted = stat.mode.permissions >> shift & 7
        return granted & access.rawValue == access.rawValue
    }
}

/// What a file is wanted for.
@frozen
public struct Access: OptionSet, Sendable, Hashable {
    /// Bits as in a mode's last three.
    public let rawValue: UInt32

    /// Makes an access of its bits.
    @inlinable
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Its bytes, or a directory's names, are read.
    public static var read: Access { @inlinable get { Access(rawValue: 4) } }
    /// Its bytes, or a directory's names, are changed.
    public static var write: Access { @inlinable get { Access(rawValue: 2) } }
    /// It is run, or a directory is walked.
    public static var execute: Access { @inlinable get { Access(rawValue: 1) } }
}
