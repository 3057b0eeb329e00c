import FileTree
import Glibc
import NineP
import ScratchFolder
import SystemPackage
import Testing
import TreeConformance

@testable import NinePServer

@Suite struct ReadTests {
    static let tree = """
        f 644 0 0 1 file =0123456789
        f 755 0 0 1 large *300000:7
        f 644 0 0 1 list/a =1
        f 644 0 0 1 list/b =2
        l 777 0 0 1 list/link >../file
        d 755 0 0 1 list/sub
        """

    private func talk(_ dialect: Dialect, msize: Int = 65536) throws -> Talk {
        let talk = try Talk(MemoryTree.make(Self.tree))
        try talk.begin(dialect, msize: msize)
        return talk
    }

    @Test func readsStopAtTheEndOfTheFile() throws {
        try talk(.plain).run(
            """
            Twalk 0 1 file
            Rwalk ...
            Tread 1 0 4
            Rerror 'fid unknown or out of range'
            Topen 1 0
            Ropen ...
            Tread 1 0 4
            Rread '0123'
            Tread 1 8 4
            Rread '89'
            Tread 1 10 4
            Rread ''
            Tread 1 0xffffffffffffffff 4
            Rread ''
            Tread 1 0 0
            Rread ''
            Twrite 1 0 x
            Rerror 'fid unknown or out of range'
            """
        )
    }

    @Test(arguments: [(4096, 4072), (65536, 65512), (1 << 20, 300_000)])
    func aCountIsCutToWhatAMessageHolds(msize: Int, count: Int) throws {
        let talk = try talk(.linux, msize: msize)
        try talk.send("Twalk 0 1 large", "Tlopen 1 0", "Tread 1 0 4294967295")
        _ = (talk.receiveBytes(), talk.receiveBytes())
        let reply = try #require(talk.receiveBytes())
        #expect(reply.count == 11 + count)
        let tree = try MemoryTree.make(Self.tree)
        let name = Array("large".utf8)
        let file = try #require(try tree.root.lookup(name.span.bytes).file)
        #expect(Array(reply[11...]) == Array(try TreeText.bytes(file)[..<count]))
    }

    @Test func manyLargeReadsOfOneBatchComeWholeAndInOrder() throws {
        let talk = try talk(.linux)
        try talk.send("Twalk 0 1 large", "Tlopen 1 0")
        _ = (talk.receiveBytes(), talk.receiveBytes())
        let tree = try MemoryTree.make(Self.tree)
        let name = Array("large".utf8)
        let file = try #require(try tree.root.lookup(name.span.bytes).file)
        let bytes = try TreeText.bytes(file)
        var requests: [UInt8] = []
        let offsets = (0..<200).map { $0 * 1499 }
        for (tag, offset) in offsets.enumerated() {
            let count = [100, 4096, 4097, 60000][tag % 4]
            requests += try MessageText.message(
                "Tread 1 \(offset) \(count)",
                tag: UInt16(tag),
                .linux
            )
        }
        talk.send(bytes: requests)
        for (tag, offset) in offsets.enumerated() {
            let reply = try #require(talk.receiveBytes())
            let end = min(bytes.count, offset + [100, 4096, 4097, 60000][tag % 4])
            #expect(reply[5] == UInt8(tag & 255) && reply[6] == UInt8(tag >> 8))
            #expect(Array(reply[11...]) == Array(bytes[offset..<end]))
        }
    }

