import FileTree
import NineP
import Testing
import TreeConformance

@testable import NinePServer

@Suite struct ChangeTests {
    static let tree = """
        f 644 0 0 1 dir/file =text
        f 644 0 0 1 dir/other =other
        d 755 0 0 1 dir/sub
        """

    private func talk(_ dialect: Dialect) throws -> (Talk, MemoryTree) {
        let tree = try MemoryTree.make(Self.tree)
        let talk = try Talk(tree)
        try talk.begin(dialect)
        return (talk, tree)
    }

    private func names(_ tree: MemoryTree, _ path: String) throws -> [String] {
        let name = Array(path.utf8)
        let directory = try #require(try tree.root.lookup(name.span.bytes).directory)
        return try TreeText.names(directory).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func planNineCreatesWritesAndRemoves() throws {
        let (talk, tree) = try talk(.plain)
        try talk.run(
            """
            Twalk 0 1 dir
            Rwalk ...
            Tcreate 1 new 0666 1
            Rcreate ...
            Twrite 1 0 hello
            Rwrite 5
            Twrite 1 3 'p!'
            Rwrite 2
            Tread 1 0 10
            Rerror 'fid unknown or out of range'
            Tclunk 1
            Rclunk
            Twalk 0 1 dir
            Rwalk ...
            Tcreate 1 new 0666 1
            Rerror 'file already exists'
            Tcreate 1 '..' 0666 1
            Rerror 'illegal name'
            Tcreate 1 d 020000000777 0
            Rcreate ...
            Tclunk 1
            Rclunk
            Twalk 0 1 dir new
            Rwalk ...
            Topen 1 0
            Ropen ...
            Tread 1 0 10
            Rread 'help!'
            Tremove 1
            Rremove
            Tclunk 1
            Rerror 'fid unknown or out of range'
            Tremove 0
            Rerror 'permission denied'
            Tclunk 0
            Rerror 'fid unknown or out of range'
            """
        )
        #expect(try names(tree, "dir") == ["d", "file", "other", "sub"])
    }

    @Test func aCreatedFileIsAsOpenAsItsDirectoryAtMost() throws {
        let (talk, tree) = try talk(.plain)
        try talk.run("Twalk 0 1 dir\nRwalk ...\nTcreate 1 new 0777 0\nRcreate ...")
        let path = Array("dir".utf8)
        let directory = try #require(try tree.root.lookup(path.span.bytes).directory)
        let name = Array("new".utf8)
        #expect(try directory.lookup(name.span.bytes).stat().mode.permissions == 0o755)
    }

    @Test func aRemovedFileStaysWhereItIsOpen() throws {
        let (talk, _) = try talk(.linux)
        try talk.run(
            """
            Twalk 0 1 dir file
            Rwalk ...
            Tlopen 1 2
            Rlopen ...
            Twalk 0 2 dir
            Rwalk ...
            Tunlinkat 2 file 0
            Runlinkat
            Tunlinkat 2 file 0
            Rlerror 2
            Twrite 1 4 ' and more'
            Rwrite 9
            Tread 1 0 99
            Rread 'text and more'
            Tgetattr 1 0x7ff
            Rgetattr ...
            Twalk 1 3
            Rwalk
            Tclunk 1
            Rclunk
            Tgetattr 3 0x7ff
            Rgetattr ...
            Tunlinkat 2 sub 0
            Rlerror 21
            Tunlinkat 2 other 512
            Rlerror 20
            Tunlinkat 2 sub 512
            Runlinkat
            Tremove 2
            Rlerror 39
            """
        )
    }

    @Test func orcloseRemovesAtTheClunkOrTheEnd() throws {
        let (talk, tree) = try talk(.plain)
        try talk.run(
            """
            Twalk 0 1 dir file
            Rwalk ...
            Topen 1 0x40
            Ropen ...
            Tclunk 1
            Rclunk
            Twalk 0 1 dir
            Rwalk ...
            Tcreate 1 scratch 0600 0x42
            Rcreate ...
            """
        )
        #expect(try names(tree, "dir") == ["other", "scratch", "sub"])
        // Another version drops the fid, and with it the file.
        try talk.run("Tversion 8192 9P2000\nRversion 8192 9P2000")
        #expect(try names(tree, "dir") == ["other", "sub"])
    }

    /// All fields of a Twstat but those named say "don't touch".
    private func wstat(
        _ fid: Int,
        name: String = "",
        mode: String = "~0",
        length: String = "~0",
        modified: String = "~0",
        modifier: String = ""
    ) throws -> [UInt8] {
        var record = StatRecord.untouched
        let name = Array(name.utf8)
        let modifier = Array(modifier.utf8)
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = try name.withUnsafeBytes { name in
            try modifier.withUnsafeBytes { modifier in
                record.name = name
                record.modifier = modifier
                if let mode = UInt32(mode, radix: 8) { record.mode = mode }
                if let length = UInt64(length) { record.length = length }
                if let modified = UInt32(modified) { record.modified = modified }
                return try bytes.withUnsafeMutableBytes { room in
                    var writer = MessageWriter(room, .plain)
                    try writer.write(Twstat(fid: UInt32(fid), stat: record), tag: 3)
                    return writer.count
                }
            }
        }
        return Array(bytes[..<count])
    }

    private func ask(_ talk: Talk, _ bytes: [UInt8]) throws -> String {
        talk.send(bytes: bytes)
        return Talk.untagged(try talk.receive())
    }

    @Test(arguments: [
        ("'.'", 22), ("'..'", 22), ("''", 22), ("'a/b'", 22), ("'a\\x00'", 22),
        ("'\(String(repeating: "n", count: 256))'", 36),
    ])
    func whatCannotBeANameIsNotMade(name: String, number: Int) throws {
        let (talk, tree) = try talk(.linux)
        let before = try names(tree, "dir")
        try talk.run("Twalk 0 1 dir\nRwalk ...\nTwalk 0 2 dir file\nRwalk ...")
        for line in [
            "Tlcreate 1 \(name) 0101 0644 0", "Tmkdir 1 \(name) 0755 0", "Tsymlink 1 \(name) to 0",
            "Tmknod 1 \(name) 010644 0 0 0", "Tlink 1 2 \(name)", "Trename 2 1 \(name)",
            "Trenameat 1 file 1 \(name)", "Tunlinkat 1 \(name) 0",
        ] {
            try talk.run("\(line)\nRlerror \(number)")
        }
        #expect(try names(tree, "dir") == before)
    }

    @Test func wstatChangesAllOrNothing() throws {
        let (talk, tree) = try talk(.plain)
        try talk.run("Twalk 0 1 dir file\nRwalk ...\nTwalk 0 2 dir\nRwalk ...")
        #expect(try ask(talk, wstat(1)) == "Rwstat")
        #expect(try ask(talk, wstat(1, name: "moved", mode: "600", length: "2")) == "Rwstat")
        #expect(try names(tree, "dir") == ["moved", "other", "sub"])
        let taken = try ask(talk, wstat(1, name: "other", mode: "777"))
        #expect(taken == "Rerror ename 'file already exists'")
        let bad = try ask(talk, wstat(1, name: "a/b"))
        #expect(bad == "Rerror ename 'illegal name'")
        let type = try ask(talk, wstat(1, mode: "20000000777"))
        #expect(type == "Rerror ename 'wstat prohibited'")
        let append = try ask(talk, wstat(1, mode: "10000000600"))
        #expect(append == "Rerror ename 'wstat prohibited'")
        let path = Array("dir".utf8)
        let directory = try #require(try tree.root.lookup(path.span.bytes).directory)
        let name = Array("moved".utf8)
        let stat = try directory.lookup(name.span.bytes).stat()
        #expect(stat.mode.permissions == 0o600)
        #expect(stat.size == 2)
    }

    @Test func aRenameOntoAFileReplacesItForLinuxAlone() throws {
        let (talk, tree) = try talk(.plain)
        try talk.run("Twalk 0 1 dir file\nRwalk ...")
        let plan9 = try ask(talk, wstat(1, name: "other"))
        #expect(plan9 == "Rerror ename 'file already exists'")
        #expect(try ask(talk, wstat(1, name: "other", modifier: "glenda")) == "Rwstat")
        #expect(try names(tree, "dir") == ["other", "sub"])
        try talk.run(
            """
            Twalk 0 2 dir other
            Rwalk ...
            Topen 2 0
            Ropen ...
            Tread 2 0 9
            Rread 'text'
            """
        )
        #expect(try ask(talk, wstat(0, name: "x")) == "Rerror ename 'permission denied'")
    }

    @Test func linuxMakesWhatItKnows() throws {
        let (talk, tree) = try talk(.linux)
        try talk.run(
            """
            Twalk 0 1 dir
            Rwalk ...
            Tmkdir 1 made 0750 7
            Rmkdir ...
            Tmkdir 1 made 0750 7
            Rlerror 17
            Tsymlink 1 ln file 7
            Rsymlink ...
            Tsymlink 1 empty '' 7
            Rlerror 22
            Tmknod 1 null 020666 1 3 0
            Rmknod ...
            Tmknod 1 pipe 010600 0 0 0
            Rmknod ...
            Tmknod 1 plain 0600 0 0 0
            Rmknod ...
            Tmknod 1 wrong 040600 0 0 0
            Rlerror 22
            Twalk 1 2 file
            Rwalk ...
            Tlink 1 2 hard
            Rlink
            Tlink 1 1 circle
            Rlerror 1
            Trenameat 1 hard 1 harder
            Rrenameat
            Trenameat 1 nothing 1 x
            Rlerror 2
            Trename 2 0 top
            Rrename
            Twalk 1 3
            Rwalk
            Tlcreate 3 new 1 0644 5
            Rlcreate ...
            Twrite 3 0 abc
            Rwrite 3
            Tfsync 3 0
            Rfsync
            Tstatfs 0
            Rstatfs ...
            """
        )
        #expect(
            try names(tree, "dir")
                == ["harder", "ln", "made", "new", "null", "other", "pipe", "plain", "sub"]
        )
        let path = Array("dir".utf8)
        let directory = try #require(try tree.root.lookup(path.span.bytes).directory)
        let null = Array("null".utf8)
        let stat = try directory.lookup(null.span.bytes).stat()
        #expect(stat.mode == Mode(.characterDevice, 0o666))
        #expect(stat.device == 0x103)
        let made = Array("made".utf8)
        #expect(try directory.lookup(made.span.bytes).stat().gid == 7)
    }

