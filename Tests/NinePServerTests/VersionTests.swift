import FileTree
import NineP
import Testing
import TreeConformance

@testable import NinePServer

@Suite struct VersionTests {
    @Test(arguments: [
        ("Tversion 8192 9P2000", "Rversion 8192 9P2000"),
        ("Tversion 8192 9P2000.u", "Rversion 8192 9P2000.u"),
        ("Tversion 131096 9P2000.L", "Rversion 131096 9P2000.L"),
        ("Tversion 131096 9P2000.x", "Rversion 131096 9P2000"),
        ("Tversion 4096 9P2000", "Rversion 4096 9P2000"),
        ("Tversion 4294967295 9P2000.L", "Rversion 1048600 9P2000.L"),
        ("Tversion 8192 8P2000", "Rversion 8192 unknown"),
        ("Tversion 4095 9P2000", "Rerror 'Invalid argument'"),
    ])
    func aVersionIsAnsweredByTheNearestOneSpoken(offer: String, answer: String) throws {
        try Talk().run("\(offer)\n\(answer)")
    }

    @Test func nothingIsAnsweredBeforeAVersion() throws {
        try Talk().run(
            """
            Tattach 0 -1 glenda ''
            Rerror 'protocol botch'
            """
        )
    }

    @Test func anotherVersionDropsEveryFid() throws {
        let talk = try Talk()
        try talk.begin(.linux)
        try talk.run("Tgetattr 0 0x7ff\nRgetattr ...")
        try talk.send("Tversion 8192 9P2000.L")
        #expect(Talk.untagged(try talk.receive()).hasPrefix("Rversion"))
        try talk.run("Tgetattr 0 0x7ff\nRlerror 9")
    }

    @Test(arguments: [(4096, 0), (8192, 0), (65536, 61440), (65560, 65536), (131072, 126976)])
    func iounitIsWholePagesOfLargeMessages(msize: Int, iounit: Int) throws {
        let talk = try Talk()
        try talk.begin(.linux, msize: msize)
        try talk.send("Tlopen 0 0")
        #expect(try talk.receive().hasSuffix(" iounit \(iounit)"))
    }

    @Test func aMessageOfAnotherDialectIsRefused() throws {
        let linux = try Talk()
        try linux.begin(.linux)
        try linux.run("Tstat 0\nRlerror 95\nTopen 0 0\nRlerror 95")
        let plain = try Talk()
        try plain.begin(.plain)
        try plain.run("Tgetattr 0 1\nRerror 'Operation not supported'")
    }

    @Test func authenticationIsNotNeeded() throws {
        let talk = try Talk()
        try talk.begin(.plain)
        try talk.run(
            """
            Tauth 1 glenda ''
            Rerror 'permission denied'
            Tattach 2 1 glenda ''
            Rerror 'fid unknown or out of range'
            Tattach 0 -1 glenda ''
            Rerror 'fid already in use'
            Tattach 2 -1 glenda nowhere
            Rerror 'file does not exist'
            Tattach 2 -1 glenda ''
            Rattach ...
            """
        )
        let linux = try Talk()
        try linux.begin(.linux)
        try linux.run("Tauth 1 glenda '' 0\nRlerror 2")
    }
}
