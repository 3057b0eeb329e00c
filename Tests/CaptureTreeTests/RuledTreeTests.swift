import FileTree
import Glibc
import ScratchFolder
import Synchronization
import SystemPackage
import Testing
import TreeConformance

@testable import CaptureTree

@Suite struct RuledTreeTests {
    private static let sample = """
        d 755 0 0 - /
        d 755 0 0 - /a
        f 644 0 0 1 /a/f =low
        d 1777 3 4 - /tmp
        f 644 0 0 1 /tmp/old =old
        d 755 0 0 - /usr
        d 755 0 0 - /usr/lib
        f 644 0 0 1 /usr/lib/x =x
        f 644 0 0 1 /usr/y.o =y

        """
    private static let new = NewNode(permissions: 0o644, uid: 0, gid: 0)

    private static func ruled(
        _ rules: String,
        _ options: RuledTree.Options = .init()
    ) throws -> (RuledTree, Captured) {
        let captured = try Captured(sample)
        let tree = try RuledTree(
            over: captured.root,
            in: captured.tree,
            rules: Rules(text: rules.utf8),
            options
        )
        return (tree, captured)
    }

    private static func through(_ path: String) -> RuledTree.Options {
        var options = RuledTree.Options()
        options.through = { (name) throws(FileError) in
            guard name == Array("out".utf8) else { throw FileError(.notFound) }
            return try HostTree(FilePath(path), isWritable: true).root
        }
        return options
    }

    private func make(_ path: String, _ text: String = "", in root: any Directory) throws {
        let names = path.split(separator: "/").map(String.init)
        let parent = names.dropLast().joined(separator: "/")
        let directory = try #require(try root.node(parent).directory)
        let name = (names.last ?? "").utf8Bytes
        let file = try directory.createFile(name.span.bytes, Self.new)
        let bytes = text.utf8Bytes
        if !bytes.isEmpty { try file.open(.write).write(bytes.span.bytes, at: 0) }
    }

