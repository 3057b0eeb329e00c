import FileTree
import NineP
import Testing
import TreeConformance

@testable import NinePServer

@Suite struct WalkTests {
    static let tree = """
        f 644 0 0 1 usr/bin/jq =jq
        l 777 0 0 1 usr/link >bin
        d 755 0 0 1 tmp
        """

    private func talk(_ dialect: Dialect = .linux) throws -> Talk {
        let talk = try Talk(MemoryTree.make(Self.tree))
        try talk.begin(dialect)
        return talk
    }

    @Test func walkPastAMissingNameReturnsTheQidsSoFar() throws {
        try talk().run(
            """
            Twalk 0 1 usr bin sh
            Rwalk nwqid 2 ...
            Tclunk 1
            Rlerror 9
            Twalk 0 1 opt bin
            Rlerror 2
            """
        )
    }

    @Test func walkOfNoNamesClones() throws {
        try talk().run(
            """
            Twalk 0 1
            Rwalk
            Twalk 1 1
            Rwalk
            Tclunk 1
            Rclunk
            Tgetattr 0 0x7ff
            Rgetattr ...
            """
        )
    }

    @Test func walkOntoTheSameFidMovesItOnlyWhenAllNamesAreThere() throws {
        try talk().run(
            """
            Twalk 0 1 usr
            Rwalk nwqid 1 ...
            Twalk 1 1 bin sh
            Rwalk nwqid 1 ...
            Twalk 1 1 bin jq
            Rwalk nwqid 2 ...
            Tlopen 1 0
            Rlopen ...
            Tread 1 0 10
            Rread 'jq'
            """
        )
    }

    @Test func walkToAFidInUseIsRefused() throws {
        try talk(.plain).run(
            """
            Twalk 0 1 usr
            Rwalk nwqid 1 ...
            Twalk 0 1 tmp
            Rerror 'fid already in use'
            Twalk 7 8 tmp
            Rerror 'fid unknown or out of range'
            """
        )
    }

    @Test func walkFromAnOpenFidWorks() throws {
        try talk().run(
            """
            Twalk 0 1 usr
            Rwalk nwqid 1 ...
            Tlopen 1 0
            Rlopen ...
            Twalk 1 2 bin jq
            Rwalk nwqid 2 ...
            Twalk 1 3
            Rwalk
            Tlopen 3 0
            Rlopen ...
            """
        )
    }

    @Test(arguments: Dialect.allCases)
    func dotDotNeverLeavesTheRoot(dialect: Dialect) throws {
        let talk = try talk(dialect)
        let stat = dialect == .linux ? "Tgetattr 0 0x7ff" : "Tstat 0"
        let other = dialect == .linux ? "Tgetattr 1 0x7ff" : "Tstat 1"
        try talk.send(stat, "Twalk 0 1 .. .. usr .. ..", other)
        let root = Talk.untagged(try talk.receive())
        #expect(Talk.untagged(try talk.receive()).hasPrefix("Rwalk nwqid 5 "))
        #expect(Talk.untagged(try talk.receive()) == root)
    }

    @Test func aFileOrLinkOnTheWayIsNoDirectory() throws {
        try talk().run(
            """
            Twalk 0 1 usr bin jq x
            Rwalk nwqid 3 ...
            Twalk 0 1 usr bin jq
            Rwalk nwqid 3 ...
            Twalk 1 2 x
            Rlerror 20
            Twalk 1 2 ..
            Rlerror 20
            Twalk 0 3 usr link
            Rwalk nwqid 2 ...
            Twalk 3 4 jq
            Rlerror 20
            """
        )
    }

    @Test(arguments: [
        ("'.'", "illegal name"), ("''", "illegal name"), ("'a/b'", "illegal name"),
        ("'..\\x00'", "illegal name"),
        ("'\(String(repeating: "n", count: 256))'", "File name too long"),
    ])
    func namesThatNoFileHasAreRefused(name: String, why: String) throws {
        let talk = try talk(.plain)
        try talk.run(
            """
            Twalk 0 1 \(name)
            Rerror '\(why)'
            Twalk 0 1 usr \(name)
            Rwalk nwqid 1 ...
            Tclunk 1
            Rerror 'fid unknown or out of range'
            """
        )
    }

    @Test func aPathInAName() throws {
        // What got out of another server's export: one name of many components.
        try talk().run(
            """
            Twalk 0 1 '../../../../etc/passwd'
            Rlerror 22
            """
        )
    }

    @Test func sixteenNamesAreWalkedAndSeventeenEndTheConversation() throws {
        let talk = try talk()
        let sixteen = (0..<8).map { _ in "usr .." }.joined(separator: " ")
        try talk.send("Twalk 0 1 \(sixteen)")
        #expect(Talk.untagged(try talk.receive()).hasPrefix("Rwalk nwqid 16 "))
        var bytes: [UInt8] = [0, 0, 0, 0, 110, 9, 0, 0, 0, 0, 0, 2, 0, 0, 0, 17, 0]
        for _ in 0..<17 { bytes += [1, 0, 0x61] }
        bytes[0] = UInt8(bytes.count)
        talk.send(bytes: bytes)
        #expect(try talk.receive() == "-")
    }

    @Test func aClunkedFidIsGone() throws {
        try talk(.unix).run(
            """
            Twalk 0 4095 usr
            Rwalk nwqid 1 ...
            Twalk 0 4096 usr
            Rwalk nwqid 1 ...
            Twalk 0 4294967294 usr
            Rwalk nwqid 1 ...
            Tclunk 4096
            Rclunk
            Tclunk 4096
            Rerror 'fid unknown or out of range' 9
            Tclunk 4294967294
            Rclunk
            Tclunk 4095
            Rclunk
            Tclunk 4095
            Rerror 'fid unknown or out of range' 9
            """
        )
    }
}
