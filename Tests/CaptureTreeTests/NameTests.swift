import FileTree
import Testing
import TreeConformance

@testable import CaptureTree

/// Names that are made, moved and removed over a lower tree.
@Suite struct NameTests {
    private let new = NewNode(permissions: 0o644, uid: 0, gid: 0)

    private func move(
        _ from: any Directory,
        _ name: String,
        _ to: any Directory,
        _ newName: String
    ) throws {
        let (name, newName) = (name.utf8Bytes, newName.utf8Bytes)
        try from.rename(name.span.bytes, to: to, newName.span.bytes, replacing: true)
    }

    @Test func oneNameOfAGroupThatIsWrittenChangesAll() throws {
        let captured = try Captured("f 644 0 0 1 a =text\nh d/b a\nh d/c a")
        try captured.write("T", to: "d/b")
        for path in ["a", "d/b", "d/c"] {
            #expect(try captured.text(path) == "Text")
            #expect(try captured.node(path).stat().links == 3)
        }
        let d = try captured.directory("d")
        try d.remove("c".utf8Bytes.span.bytes, expected: .file)
        #expect(try captured.node("a").stat().links == 2)
        try captured.root.addName("e".utf8Bytes.span.bytes, for: captured.node("d/b"))
        #expect(try captured.node("a").stat().links == 3)
        #expect(try captured.node("e").qid == captured.node("a").qid)
        // Listed with what they are, too.
        try d.entries(from: 0) { entry, _ in
            #expect(entry.stat.links == 3)
            return true
        }
        #expect(try TreeText.describe(captured.reopened().root) == TreeText.describe(captured.root))
    }

    @Test func aLinkToALowerFileCopiesNothing() throws {
        let captured = try Captured("f 644 0 0 1 a =text")
        try captured.root.addName("b".utf8Bytes.span.bytes, for: captured.node("a"))
        #expect(captured.data.allocated == 0)
        #expect(try captured.node("b").qid.path == captured.tree.lower.node("a").qid.path)
        #expect(try captured.node("a").stat().links == 2)
        #expect(try captured.text("b") == "text")
    }

    @Test func aRenameKeepsTheQidAndLeavesAHole() throws {
        let captured = try Captured("f 644 0 0 1 a =text\nd 755 0 0 - d")
        let qid = try captured.node("a").qid.path
        try move(captured.root, "a", captured.directory("d"), "b")
        #expect(try captured.node("d/b").qid.path == qid)
        #expect(throws: FileError(.notFound)) { try captured.node("a") }
        #expect(try captured.root.listed() == ["d"])
        let again = try captured.root.createFile("a".utf8Bytes.span.bytes, new)
        #expect(again.qid.path != qid)
        #expect(try captured.root.listed().sorted() == ["a", "d"])
    }

    @Test func aRenamedLowerDirectoryIsOneHoleAndOneName() throws {
        let lower = MemoryTree()
        let d = try lower.root.createDirectory("d".utf8Bytes.span.bytes, new)
        for number in 0..<10_000 {
            _ = try d.createFile("file-\(number)".utf8Bytes.span.bytes, new)
        }
        let captured = try Captured(over: lower.root, in: lower)
        let held = try captured.node("d/file-77")
        try move(captured.root, "d", captured.root, "e")
        // The directory is adopted, and then renamed: no record for what is in it.
        #expect(captured.journal.records.count == 2)
        #expect(try captured.directory("e").listed().count == 10_000)
        #expect(try captured.node("e/file-77").qid == held.qid)
        #expect(held.parent?.qid.path == d.qid.path)
        try captured.write("x", to: "e/file-77")
        #expect(try held.stat().size == 1)
        #expect(throws: FileError(.notFound)) { try captured.node("d") }
        let tree = try captured.reopened()
        #expect(try tree.root.node("e/file-77").stat().size == 1)
        #expect(try tree.root.node("e/file-78").stat().size == 0)
    }

    @Test func aDirectoryCanBeRenamedTwiceAndItsOldPlaceFilled() throws {
        let captured = try Captured("f 644 0 0 1 a/b/c =1\nf 644 0 0 1 a/x =2")
        try move(captured.root, "a", captured.root, "z")
        try move(captured.directory("z"), "b", captured.root, "y")
        _ = try captured.root.createDirectory("a".utf8Bytes.span.bytes, new)
        try move(captured.root, "y", captured.directory("a"), "b")
        let expected = """
            d 755 0 0 - /
            d 644 0 0 - a
            d 755 0 0 - a/b
            f 644 0 0 1 a/b/c =1
            d 755 0 0 - z
            f 644 0 0 1 z/x =2

            """
        #expect(try TreeText.describe(captured.root) == expected)
        #expect(try TreeText.describe(captured.reopened().root) == expected)
    }

    @Test func aFidFollowsARenameOfItsFile() throws {
        let captured = try Captured("f 644 0 0 1 a =1\nd 755 0 0 - d")
        let before = try captured.node("a")
        try move(captured.root, "a", captured.directory("d"), "b")
        var name: [UInt8] = []
        before.withName { name = Array($0) }
        #expect(name == "b".utf8Bytes)
        #expect(try before.parent?.qid.path == captured.node("d").qid.path)
    }