    private func text(_ path: String, _ root: any Directory) throws -> String {
        String(decoding: try TreeText.bytes(#require(try root.node(path).file)), as: UTF8.self)
    }

    /// A node that counts how often its whole qid is asked for, as that of a file of the host is by
    /// two system calls.
    private final class Asked: Node {
        let count = Atomic<Int>(0)
        let qidPath: UInt64 = 7

        var qid: Qid {
            count.wrappingAdd(1, ordering: .relaxed)
            return Qid(type: .file, version: 3, path: qidPath)
        }

        func stat() throws(FileError) -> FileTree.Stat {
            .init(qid: qid, mode: Mode(.regular, 0o644))
        }
        var parent: (any Directory)? { nil }
        func withName(_ body: (RawSpan) -> Void) { body([UInt8]().span.bytes) }
    }

    @Test func whatNeverChangesOfAQidIsNotAskedOfTheFile() throws {
        let (tree, _) = try Self.ruled("")
        let mount = Mount(at: [Array("a".utf8)], tree.root, seed: 5)
        for place in [nil, mount] {
            let asked = Asked()
            let node = tree.node(asked, place)
            let path = node.qidPath
            #expect(asked.count.load(ordering: .relaxed) == 0)
            #expect(path == node.qid.path)
            #expect((path == 7) == (place == nil))
        }
    }

    /// A directory of which a listing that begins is of another.
    private final class Swapped: Directory {
        let qid = Qid(type: .directory, version: 0, path: 9)
        let listed: any Directory

        init(_ listed: any Directory) { self.listed = listed }

        func stat() throws(FileError) -> FileTree.Stat {
            .init(qid: qid, mode: Mode(.directory, 0o755))
        }
        var parent: (any Directory)? { nil }
        func withName(_ body: (RawSpan) -> Void) { body([UInt8]().span.bytes) }
        func lookup(_ name: RawSpan) throws(FileError) -> any Node { throw FileError(.notFound) }
        func entries(
            from cookie: UInt64,
            _ body: (borrowing DirectoryEntry, RawSpan) -> Bool
        ) throws(FileError) {}
    }

    @Test func aListingIsOfWhatTheTreeBelowSaysItIsOf() throws {
        let (tree, _) = try Self.ruled("")
        let directory = Swapped(try #require(try tree.root.node("usr").directory))
        let ruled = tree.node(directory, nil)
        let listed = try #require(ruled.directory).listed
        #expect(try listed.names().map { String(decoding: $0, as: UTF8.self) } == ["lib", "y.o"])
    }

    @Test func whatLeadsToAFolderIsSeenWhereTheTreeHasNothing() throws {
        let scratch = try ScratchFolder()
        try make("f", "host", in: HostTree(FilePath(scratch.path), isWritable: true).root)
        var options = RuledTree.Options()
        options.through = { _ throws(FileError) in try HostTree(FilePath(scratch.path)).root }
        options.showsWays = true
        let (tree, _) = try Self.ruled("through /new/way/out\nthrough /usr/local/out\n", options)
        #expect(try text("new/way/out/f", tree.root) == "host")
        #expect(try text("usr/local/out/f", tree.root) == "host")
        #expect(try text("usr/y.o", tree.root) == "y")
        #expect(
            try tree.root.names().map { String(decoding: $0, as: UTF8.self) }.sorted()
                == ["a", "new", "tmp", "usr"]
        )
        let way = try #require(try tree.root.node("new/way").directory)
        #expect(try way.names() == [Array("out".utf8)])
        #expect(try way.stat().mode.permissions == 0o755)
        #expect(try way.parent?.qid == tree.root.node("new").qid)
        let error = #expect(throws: FileError.self) { try make("new/f", in: tree.root) }
        #expect(error?.kind == .readOnly)
        // What the tree comes to have is what is seen.
        _ = try tree.root.createDirectory("new".utf8Bytes.span.bytes, Self.new)
        try make("new/f", "mine", in: tree.root)
        #expect(try text("new/f", tree.root) == "mine")
        #expect(try text("new/way/out/f", tree.root) == "host")
        #expect(try tree.root.node("new").directory?.names().count == 2)
    }

    @Test func withoutSuchRulesAllReadsAsTheCapture() throws {
        let (tree, captured) = try Self.ruled("drop /tmp\nkeep *.o\n")
        let check = ReadableCheck(tree.root, against: captured.root, .all)
        #expect(check.failures == [])
        #expect(!captured.layer.rules.holdWhileUsed)
    }

    @Test func aScratchFolderIsEmptyWritableAndInNoLayer() throws {
        let (tree, captured) = try Self.ruled("scratch /tmp\n")
        let place = try #require(try tree.root.node("tmp").directory)
        #expect(try place.stat().mode.permissions == 0o1777)
        #expect(try place.stat().uid == 3)
        let check = WritableCheck(place)
        #expect(check.failures == [])
        #expect(check.checks > 40)
        try make("tmp/new", "text", in: tree.root)
        #expect(try text("tmp/new", tree.root) == "text")
        #expect(try captured.root.node("tmp").directory?.listed() == ["old"])
        #expect(captured.journal.records.isEmpty)
        tree.clear()
        #expect(try tree.root.node("tmp").directory?.listed() == [])
    }

    @Test func aRuledTreeConformsAroundItsFolders() throws {
        let (tree, _) = try Self.ruled("scratch /tmp\nscratch /usr/obj\nscratch /usr/obj/deep\n")
        try make("usr/obj/a", "a", in: tree.root)
        let reference = try MemoryTree.make(
            """
            d 755 0 0 - /
            d 755 0 0 - /a
            f 644 0 0 1 /a/f =low
            d 1777 3 4 - /tmp
            d 755 0 0 - /usr
            d 755 0 0 - /usr/lib
            f 644 0 0 1 /usr/lib/x =x
            f 644 0 0 1 /usr/y.o =y
            d 755 0 0 - /usr/obj
            f 644 0 0 1 /usr/obj/a =a
            d 755 0 0 - /usr/obj/deep
            """
        )
        let fields = TreeText.Fields.all.subtracting(.times)
        let check = ReadableCheck(tree.root, against: reference.root, fields)
        #expect(check.failures == [])
        // The way up is the way down.
        let deep = try #require(try tree.root.node("usr/obj/deep").directory)
        let above = try #require(deep.parent)
        #expect(above.qid.path == (try tree.root.node("usr/obj").qid.path))
        #expect(above.parent?.qid.path == (try tree.root.node("usr").qid.path))
        #expect(above.parent?.parent?.qid.path == tree.root.qid.path)
        #expect(above.parent?.parent?.parent == nil)
    }

    @Test func aScratchFolderHasItsOwnLimit() throws {
        var options = RuledTree.Options()
        options.scratchBytes = 100_000
        let (tree, _) = try Self.ruled("scratch /tmp\n", options)
        try make("tmp/f", String(repeating: "x", count: 50_000), in: tree.root)
        #expect(throws: FileError(.noSpace)) {
            try make("tmp/g", String(repeating: "x", count: 50_000), in: tree.root)
        }
        // Names take room, too.
        var made = 0
        let error = #expect(throws: FileError.self) {
            for number in 0..<1000 {
                try make("tmp/\(number)", in: tree.root)
                made += 1
            }
        }
        #expect(error?.kind == .noSpace)
        #expect(made > 20 && made < 60)
        // What is removed makes room again.
        let place = try #require(try tree.root.node("tmp").directory)
        for name in try TreeText.names(place) { try place.remove(name.span.bytes, expected: .any) }
        try make("tmp/h", String(repeating: "x", count: 90_000), in: tree.root)
        #expect(try text("a/f", tree.root) == "low")
    }

