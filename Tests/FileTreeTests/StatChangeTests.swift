import FileTree
import Testing

/// What a user may change of a file, and what goes along with it.
@Suite struct StatChangeTests {
    enum Asker: String, CaseIterable {
        case superuser, owner, member, other, delegate

        /// The file is 10's, of group 20.
        var user: User {
            switch self {
            case .superuser: .superuser
            case .owner: User(uid: 10, gid: 20, name: "", isOwner: false)
            case .member: User(uid: 11, gid: 20, name: "", isOwner: false)
            case .other: User(uid: 12, gid: 22, name: "", isOwner: false)
            case .delegate:
                User(uid: 12, gid: 22, name: "", isOwner: false, hasUnknownGroups: true)
            }
        }
    }

    /// Asks for the change of a file; the mode that it has then, or the error.
    private func outcome(
        _ asker: Asker,
        _ mode: UInt32,
        _ type: FileType = .regular,
        _ edit: (inout StatChange) -> Void
    ) -> String {
        var stat = Stat(qid: Qid(type: .file, version: 1, path: 1), mode: Mode(type, mode))
        stat.uid = 10
        stat.gid = 20
        var change = StatChange()
        edit(&change)
        do throws(FileError) {
            try change.allowed(for: asker.user, on: stat).apply(to: &stat, at: .init(seconds: 7))
            return String(stat.mode.permissions, radix: 8)
        } catch {
            return "\(error.kind)"
        }
    }

    @Test(arguments: [
        (Asker.superuser, "755"), (.owner, "755"), (.member, "notPermitted"),
        (.other, "notPermitted"), (.delegate, "notPermitted"),
    ])
    func theModeIsTheOwnersToSet(asker: Asker, expected: String) {
        #expect(outcome(asker, 0o644) { $0.permissions = 0o755 } == expected)
    }

    @Test func theGroupsIdentityIsForItsMembersToLend() throws {
        #expect(outcome(.owner, 0o644) { $0.permissions = 0o2755 } == "2755")
        let stranger = User(uid: 10, gid: 99, name: "", isOwner: false)
        var stat = Stat(qid: Qid(type: .file, version: 1, path: 1), mode: Mode(.regular, 0o644))
        stat.uid = 10
        var change = StatChange()
        change.permissions = 0o6755
        #expect(try change.allowed(for: stranger, on: stat).permissions == 0o4755)
    }

    @Test(arguments: [
        (Asker.superuser, "644"), (.owner, "notPermitted"), (.member, "notPermitted"),
    ])
    func onlyTheSuperuserGivesFilesAway(asker: Asker, expected: String) {
        #expect(outcome(asker, 0o644) { $0.uid = 99 } == expected)
    }

    @Test(arguments: [
        (Asker.superuser, UInt32(99), "644"), (.owner, 20, "644"), (.owner, 99, "notPermitted"),
        (.member, 20, "notPermitted"), (.delegate, 22, "notPermitted"),
    ])
    func anOwnerPicksOneOfTheGroupsOfHis(asker: Asker, group: UInt32, expected: String) {
        #expect(outcome(asker, 0o644) { $0.gid = group } == expected)
    }

    @Test(arguments: [
        (FileType.regular, UInt32(0o6755), "755"), (.regular, 0o6745, "2745"),
        (.directory, 0o6755, "6755"), (.fifo, 0o6555, "555"),
    ])
    func setIDGoesWithTheOwner(type: FileType, mode: UInt32, expected: String) {
        #expect(outcome(.superuser, mode, type) { $0.uid = 99 } == expected)
        #expect(outcome(.superuser, mode, type) { $0.gid = 99 } == expected)
        #expect(outcome(.owner, mode, type) { $0.gid = 20 } == expected)
    }

    @Test func setIDGoesWithACutByAnyoneButTheSuperuser() {
        #expect(outcome(.superuser, 0o6755) { $0.size = 0 } == "6755")
        #expect(outcome(.owner, 0o6755) { $0.size = 0 } == "755")
        // As Linux's client says it: with the mode that is left.
        #expect(
            outcome(.other, 0o6757) {
                $0.size = 0
                $0.permissions = 0o757
            } == "757"
        )
        #expect(outcome(.other, 0o6757) { $0.permissions = 0o757 } == "757")
        #expect(outcome(.other, 0o6755) { $0.permissions = 0o755 } == "notPermitted")
        #expect(outcome(.other, 0o6757) { $0.permissions = 0o777 } == "notPermitted")
    }

    @Test(arguments: [
        (Asker.superuser, "600", "600"), (.owner, "600", "600"),
        (.other, "permission", "notPermitted"),
    ])
    func timesAreTheOwnersToSet(asker: Asker, now: String, given: String) {
        let time = Timestamp(seconds: 5)
        #expect(outcome(asker, 0o600) { $0.modified = .now } == now)
        #expect(outcome(asker, 0o600) { $0.modified = .at(time) } == given)
        #expect(outcome(.other, 0o602) { $0.modified = .now } == "602")
    }

    @Test(arguments: [
        (Asker.owner, UInt32(0o070), false), (.owner, 0o700, true), (.member, 0o707, false),
        (.member, 0o070, true), (.other, 0o007, true), (.other, 0o770, false),
        (.delegate, 0o070, true), (.delegate, 0o007, true), (.delegate, 0o700, false),
        (.superuser, 0, true),
    ])
    func oneClassOfThreeDecides(asker: Asker, mode: UInt32, isAllowed: Bool) {
        var stat = Stat(qid: Qid(type: .file, version: 1, path: 1), mode: Mode(.regular, mode))
        stat.uid = 10
        stat.gid = 20
        #expect(asker.user.may([.read, .write], stat) == isAllowed)
    }

    @Test func aWriteDropsSetID() throws {
        let tree = MemoryTree()
        let file = try tree.root.createFile(
            Array("f".utf8).span.bytes,
            NewNode(permissions: 0o6755, uid: 1, gid: 1)
        )
        #expect(try file.dropSetID())
        #expect(try file.stat().mode.permissions == 0o755)
        let before = try file.stat()
        #expect(try !file.dropSetID())
        #expect(try file.stat() == before)
    }

    @Test func aWriteDropsCapabilities() throws {
        let tree = MemoryTree()
        let new = NewNode(permissions: 0o755, uid: 1, gid: 1)
        let file = try tree.root.createFile(Array("f".utf8).span.bytes, new)
        try file.dropCapabilities()
        for name in ["security.capability", "user.kept"] {
            try file.setAttribute(Array(name.utf8).span.bytes, to: [1])
        }
        try file.dropCapabilities()
        #expect(try file.attributeNames() == Array("user.kept\0".utf8))
    }
}
