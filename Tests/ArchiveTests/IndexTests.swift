import Archive
import FileTree
import Testing

@Suite struct IndexTests {
    @Test func everyPathIsFoundAgain() throws {
        var builder = IndexBuilder()
        let paths = ["usr/bin/jq", "usr/bin/a", "etc", "usr-x", "usr/lib/x86_64/libjq.so.1"]
        for path in paths {
            try builder.add(Member(path: Array(path.utf8), type: .regular, permissions: 0o644))
        }
        let index = try Index(builder.build())
        #expect(index.isIntact)
        #expect(index.entryCount == 10)
        for path in paths {
            let entry = try #require(index.entry(atPath: path.utf8))
            #expect(index.path(entry) == Array(path.utf8))
            #expect(index.isListed(entry))
        }
        let usr = try #require(index.entry(atPath: "usr".utf8))
        #expect(!index.isListed(usr))
        #expect(index.inode(index.inodeNumber(usr)).mode == Mode(.directory, 0o755))
        #expect(index.entry(atPath: "usr/bin/none".utf8) == nil)
        let names = index.children(0).map { String(decoding: index.name($0), as: UTF8.self) }
        #expect(names == ["etc", "usr", "usr-x"])
    }

    @Test func aTarThatNoFileHoldsIsRefused() throws {
        var archive = IndexBuilder.Archive()
        archive.tarSize = .max
        let bytes = IndexBuilder().build(archive)
        let error = try #require(throws: FileError.self) { try Index(bytes) }
        #expect(error.context?.hasPrefix("index: offset 32") == true)
    }

    @Test func slotsAreSpreadOverTheWholeTable() throws {
        var builder = IndexBuilder()
        for number in 0..<5000 {
            let path = Array("usr/share/doc/f\(number)".utf8)
            try builder.add(Member(path: path, type: .regular, permissions: 0o644))
        }
        // 40 bytes an inode, 16 an entry, 5 for slots, and the names; a table whose searches all
        // start at one slot would have been made larger again and again.
        #expect(builder.build().count < 5000 * 80)
    }
}
