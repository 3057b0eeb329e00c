import FileTree
import NineP
import Testing
import TreeConformance

@testable import NinePServer

/// What a server refuses a user for whom an owner's client speaks, as Linux's does.
@Suite struct PermissionTests {
    private static let tree = """
        d 1777 0 0 1 /sticky
        f 666 1 1 1 /sticky/others =
        f 666 1000 1000 1 /sticky/mine =
        d 777 0 0 1 /open
        d 755 1 1 1 /open/others
        d 755 0 0 1 /closed
        f 644 0 0 1 /closed/file =
        f 6777 1 1 1 /open/tool =
        d 2777 0 7 1 /open/shared
        f 660 0 44 1 /open/group =text
        """

    private func talk() throws -> (Talk, MemoryTree) {
        let tree = try MemoryTree.make(Self.tree)
        let talk = try Talk(tree)
        try talk.begin(.linux, user: "1000")
        return (talk, tree)
    }

    private func stat(_ tree: MemoryTree, _ path: String) throws -> Stat {
        var node: any Node = tree.root
        for name in path.split(separator: "/") {
            let directory = try #require(node.directory)
            node = try directory.lookup(Array(name.utf8).span.bytes)
        }
        return try node.stat()
    }

    @Test func namesInAStickyDirectoryAreTheirOwnersToRemove() throws {
        try talk().0.run(
            """
            Twalk 0 1 sticky
            Rwalk ...
            Tunlinkat 1 others 0
            Rlerror 1
            Trenameat 1 others 1 new
            Rlerror 1
            Trenameat 1 mine 1 others
            Rlerror 1
            Trenameat 1 mine 1 new
            Rrenameat
            Tunlinkat 1 new 0
            Runlinkat
            Twalk 1 2 others
            Rwalk ...
            Tremove 2
            Rlerror 1
            """
        )
    }

    @Test func whatChangesADirectoryNeedsTheRightTo() throws {
        try talk().0.run(
            """
            Twalk 0 1 closed
            Rwalk ...
            Twalk 0 2 open
            Rwalk ...
            Tunlinkat 1 file 0
            Rlerror 13
            Trenameat 1 file 2 file
            Rlerror 13
            Tmkdir 1 d 0777 0
            Rlerror 13
            Tsymlink 1 s t 0
            Rlerror 13
            Tmknod 1 n 010666 0 0 0
            Rlerror 13
            Tlink 1 2 l
            Rlerror 13
            Twalk 2 3 shared
            Rwalk ...
            Trenameat 2 others 3 moved
            Rlerror 13
            Trenameat 2 others 2 renamed
            Rrenameat
            Tmknod 2 null 020666 1 3 0
            Rlerror 1
            """
        )
    }

    @Test func aSetGroupDirectoryHandsDownItsGroup() throws {
        let (talk, tree) = try talk()
        try talk.run(
            """
            Twalk 0 1 open shared
            Rwalk ...
            Tmkdir 1 d 0755 1000
            Rmkdir ...
            Tlcreate 1 f 2 0644 1000
            Rlcreate ...
            """
        )
        let directory = try stat(tree, "open/shared/d")
        #expect(directory.gid == 7)
        #expect(directory.mode.permissions == 0o2755)
        let file = try stat(tree, "open/shared/f")
        #expect(file.gid == 7)
        #expect(file.uid == 1000)
        #expect(file.mode.permissions == 0o644)
    }

    @Test func aWriteBySomebodyElseDropsSetID() throws {
        let (talk, tree) = try talk()
        try talk.run(
            """
            Twalk 0 1 open tool
            Rwalk ...
            Tlopen 1 1
            Rlopen ...
            Twrite 1 0 x
            Rwrite 1
            """
        )
        #expect(try stat(tree, "open/tool").mode.permissions == 0o777)
    }

    @Test func theClientKnowsTheGroupsOfItsUsers() throws {
        let (talk, _) = try talk()
        try talk.run(
            """
            Twalk 0 1 open group
            Rwalk ...
            Tlopen 1 2
            Rlopen ...
            Twalk 0 2 open group
            Rwalk ...
            Txattrcreate 2 trusted.x 1 0
            Rlerror 1
            Txattrcreate 2 system.posix_acl_access 1 0
            Rlerror 95
            Txattrcreate 2 user.x 1 0
            Rxattrcreate
            """
        )
    }

    @Test func anEmptyAttributeIsNotOneThatIsRemoved() throws {
        try talk().0.run(
            """
            Twalk 0 1 open group
            Rwalk ...
            Txattrcreate 1 user.x 0 0
            Rxattrcreate
            Tclunk 1
            Rclunk
            Twalk 0 1 open group
            Rwalk ...
            Txattrwalk 1 2 user.x
            Rxattrwalk 0
            Txattrcreate 1 user.x 0 2
            Rxattrcreate
            Tclunk 1
            Rclunk
            Twalk 0 1 open group
            Rwalk ...
            Txattrwalk 1 3 user.x
            Rlerror 61
            """
        )
    }
}
