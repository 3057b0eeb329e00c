/// The owners that a mount can show: those whom its user namespace has.
///
/// The kernel lets nobody write to a file whose owner its namespace has not, and shows a number of
/// its own for him; so such files are shown as another's. What is recorded stays.
public struct Owners: Sendable, Hashable {
    /// The users that there are.
    public var users: [ClosedRange<UInt32>]
    /// The groups that there are.
    public var groups: [ClosedRange<UInt32>]
    /// Who shows as the owner of all others' files.
    public var otherUser: UInt32
    /// The group that shows in place of all others.
    public var otherGroup: UInt32

    /// Makes owners of those that there are, and who stands for the rest.
    public init(
        users: [ClosedRange<UInt32>],
        groups: [ClosedRange<UInt32>],
        otherUser: UInt32,
        otherGroup: UInt32
    ) {
        self.users = users
        self.groups = groups
        self.otherUser = otherUser
        self.otherGroup = otherGroup
    }

    func shown(user: UInt32) -> UInt32 { Self.shown(user, users, otherUser) }
    func shown(group: UInt32) -> UInt32 { Self.shown(group, groups, otherGroup) }

    private static func shown(
        _ number: UInt32,
        _ ranges: [ClosedRange<UInt32>],
        _ other: UInt32
    ) -> UInt32 {
        for range in ranges where range.contains(number) { return number }
        return other
    }
}