    /// A file of the host is copied, sent from memory or by sendfile(2): the bytes are the same.
    @Test(arguments: [100, 4096, 4097, 65536, 131_071, 131_072, 250_000, 400_000])
    func aFileOfTheHostIsReadWhole(count: Int) throws {
        let folder = try ScratchFolder()
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 4) }
        let file = creat("\(folder.path)/s", 0o600)
        #expect(write(file, bytes, bytes.count) == bytes.count)
        close(file)
        let talk = try Talk(HostTree(FilePath(folder.path)))
        try talk.begin(.linux, msize: 1 << 20)
        try talk.run("Twalk 0 1 s\nRwalk ...\nTlopen 1 0\nRlopen ...")
        for offset in [0, 1, 200_000, 299_999, 300_000] {
            // Between two small ones, so that all of a batch stays in order.
            try talk.send("Tread 1 5 3", "Tread 1 \(offset) \(count)", "Tread 1 9 2")
            #expect(talk.receiveBytes().map { Array($0[11...]) } == Array(bytes[5..<8]))
            let end = min(bytes.count, offset + count)
            let isSame = talk.receiveBytes().map { Array($0[11...]) } == Array(bytes[offset..<end])
            #expect(isSame)
            #expect(talk.receiveBytes().map { Array($0[11...]) } == Array(bytes[9..<11]))
        }
    }

    @Test func openTellsWhatCannotBe() throws {
        try talk(.plain).run(
            """
            Twalk 0 1 list
            Rwalk ...
            Topen 1 1
            Rerror 'Is a directory'
            Topen 1 0x10
            Rerror 'Is a directory'
            Topen 1 0
            Ropen ...
            Topen 1 0
            Rerror 'protocol botch'
            Twrite 1 0 x
            Rerror 'fid unknown or out of range'
            """
        )
        try talk(.linux).run(
            """
            Twalk 0 1 list link
            Rwalk ...
            Tlopen 1 0
            Rlerror 40
            Treadlink 1
            Rreadlink ../file
            Treadlink 0
            Rlerror 22
            Twalk 0 2 file
            Rwalk ...
            Tlopen 2 0o200000
            Rlerror 20
            Tlopen 2 3
            Rlerror 22
            """.replacing("0o200000", with: "65536")
        )
    }

    /// The names in a directory's data, and how many bytes each entry has.
    private func entries(_ reply: [UInt8], _ dialect: Dialect) throws -> [(String, Int)] {
        try Array(reply[11...]).withUnsafeBytes { data in
            var reader = EntryReader(data, dialect)
            var names: [(String, Int)] = []
            if dialect == .linux {
                while let entry = try reader.nextEntry() {
                    names.append(
                        (String(decoding: entry.name, as: UTF8.self), entry.name.count + 24)
                    )
                }
            } else {
                while let entry = try reader.nextRecord() {
                    names.append((String(decoding: entry.name, as: UTF8.self), 0))
                }
            }
            return names
        }
    }

    @Test(arguments: [Dialect.plain, .unix])
    func aDirectoryIsReadInWholeEntriesAndEndsWithNothing(dialect: Dialect) throws {
        let talk = try talk(dialect)
        try talk.run("Twalk 0 1 list\nRwalk ...\nTopen 1 0\nRopen ...")
        var offset = 0
        var names: [String] = []
        while true {
            // Room for one entry or two, never for a part of one.
            try talk.send("Tread 1 \(offset) 150")
            let reply = try #require(talk.receiveBytes())
            if reply.count == 11 { break }
            names += try entries(reply, dialect).map(\.0)
            offset += reply.count - 11
        }
        #expect(names == ["a", "b", "link", "sub"])
        try talk.run(
            """
            Tread 1 \(offset) 1
            Rread ''
            Tread 1 7 150
            Rerror 'bad offset in directory read'\(dialect == .unix ? " 29" : "")
            Tread 1 0 10
            Rread ''
            """
        )
    }

    @Test func linuxListsDotsFirstAndGoesOnAtACookie() throws {
        let talk = try talk(.linux)
        try talk.run("Twalk 0 1 list\nRwalk ...\nTlopen 1 0\nRlopen ...\nTread 1 0 9\nRlerror 21")
        var cookie: UInt64 = 0
        var names: [String] = []
        while true {
            try talk.send("Treaddir 1 \(cookie) 40")
            let reply = try #require(talk.receiveBytes())
            if reply.count == 11 { break }
            try Array(reply[11...]).withUnsafeBytes { data in
                var reader = EntryReader(data, .linux)
                while let entry = try reader.nextEntry() {
                    names.append(String(decoding: entry.name, as: UTF8.self))
                    cookie = entry.next
                    #expect(
                        entry.type
                            == (["a", "b"].contains(names.last) ? 8 : names.last == "link" ? 10 : 4)
                    )
                }
            }
        }
        #expect(names == [".", "..", "a", "b", "link", "sub"])
        try talk.run(
            "Treaddir 0 0 100\nRlerror 9\nTwalk 0 2 file\nRwalk ...\nTreaddir 2 0 9\nRlerror 20"
        )
    }

    @Test func unixShowsALinksTarget() throws {
        let talk = try talk(.unix)
        try talk.run("Twalk 0 1 list link\nRwalk ...")
        try talk.send("Tstat 1")
        #expect(try talk.receive().contains("../file"))
        try talk.run("Twalk 0 2 list\nRwalk ...\nTopen 2 0\nRopen ...")
        try talk.send("Tread 2 0 8000")
        let reply = try #require(talk.receiveBytes())
        try Array(reply[11...]).withUnsafeBytes { data in
            var reader = EntryReader(data, .unix)
            var targets: [String] = []
            while let record = try reader.nextRecord() {
                targets.append(String(decoding: record.detail, as: UTF8.self))
            }
            #expect(targets == ["", "", "../file", ""])
        }
    }

    @Test func plainClientsSeeALinkAsWhatItLeadsTo() throws {
        try talk(.plain).run(
            """
            Twalk 0 1 list link
            Rwalk ...
            Topen 1 0
            Ropen ...
            Tread 1 0 99
            Rread '0123456789'
            """
        )
    }

    @Test func theRootIsCalledSlash() throws {
        let talk = try talk(.plain)
        try talk.send("Tstat 0")
        #expect(try talk.receive().contains(" stat '/' "))
    }
}
