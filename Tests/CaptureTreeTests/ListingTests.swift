import Archive
import FileTree
import SystemPackage
import Testing
import TreeConformance
import UnionTree

@testable import CaptureTree

/// Directories as they are listed: the layer's names, then the lower ones, each at its place.
@Suite struct ListingTests {
    private let new = NewNode(permissions: 0o644, uid: 0, gid: 0)

    /// Names and positions, as a client that takes `count` at a time is told them.
    private func pages(_ directory: any Directory, of count: Int) throws -> [(String, UInt64)] {
        var found: [(String, UInt64)] = []
        var cookie: UInt64 = 0
        while true {
            let before = found.count
            try directory.entries(from: cookie) { entry, name in
                found.append((String(decoding: Array(name), as: UTF8.self), entry.next))
                return found.count - before < count
            }
            guard let last = found.last, found.count > before else { return found }
            cookie = last.1
        }
    }

    @Test(arguments: [1, 2, 7]) func aListingIsTheSameWhateverTheStep(_ count: Int) throws {
        let captured = try Captured((0..<20).map { "f 644 0 0 1 low\($0)" }.joined(separator: "\n"))
        for number in 0..<50 {
            _ = try captured.root.createFile("own\(number)".utf8Bytes.span.bytes, new)
        }
        for number in [3, 5] {
            try captured.root.remove("low\(number)".utf8Bytes.span.bytes, expected: .file)
            try captured.root.remove("own\(number)".utf8Bytes.span.bytes, expected: .file)
        }
        try captured.write("x", to: "low7")
        _ = try captured.root.createFile("low5".utf8Bytes.span.bytes, new)
        let names = try pages(captured.root, of: count).map { $0.0 }
        #expect(names.count == 50 - 2 + 20 - 1)
        #expect(Set(names).count == names.count)
        #expect(try names == captured.root.listed())
        #expect(try names == captured.reopened().root.listed())
    }

    @Test func anEntryThatStaysDoesNotMove() throws {
        let captured = try Captured((0..<9).map { "f 644 0 0 1 low\($0)" }.joined(separator: "\n"))
        for number in 0..<9 {
            _ = try captured.root.createFile("own\(number)".utf8Bytes.span.bytes, new)
        }
        let before = try Dictionary(uniqueKeysWithValues: pages(captured.root, of: 4))
        for name in ["low0", "own0", "low4", "own8"] {
            try captured.root.remove(name.utf8Bytes.span.bytes, expected: .file)
        }
        for number in 10..<40 {
            _ = try captured.root.createFile("own\(number)".utf8Bytes.span.bytes, new)
        }
        try captured.write("x", to: "low5")
        for (name, cookie) in try pages(captured.root, of: 4) {
            #expect(before[name] ?? cookie == cookie, "\(name)")
        }
        #expect(throws: FileError(.badDirectoryOffset)) {
            try captured.root.entries(from: 1 << 30) { _, _ in true }
        }
    }

    @Test func positionsOfADirectoryOfTheHostAreOnesThatClientsCanHold() throws {
        let host = try HostTree("/usr/bin")
        let captured = try Captured(over: host.root, in: host)
        for number in 0..<5 {
            _ = try captured.root.createFile("own\(number)".utf8Bytes.span.bytes, new)
        }
        let some = try #require(try host.root.listed().first)
        try captured.root.remove(some.utf8Bytes.span.bytes, expected: .any)
        let pages = try pages(captured.root, of: 7)
        #expect(Set(pages.map { $0.0 }).count == pages.count)
        #expect(pages.allSatisfy { $0.1 <= UInt64(Int64.max) })
        #expect(try pages.count == host.root.listed().count + 5 - 1)
    }

    @Test func aListingShowsWhatALookupFinds() throws {
        let captured = try Captured("f 644 0 0 1 a =1\nf 600 0 0 1 b =22\nd 755 0 0 - d")
        try captured.write("xyz", to: "a")
        var change = StatChange()
        change.permissions = 0o711
        try captured.node("d").change(change, by: .superuser)
        var seen = 0
        var failure: FileError?
        try captured.root.entries(from: 0) { entry, name in
            seen += 1
            do throws(FileError) {
                let node = try captured.root.lookup(name)
                let stat = try node.stat()
                #expect(stat == entry.stat)
            } catch { failure = error }
            return true
        }
        #expect(failure == nil)
        #expect(seen == 3)
    }

    @Test func aCaptureOverADirectoryOfTheHostConforms() throws {
        let scratch = try Scratch()
        try scratch.write(Array("hello".utf8), to: scratch.path + "/f")
        let host = try HostTree(FilePath(scratch.path))
        let captured = try Captured(over: host.root, in: host, keeping: scratch)
        var check = ReadableCheck(captured.root, against: host.root, .all)
        #expect(check.failures == [])
        _ = try captured.root.createDirectory("d".utf8Bytes.span.bytes, new)
        let writable = WritableCheck(try captured.directory("d"))
        #expect(writable.failures == [])
        check = ReadableCheck(captured.root, against: try captured.reopened().root, .all)
        #expect(check.failures == [])
        #expect(scratch.names(scratch.path) == ["f"])
    }

    @Test func aCaptureOverPackagesAndABaseConforms() throws {
        let base = try MemoryTree.make(
            "f 644 0 0 100 etc/f =e\nf 755 0 0 100 usr/bin/host =h\nd 755 0 0 - empty"
        )
        let folder = try Scratch()
        try folder.write(Array("p".utf8), to: folder.path + "/program")
        let package = try Package.openDirectory(folder.path)
        let union = try UnionTree(packages: [package], base: base.root)
        let captured = try Captured(over: union.root, in: union, keeping: folder)
        var check = ReadableCheck(captured.root, against: union.root, .all)
        #expect(check.failures == [])
        let writable = WritableCheck(try captured.directory("empty"))
        #expect(writable.failures == [])
        try captured.write("P", to: "program")
        try captured.write("H", to: "usr/bin/host")
        try captured.directory("etc").remove("f".utf8Bytes.span.bytes, expected: .file)
        #expect(try captured.text("program") == "P")
        check = ReadableCheck(captured.root, against: try captured.reopened().root, .all)
        #expect(check.failures == [])
    }
}
