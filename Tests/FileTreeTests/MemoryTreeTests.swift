import FileTree
import Testing
import TreeConformance

@Suite struct MemoryTreeTests {
    static let sample = """
        d 755 0 0 - /
        d 750 3 4 - a
        f 640 1 2 100 a/b =hello
        l 777 0 0 5 a/c >../big
        h a/d a/b
        f 600 0 0 7 big #300000:206540fad1958d0d
        c 666 0 0 9 null 1:3
        f 644 0 0 1 odd%20%FF =
        p 600 0 0 1 pipe

        """

    private let root = User(uid: 0, gid: 0, name: "root", isOwner: true)

    private func makeSample() throws -> MemoryTree {
        try MemoryTree.make(
            Self.sample.replacing("#300000:206540fad1958d0d", with: "*300000:7")
        )
    }

    @Test func textMakesATreeAndTheTreeMakesTheText() throws {
        let text = try TreeText.describe(makeSample().root)
        #expect(text == Self.sample)
    }

    @Test func conformsToWhatATreePromises() throws {
        let tree = try makeSample()
        let check = ReadableCheck(tree.root, against: try makeSample().root, .all)
        #expect(check.failures == [])
        #expect(check.checks > 60)
    }

    @Test func canBeChangedAsATreePromises() throws {
        let tree = MemoryTree()
        let check = WritableCheck(tree.root)
        #expect(check.failures == [])
        #expect(check.checks > 40)
    }

    @Test func aHolderOfBytesKeepsThemThroughAWrite() throws {
        let tree = try MemoryTree.make("f 644 0 0 1 a =old")
        let file = try #require(try tree.root.lookup("a".utf8Bytes.span.bytes).file)
        let open = try file.open([.read, .write])
        let extent = try #require(try open.extent(at: 0, count: 100))
        try open.write("new".utf8Bytes.span.bytes, at: 0)
        guard case .memory(let bytes) = extent.place else {
            Issue.record("not in memory")
            return
        }
        #expect(extent.count == 3)
        #expect(Array(UnsafeRawBufferPointer(start: bytes, count: 3)) == "old".utf8Bytes)
        #expect(try TreeText.bytes(file) == "new".utf8Bytes)
        _ = extent.owner
    }

    @Test func aFileWithoutANameLivesAsLongAsItIsHeld() throws {
        let tree = try MemoryTree.make("f 644 0 0 1 a =text")
        let file = try #require(try tree.root.lookup("a".utf8Bytes.span.bytes).file)
        try tree.root.remove("a".utf8Bytes.span.bytes, expected: .file)
        #expect(try TreeText.bytes(file) == "text".utf8Bytes)
        #expect(try file.stat().links == 0)
    }

    @Test func aListingGoesOnWhereItWasThoughNamesComeAndGo() throws {
        let tree = try MemoryTree.make("f 644 0 0 1 a\nf 644 0 0 1 b\nf 644 0 0 1 c")
        var names: [[UInt8]] = []
        var cookie: UInt64 = 0
        try tree.root.entries(from: 0) { entry, name in
            names.append(Array(name))
            cookie = entry.next
            return names.count < 2
        }
        try tree.root.remove("b".utf8Bytes.span.bytes, expected: .any)
        let attributes = NewNode(permissions: 0o644, uid: 0, gid: 0)
        _ = try tree.root.createFile("0".utf8Bytes.span.bytes, attributes)
        try tree.root.entries(from: cookie) { _, name in
            names.append(Array(name))
            return true
        }
        #expect(names == ["a", "b", "c", "0"].map(\.utf8Bytes))
    }

    @Test func renamingReplacesOnlyWhenAsked() throws {
        let tree = try MemoryTree.make("f 644 0 0 1 a =a\nf 644 0 0 1 b =b\nd 755 0 0 1 d")
        let (a, b) = ("a".utf8Bytes, "b".utf8Bytes)
        #expect(throws: FileError(.exists)) {
            try tree.root.rename(a.span.bytes, to: tree.root, b.span.bytes, replacing: false)
        }
        try tree.root.rename(a.span.bytes, to: tree.root, b.span.bytes, replacing: true)
        #expect(
            try TreeText.describe(tree.root) == "d 755 0 0 - /\nf 644 0 0 1 b =a\nd 755 0 0 - d\n"
        )
        let d = "d".utf8Bytes
        let directory = try #require(try tree.root.lookup(d.span.bytes).directory)
        #expect(throws: FileError(.invalid)) {
            try tree.root.rename(d.span.bytes, to: directory, a.span.bytes, replacing: true)
        }
    }

    @Test func aFullTreeSaysSoAndKeepsWhatItHad() throws {
        let tree = MemoryTree(capacity: 10)
        let file = try tree.root.createFile(
            "a".utf8Bytes.span.bytes,
            NewNode(permissions: 0o644, uid: 0, gid: 0)
        )
        let open = try file.open(.write)
        try open.write("12345678".utf8Bytes.span.bytes, at: 0)
        #expect(throws: FileError(.noSpace)) {
            try open.write("12345678".utf8Bytes.span.bytes, at: 8)
        }
        #expect(try TreeText.bytes(file) == "12345678".utf8Bytes)
        try tree.root.remove("a".utf8Bytes.span.bytes, expected: .any)
        #expect(try tree.statfs().free == 0)
    }

    @Test func onlyTheOwnerChangesAttributes() throws {
        let tree = try MemoryTree.make("f 644 7 7 1 a =a")
        let node = try tree.root.lookup("a".utf8Bytes.span.bytes)
        var change = StatChange()
        change.permissions = 0o600
        let other = User(uid: 8, gid: 8, name: "other", isOwner: false)
        #expect(throws: FileError(.notPermitted)) { try node.change(change, by: other) }
        let owner = User(uid: 7, gid: 7, name: "owner", isOwner: false)
        try node.change(change, by: owner)
        #expect(try node.stat().mode.permissions == 0o600)
        change = StatChange()
        change.uid = 0
        #expect(throws: FileError(.notPermitted)) { try node.change(change, by: owner) }
    }
}

extension String {
    /// The bytes, as a tree wants names.
    var utf8Bytes: [UInt8] { Array(utf8) }
}
