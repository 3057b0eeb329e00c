import Archive
import FileTree
import Testing

@Suite struct IndexBuilderTests {
    private func file(_ path: String, size: UInt64 = 0) -> Member {
        var member = Member(path: Array(path.utf8), type: .regular, permissions: 0o644)
        member.size = size
        return member
    }

    private func directory(_ path: String, _ permissions: UInt32 = 0o755) -> Member {
        Member(path: Array(path.utf8), type: .directory, permissions: permissions)
    }

    private func tree(_ index: Index) -> [String] {
        (1..<UInt32(index.entryCount)).map { entry in
            let inode = index.inode(index.inodeNumber(entry))
            let mark = inode.mode.type == .directory ? "/" : " \(inode.size)"
            return String(decoding: index.path(entry), as: UTF8.self) + mark
        }.sorted()
    }

    @Test func ofMembersWithOnePathTheLastWinsAndThePathIsReported() throws {
        var builder = IndexBuilder()
        for size in [1, 2, 3] as [UInt64] { try builder.add(file("a/f", size: size)) }
        try builder.add(directory("a", 0o700))
        try builder.add(directory("a", 0o711))
        let index = try Index(builder.build())
        #expect(tree(index) == ["a/", "a/f 3"])
        #expect(builder.duplicates == [Array("a/f".utf8), Array("a/f".utf8)])
        #expect(index.inodeCount == 3)
        #expect(index.inode(index.inodeNumber(1)).mode.permissions == 0o711)
    }

    @Test func aFileInThePlaceOfADirectoryTakesWhatWasBelowAway() throws {
        var builder = IndexBuilder()
        try builder.add(file("a/b/c", size: 1))
        try builder.add(file("a/b", size: 2))
        #expect(tree(try Index(builder.build())) == ["a/", "a/b 2"])
        try builder.add(file("a/b/d", size: 3))
        #expect(tree(try Index(builder.build())) == ["a/", "a/b/", "a/b/d 3"])
        #expect(builder.duplicates.count == 2)
    }

    @Test func linksOfAReplacedNameKeepTheirFile() throws {
        var builder = IndexBuilder()
        try builder.add(file("a", size: 1))
        var link = file("b")
        link.hardLink = Array("a".utf8)
        try builder.add(link)
        try builder.add(file("a", size: 9))
        let index = try Index(builder.build())
        #expect(tree(index) == ["a 9", "b 1"])
        #expect(index.inode(index.inodeNumber(2)).links == 1)
    }

    @Test func whatIsNotInTheFormatIsRefused() {
        var builder = IndexBuilder()
        #expect(throws: FileError.self) { try builder.add(file(".pak/x")) }
        #expect(throws: FileError.self) { try builder.add(file("")) }
        #expect(throws: FileError.self) { try builder.add(file("big", size: 1 << 48)) }
        var old = file("old")
        old.modified = Timestamp(seconds: -1 << 34)
        #expect(throws: FileError.self) { try builder.add(old) }
        var link = file("l")
        link.hardLink = []
        #expect(throws: FileError.self) { try builder.add(link) }
    }

    @Test func entriesOfADirectoryAreSortedByBytesWhateverTheirOrder() throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = SplitMix(seed)
        var paths = (0..<2000).map { "d\($0 % 17)/e\($0 % 13)/\(random.next() % 5000)" }
        paths = Array(Set(paths)).shuffled(using: &random)
        var builder = IndexBuilder()
        for path in paths { try builder.add(file(path)) }
        let index = try Index(builder.build())
        var found = 0
        for entry in 0..<UInt32(index.entryCount) {
            let names = index.children(entry).map { Array(index.name($0)) }
            #expect(names == names.sorted(by: MemberPath.precedes), "seed \(seed)")
            for child in index.children(entry) {
                #expect(index.parent(child) == entry)
                #expect(index.lookup(entry, index.name(child)) == child, "seed \(seed)")
                found += 1
            }
        }
        #expect(found == index.entryCount - 1)
        for path in paths { #expect(index.entry(atPath: path.utf8) != nil, "seed \(seed)") }
    }

    @Test func fewBytesOfTarDoNotBecomeAnIndexWithoutBound() throws {
        // Each member is 1.5 KiB of tar, and 250 directories.
        var tar: [UInt8] = []
        for number in 0..<5200 {
            let path = "\(number)" + String(repeating: "/d", count: 250)
            tar += paxHeader("x", record("path", path)) + header("x", type: "0")
        }
        let scratch = Scratch()
        scratch.write("a.tar", tar + [UInt8](repeating: 0, count: 1024))
        let error = try #require(throws: FileError.self) {
            try Package.tar(HostFile(scratch["a.tar"]))
        }
        #expect(error.kind == .malformed)
        #expect(error.context?.contains("a quarter of the archive") == true)
    }

    @Test func sectionsThatAReaderDoesNotKnowAreSkipped() throws {
        var builder = IndexBuilder()
        try builder.add(file("a"))
        var bytes = builder.build()
        // The last section, whiteouts, gets a kind of tomorrow.
        bytes[128 + 8 * 24] = 200
        #expect(try Index(bytes).entry(atPath: "a".utf8) == 1)
    }
}