    @Test func lcreateOpensWhatIsThereUnlessItMustNot() throws {
        try talk(.linux).0.run(
            """
            Twalk 0 1 dir
            Rwalk ...
            Tlcreate 1 file 128 0644 0
            Rlerror 17
            Tlcreate 1 file 0 0644 0
            Rlcreate ...
            Tread 1 0 9
            Rread 'text'
            """
        )
    }

    @Test func setattrSetsWhatIsNamed() throws {
        let (talk, tree) = try talk(.linux)
        try talk.run(
            """
            Twalk 0 1 dir file
            Rwalk ...
            Tsetattr 1 0x1bf 0600 3 4 2 100 5 200 6
            Rsetattr
            Tsetattr 1 0 0 0 0 0 0 0 0 0
            Rsetattr
            Tsetattr 0 8 0 0 0 0 0 0 0 0
            Rlerror 21
            """
        )
        let dir = Array("dir".utf8)
        let directory = try #require(try tree.root.lookup(dir.span.bytes).directory)
        let name = Array("file".utf8)
        let stat = try directory.lookup(name.span.bytes).stat()
        #expect(stat.mode.permissions == 0o600)
        #expect((stat.uid, stat.gid, stat.size) == (3, 4, 2))
        #expect(stat.accessed == Timestamp(seconds: 100, nanoseconds: 5))
        #expect(stat.modified == Timestamp(seconds: 200, nanoseconds: 6))
    }

