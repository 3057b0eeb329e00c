import CLinux
public import FileTree
import Glibc

extension View.Identity {
    /// Root in the view, with the user's subordinate ids where there are any to be had.
    public static var rootWithSubordinates: View.Identity {
        // In a view no program has more rights than who runs it, and these have none to give.
        guard geteuid() != 0, pak_may_gain_rights() != 0,
            isInstalled("newuidmap"), isInstalled("newgidmap")
        else { return .root() }
        let (users, groups) = (SubordinateIDs.users, SubordinateIDs.groups)
        return users.isEmpty || groups.isEmpty ? .root() : .root(users: users, groups: groups)
    }

    /// Whether subordinate ids could not be mapped, or not be used: `.root()` does without them.
    ///
    /// Nothing has run then.
    public func isRefused(by error: FileError) -> Bool {
        guard case .root(let users, let groups) = self, !users.isEmpty || !groups.isEmpty,
            let context = error.context
        else { return false }
        return (UserMap.programs + [ViewUsers.name]).contains { context.hasPrefix($0) }
    }

    /// The users that there are in a view of this user's.
    public var users: [ClosedRange<UInt32>] {
        switch self {
        case .kept: [geteuid()...geteuid()]
        case .root(let users, _): [View.Identity.numbers(users)]
        }
    }

    /// The groups that there are in a view of this user's.
    public var groups: [ClosedRange<UInt32>] {
        switch self {
        case .kept: [getegid()...getegid()]
        case .root(_, let groups): [View.Identity.numbers(groups)]
        }
    }

    /// The view's number of a user of the host's; nil where the view does not have him.
    func user(forHost number: UInt32) -> UInt32? {
        switch self {
        case .kept: number == geteuid() ? number : nil
        case .root(let users, _): View.Identity.number(of: number, own: geteuid(), users)
        }
    }

    /// The view's number of a group of the host's; nil where the view does not have it.
    func group(forHost number: UInt32) -> UInt32? {
        switch self {
        case .kept: number == getegid() ? number : nil
        case .root(_, let groups): View.Identity.number(of: number, own: getegid(), groups)
        }
    }

    /// As `UserMap` maps them.
    private static func number(
        of host: UInt32,
        own: UInt32,
        _ ranges: [Range<UInt32>]
    ) -> UInt32? {
        if host == own { return 0 }
        var next: UInt32 = 1
        for range in ranges {
            if range.contains(host) { return next + (host - range.lowerBound) }
            next += UInt32(range.count)
        }
        return nil
    }

    /// The system calls that root expects to succeed, and that the kernel refuses this one.
    public var answered: View.Answered {
        switch self {
        case .kept: []
        case .root(let users, _):
            users.isEmpty ? [.owners, .devices, .identities] : [.devices, .strangers]
        }
    }

    /// Those of a view that is an overlay, whose kernel knows nothing of what is recorded.
    public var answeredByOverlay: View.Answered {
        switch self {
        case .kept: []
        case .root(let users, _):
            [.owners, .devices, .changes, users.isEmpty ? .identities : .strangers]
        }
    }

    private static func numbers(_ ranges: [Range<UInt32>]) -> ClosedRange<UInt32> {
        let count = ranges.reduce(UInt64(0)) { $0 + UInt64($1.count) }
        return 0...UInt32(min(count, UInt64(UInt32.max)))
    }

    private static func isInstalled(_ program: String) -> Bool {
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        return path.parts(at: ":").contains { access("\($0)/\(program)", X_OK) == 0 }
    }
}