    @Test func aLowerFileRemovedWhileOpenGoesOn() throws {
        let captured = try Captured("f 644 0 0 1 a =text")
        let node = try captured.file("a")
        let open = try node.open([.read, .write])
        try captured.root.remove("a".utf8Bytes.span.bytes, expected: .file)
        #expect(try node.stat().links == 0)
        #expect(node.parent?.qid.path == captured.root.qid.path)
        #expect(try TreeText.bytes(node) == "text".utf8Bytes)
        try open.write("T".utf8Bytes.span.bytes, at: 0)
        var change = StatChange()
        change.permissions = 0o600
        change.size = 2
        try node.change(change, by: .superuser)
        #expect(try TreeText.bytes(node) == "Te".utf8Bytes)
        #expect(try node.stat().mode.permissions == 0o600)
        // The log keeps nothing of a file without a name: it was read, adopted and removed.
        #expect(captured.journal.records.count == 3)
        #expect(try captured.reopened().root.listed() == [])
    }

    @Test func theDataOfARemovedFileGoesWithItsLastHolder() throws {
        let captured = try Captured("d 755 0 0 - /")
        var open: (any OpenFile)? = try captured.root
            .createFile("a".utf8Bytes.span.bytes, new).open([.read, .write])
        try open?.write("text".utf8Bytes.span.bytes, at: 0)
        try captured.root.remove("a".utf8Bytes.span.bytes, expected: .file)
        #expect(captured.data.allocated == 4096)
        open = nil
        #expect(captured.data.allocated == 0)
    }

    @Test func aLowerDirectoryIsRemovedOnceAllItsNamesAre() throws {
        let captured = try Captured("f 644 0 0 1 d/a =1\nf 644 0 0 1 d/b =2")
        let d = try captured.directory("d")
        for name in ["a", "b"] {
            #expect(throws: FileError(.notEmpty)) {
                try captured.root.remove("d".utf8Bytes.span.bytes, expected: .directory)
            }
            try d.remove(name.utf8Bytes.span.bytes, expected: .file)
        }
        try captured.root.remove("d".utf8Bytes.span.bytes, expected: .directory)
        #expect(throws: FileError(.notFound)) {
            _ = try d.createFile("c".utf8Bytes.span.bytes, new)
        }
        _ = try captured.root.createDirectory("d".utf8Bytes.span.bytes, new)
        #expect(try captured.directory("d").listed() == [])
    }

    @Test func devicesOwnersAndAttributesAreData() throws {
        let captured = try Captured("f 644 0 0 1 a =1")
        let null = try captured.root.createNode(
            "null".utf8Bytes.span.bytes,
            type: .characterDevice,
            device: DeviceNumber.join(major: 1, minor: 3),
            NewNode(permissions: 0o666, uid: 5, gid: 6)
        )
        #expect(try null.stat().device == 0x103)
        #expect(null.file == nil)
        let name = "user.k".utf8Bytes
        let a = try captured.node("a")
        try a.setAttribute(name.span.bytes, to: [1])
        #expect(try captured.node("a").attribute(name.span.bytes) == [1])
        let again = try captured.reopened()
        #expect(try again.root.node("a").attributeNames() == name + [0])
        #expect(try again.root.node("null").stat().device == 0x103)
    }

    @Test func attributesOfLowerFilesAreMergedAndHidden() throws {
        let lower = try MemoryTree.make("f 644 0 0 1 a =1")
        let (k, l) = ("user.k".utf8Bytes, "user.l".utf8Bytes)
        try lower.root.node("a").setAttribute(k.span.bytes, to: [1])
        let captured = try Captured(over: lower.root, in: lower)
        let a = try captured.node("a")
        try a.setAttribute(l.span.bytes, to: [2])
        #expect(try a.attributeNames() == k + [0] + l + [0])
        #expect(try a.attribute(k.span.bytes) == [1])
        try a.setAttribute(k.span.bytes, to: nil)
        #expect(try a.attributeNames() == l + [0])
        #expect(throws: FileError(.noAttribute)) { try a.attribute(k.span.bytes) }
        #expect(throws: FileError(.noAttribute)) { try a.setAttribute(k.span.bytes, to: nil) }
        #expect(try lower.root.node("a").attributeNames() == k + [0])
    }

    @Test func aWalkGoesThroughWhatIsTouchedAndWhatIsNot() throws {
        let captured = try Captured("f 644 0 0 1 a/b/c/d =1\nf 644 0 0 1 a/x =1\nh l a/b/c/d")
        try captured.write("2", to: "l")
        try captured.write("2", to: "a/x")
        let packed: [UInt8] = ["a", "b", "c", "d"].flatMap { [1, 0] + $0.utf8Bytes }
        var qids = WalkedQids()
        let node = try packed.withUnsafeBytes { (bytes) throws(FileError) in
            try captured.root.walk(PathNames(bytes: bytes, count: 4), &qids)
        }
        #expect(qids.count == 4)
        #expect(qids[3] == node.qid)
        #expect(try node.qid == captured.node("l").qid)
        #expect(try node.stat().qid == node.qid)
        #expect(try qids[1] == captured.tree.lower.node("a/b").qid)
    }
}
