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
    /// Whether an owner's client speaks for this user, and knows the groups itself.
    ///
    /// Linux's client checks every access with the process's own groups and then attaches by the
    /// user's number alone. Its peer may be anyone it likes here, so that nothing is lost by
    /// believing what it says of groups.
    public var hasUnknownGroups: Bool

    /// Makes a user.
    public init(
        uid: UInt32,
        gid: UInt32,
        name: String,
        isOwner: Bool,
        hasUnknownGroups: Bool = false
    ) {
        self.uid = uid
        self.gid = gid
        self.name = name
        self.isOwner = isOwner
        self.hasUnknownGroups = hasUnknownGroups
    }

    /// One of whom nothing is asked.
    public static var superuser: User { User(uid: 0, gid: 0, name: "root", isOwner: true) }

    /// Whether the user is of a group, as far as one can know here.
    public func isMember(of gid: UInt32) -> Bool {
        isOwner || hasUnknownGroups || self.gid == gid
    }

    /// Whether the user may use a file of these attributes so.
    ///
    /// See path_resolution(7).
    public func may(_ access: Access, _ stat: Stat) -> Bool {
        if isOwner { return true }
        let permissions = stat.mode.permissions
        if uid == stat.uid { return access.isGranted(permissions >> 6) }
        if hasUnknownGroups {
            return access.isGranted(permissions >> 3) || access.isGranted(permissions)
        }
        return access.isGranted(gid == stat.gid ? permissions >> 3 : permissions)
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

    fileprivate func isGranted(_ bits: UInt32) -> Bool { bits & rawValue == rawValue }

    /// Its bytes, or a directory's names, are read.
    public static var read: Access { @inlinable get { Access(rawValue: 4) } }
    /// Its bytes, or a directory's names, are changed.
    public static var write: Access { @inlinable get { Access(rawValue: 2) } }
    /// It is run, or a directory is walked.
    public static var execute: Access { @inlinable get { Access(rawValue: 1) } }
}