    @Test func aThroughFolderIsTheRealOne() throws {
        let folder = try ScratchFolder()
        let (tree, captured) = try Self.ruled("through /out\n", Self.through(folder.path))
        #expect(try tree.root.listed().sorted() == ["a", "out", "tmp", "usr"])
        try make("out/made", "real", in: tree.root)
        let host = try HostTree(FilePath(folder.path)).root
        #expect(try text("made", host) == "real")
        #expect(try tree.root.node("out/made").qid.path == (try host.node("made").qid.path))
        let place = try #require(try tree.root.node("out").directory)
        let name = "made".utf8Bytes
        try place.remove(name.span.bytes, expected: .file)
        let check = WritableCheck(place, givesAway: false)
        #expect(check.failures == [])
        #expect(captured.journal.records.isEmpty)
    }

    @Test func nothingCrossesTheBorder() throws {
        let (tree, _) = try Self.ruled("scratch /tmp\nscratch /usr/obj\n")
        let root = tree.root
        let tmp = try #require(try root.node("tmp").directory)
        let a = try #require(try root.node("a").directory)
        let (f, g) = ("f".utf8Bytes, "g".utf8Bytes)
        #expect(throws: FileError(.crossDevice)) {
            try a.rename(f.span.bytes, to: tmp, g.span.bytes, replacing: true)
        }
        let file = try a.lookup(f.span.bytes)
        #expect(throws: FileError(.crossDevice)) { try tmp.addName(g.span.bytes, for: file) }
        try make("tmp/f", in: root)
        #expect(throws: FileError(.crossDevice)) {
            try tmp.rename(f.span.bytes, to: a, g.span.bytes, replacing: true)
        }
        // The folders themselves, and what holds them, stay where they are.
        let names = ["tmp", "usr", "new"].map { $0.utf8Bytes }
        for name in names.dropLast() {
            let new = names[2]
            #expect(throws: FileError(.busy)) {
                try root.rename(name.span.bytes, to: root, new.span.bytes, replacing: true)
            }
            #expect(throws: FileError(.busy)) {
                try root.remove(name.span.bytes, expected: .directory)
            }
        }
        let taken = names[0]
        #expect(throws: FileError(.exists)) {
            _ = try root.createDirectory(taken.span.bytes, Self.new)
        }
        let lib = "lib".utf8Bytes
        let usr = try #require(try root.node("usr").directory)
        try usr.rename(lib.span.bytes, to: a, lib.span.bytes, replacing: false)
        #expect(try text("a/lib/x", root) == "x")
    }

    @Test(arguments: [
        "create", "mkdir", "link", "hard link", "write", "truncate", "chmod", "xattr", "remove",
        "rename", "rename over", "rename above",
    ])
    func whatIsDeniedCannotBeChanged(what: String) throws {
        let (tree, captured) = try Self.ruled("deny /usr/lib\ndeny *.o\nkeep /usr/lib/free\n")
        let root = tree.root
        let usr = try #require(try root.node("usr").directory)
        let lib = try #require(try root.node("usr/lib").directory)
        let x = try root.node("usr/lib/x")
        let (name, other, new) = ("x".utf8Bytes, "y.o".utf8Bytes, "new".utf8Bytes)
        let attribute = "user.a".utf8Bytes
        var mode = StatChange()
        mode.permissions = 0o600
        let before = try TreeText.describe(captured.root)
        #expect(throws: FileError(.readOnly), "\(what)") {
            switch what {
            case "create": _ = try lib.createFile(new.span.bytes, Self.new)
            case "mkdir": _ = try lib.createDirectory(new.span.bytes, Self.new)
            case "link": _ = try lib.createLink(new.span.bytes, to: new.span.bytes, Self.new)
            case "hard link": try root.addName(new.span.bytes, for: x)
            case "write": _ = try x.file?.open([.read, .write])
            case "truncate": _ = try x.file?.open([.read, .truncate])
            case "chmod": try x.change(mode, by: .superuser)
            case "xattr": try x.setAttribute(attribute.span.bytes, to: [1])
            case "remove": try usr.remove(other.span.bytes, expected: .any)
            case "rename":
                try lib.rename(name.span.bytes, to: root, new.span.bytes, replacing: true)
            case "rename over":
                let f = "f".utf8Bytes
                let a = try root.node("a").directory
                try a?.rename(f.span.bytes, to: usr, other.span.bytes, replacing: true)
            default:
                let above = "usr".utf8Bytes
                try root.rename(above.span.bytes, to: root, new.span.bytes, replacing: true)
            }
        }
        #expect(try TreeText.describe(captured.root) == before)
        // Reading is no change, and the last rule counts.
        #expect(try text("usr/lib/x", root) == "x")
        let free = "free".utf8Bytes
        _ = try lib.createFile(free.span.bytes, Self.new)
    }

    @Test(arguments: [
        ("scratch *.o", "scratch *.o: a folder is needed, a path without stars"),
        ("scratch /", "scratch /: a folder is needed, a path without stars"),
        ("through /usr/**/x", "through /usr/**/x: a folder is needed, a path without stars"),
        ("through /out", "through /out: there is no directory of the host below"),
    ])
    func aRuleThatCannotBeHadIsRefused(rule: String, words: String) throws {
        #expect(throws: FileError(.invalid, words)) { try Self.ruled(rule + "\n") }
        let (tree, _) = try Self.ruled("scratch /tmp\n")
        try make("tmp/f", in: tree.root)
        #expect(throws: FileError(.invalid, words)) {
            try tree.set(Rules(text: "scratch /a\n\(rule)\n".utf8))
        }
        // The rules are the old ones, and scratch folders keep what they hold.
        #expect(try text("a/f", tree.root) == "low")
        try tree.set(Rules(text: "scratch /tmp\nscratch /a\n".utf8))
        #expect(try tree.root.node("tmp").directory?.listed() == ["f"])
        #expect(try tree.root.node("a").directory?.listed() == [])
        try tree.set(Rules())
        #expect(try text("a/f", tree.root) == "low")
    }

    @Test func aMissingThroughDirectoryIsNamed() throws {
        let options = Self.through("/no/such/place")
        #expect(throws: FileError(.notFound, "through /out: /no/such/place")) {
            try Self.ruled("through /out\n", options)
        }
    }
}