    @Test func unixMakesLinksAndDevicesByCreate() throws {
        let (talk, tree) = try talk(.unix)
        try talk.run(
            """
            Twalk 0 1 dir
            Rwalk ...
            Twalk 0 2 dir file
            Rwalk ...
            Twalk 1 3
            Rwalk
            Tcreate 3 ln 0200000777 0 ../x
            Rcreate ...
            Twalk 1 4
            Rwalk
            Tcreate 4 hard 0100000777 0 '2'
            Rcreate ...
            Twalk 1 5
            Rwalk
            Tcreate 5 null 040000666 0 'c 1 3'
            Rcreate ...
            Twalk 1 6
            Rwalk
            Tcreate 6 bad 040000666 0 'c 1'
            Rerror 'Invalid argument' 22
            Tcreate 6 hard2 0100000777 0 'x'
            Rerror 'Invalid argument' 22
            """
        )
        #expect(try names(tree, "dir") == ["file", "hard", "ln", "null", "other", "sub"])
    }

    @Test func attributesAreReadAndWrittenThroughFids() throws {
        try talk(.linux).0.run(
            """
            Txattrwalk 0 1 security.capability
            Rlerror 61
            Twalk 0 1 dir file
            Rwalk ...
            Txattrcreate 1 user.x 5 0
            Rxattrcreate
            Twrite 1 1 b
            Rlerror 22
            Twrite 1 0 abc
            Rwrite 3
            Twrite 1 3 defg
            Rlerror 22
            Twrite 1 3 de
            Rwrite 2
            Tclunk 1
            Rclunk
            Twalk 0 1 dir file
            Rwalk ...
            Txattrwalk 1 2 user.x
            Rxattrwalk 5
            Tread 2 1 99
            Rread 'bcde'
            Twalk 2 3
            Rlerror 71
            Tclunk 2
            Rclunk
            Txattrwalk 1 2 ''
            Rxattrwalk 7
            Tread 2 0 99
            Rread 'user.x\\x00'
            Txattrcreate 1 user.x 1 1
            Rxattrcreate
            Twrite 1 0 z
            Rwrite 1
            Tclunk 1
            Rlerror 17
            Tclunk 1
            Rlerror 9
            Txattrcreate 0 user.y 99999999 0
            Rlerror 27
            """
        )
    }

    @Test func aTreeThatCannotBeChangedRefuses() throws {
        let talk = try Talk(FixedTree(FixedNode("/", 1, [FixedNode("d", 2)])))
        try talk.begin(.linux)
        try talk.run(
            """
            Tmkdir 0 x 0755 0
            Rlerror 30
            Tunlinkat 0 d 512
            Rlerror 30
            Tsymlink 0 x y 0
            Rlerror 30
            Trenameat 0 d 0 e
            Rlerror 30
            Tsetattr 0 1 0700 0 0 0 0 0 0 0
            Rlerror 30
            Twalk 0 1 d
            Rwalk ...
            Tremove 1
            Rlerror 30
            Tclunk 1
            Rlerror 9
            """
        )
    }
}
