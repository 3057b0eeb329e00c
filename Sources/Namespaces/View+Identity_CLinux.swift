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

    /// Whether the programs that map subordinate ids have failed: `.root()` does without them.
    ///
    /// Nothing has run then.
    public func isRefused(by error: FileError) -> Bool {
        guard case .root(let users, let groups) = self, !users.isEmpty || !groups.isEmpty,
            let context = error.context
        else { return false }
        return UserMap.programs.contains { context.hasPrefix($0) }
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

    /// The system calls that root expects to succeed, and that the kernel refuses this one.
    public var answered: View.Answered {
        switch self {
        case .kept: []
        case .root(let users, _):
            users.isEmpty ? [.owners, .devices, .identities] : [.devices, .strangers]
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
