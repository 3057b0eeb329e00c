import FileTree
import Testing
import TreeConformance

@testable import NinePServer

@Suite struct PlainViewTests {
    static let text = """
        f 644 0 0 1 bin/tool =tool
        l 777 0 0 1 lib/libfoo.so >libfoo.so.1
        l 777 0 0 1 lib/libfoo.so.1 >libfoo.so.1.0
        f 644 0 0 1 lib/libfoo.so.1.0 =foo
        l 777 0 0 1 lib64 >lib
        l 777 0 0 1 usr/lib >/lib
        l 777 0 0 1 usr/out >../../../bin/tool
        l 777 0 0 1 usr/self >self
        l 777 0 0 1 usr/up >..
        l 777 0 0 1 usr/gone >nowhere
        l 777 0 0 1 a/b >../c
        l 777 0 0 1 c/d >../a
        f 644 0 0 1 odd%0Aname =odd
        f 644 0 0 1 100%25AB =percent
        """

    private let user = User(uid: 0, gid: 0, name: "root", isOwner: true)

    private func view(_ links: LinkView = .follow) throws -> (PlainView, MemoryTree) {
        let tree = try MemoryTree.make(Self.text)
        return (PlainView(Attachment(root: tree.root, tree: tree, links: links), user: user), tree)
    }

    private func walk(_ view: PlainView, _ path: String) throws -> (any Node, WalkedQids) {
        var bytes: [UInt8] = []
        let names = path.split(separator: "/")
        for name in names { bytes += [UInt8(name.utf8.count), 0] + Array(name.utf8) }
        return try bytes.withUnsafeBytes { buffer in
            var qids = WalkedQids()
            let node = try view.walk(
                from: view.root,
                PathNames(bytes: buffer, count: names.count),
                &qids
            )
            return (node, qids)
        }
    }

    private func text(_ view: PlainView, _ path: String) throws -> String {
        let file = try #require(try walk(view, path).0.file)
        return String(decoding: try TreeText.bytes(file), as: UTF8.self)
    }

    @Test(arguments: [
        ("lib/libfoo.so", "foo"), ("lib64/libfoo.so", "foo"), ("usr/lib/libfoo.so.1", "foo"),
        ("usr/out", "tool"), ("usr/self", "self"), ("usr/up", ".."), ("usr/gone", "nowhere"),
        ("a/b/d", "../a"), ("odd%0Aname", "odd"), ("100%25AB", "percent"),
    ])
    func aLinkIsWhatItLeadsToOrWhatItSays(path: String, contents: String) throws {
        let (view, tree) = try view()
        #expect(try text(view, path) == contents)
        _ = tree
    }

    @Test(arguments: ["odd\nname", "100%AB", "odd%0aname", "bin%2Ftool"])
    func aNameHasOneSpelling(name: String) throws {
        let (view, tree) = try view()
        #expect(throws: FileError(.notFound)) { _ = try walk(view, name) }
        _ = tree
    }

    @Test func dotDotGoesBackTheWayTheClientCame() throws {
        let (view, tree) = try view()
        let (node, qids) = try walk(view, "usr/lib")
        #expect(qids.count == 2)
        let usr = try walk(view, "usr").0
        #expect(node.parent?.qid == usr.qid)
        #expect(node.qid.path != (try walk(view, "lib").0.qid.path))
        #expect(node.qid == qids[1])
        #expect(node.qid.type == .directory)
        _ = tree
    }

    @Test func aFollowedFileHasItsTargetsQidAndTheLinksName() throws {
        let (view, tree) = try view()
        let node = try walk(view, "lib/libfoo.so").0
        #expect(node.qid == (try walk(view, "lib/libfoo.so.1.0").0.qid))
        var name: [UInt8] = []
        view.withName(of: node) { name = Array($0) }
        #expect(String(decoding: name, as: UTF8.self) == "libfoo.so")
        _ = tree
    }

    @Test(
        arguments: zip(
            LinkView.allCases,
            [
                ["libfoo.so 3", "libfoo.so.1 3", "libfoo.so.1.0 3"],
                ["libfoo.so 11", "libfoo.so.1 13", "libfoo.so.1.0 3"], ["libfoo.so.1.0 3"],
            ]
        )
    )
    func aListingShowsWhatAWalkFinds(links: LinkView, expected: [String]) throws {
        let (view, tree) = try view(links)
        let directory = try #require(try walk(view, "lib").0.directory)
        var lines: [String] = []
        var qids: [(String, Qid)] = []
        try view.entries(of: directory, from: 0) { entry, name in
            let name = String(decoding: Array(name), as: UTF8.self)
            lines.append("\(name) \(entry.stat.size)")
            qids.append((name, entry.stat.qid))
            return true
        }
        #expect(lines.sorted() == expected)
        for (name, qid) in qids { #expect(try walk(view, "lib/\(name)").0.qid == qid) }
        _ = tree
    }

    @Test func everyWalkEnds() throws {
        let (view, tree) = try view()
        var count = 0
        func visit(_ directory: any Directory) throws {
            var names: [[UInt8]] = []
            try view.entries(of: directory, from: 0) { _, name in
                names.append(Array(name))
                return true
            }
            for name in names {
                count += 1
                try #require(count < 1000)
                let node = try name.withUnsafeBytes { try view.step(from: directory, $0) }
                if let next = node.directory { try visit(next) }
            }
        }
        try visit(view.root)
        #expect(count > 20)
        _ = tree
    }

    @Test func aDeviceIsAnEmptyFileThatNobodyMayOpen() throws {
        let tree = try MemoryTree.make("c 666 0 0 9 null 1:3")
        let view = PlainView(Attachment(root: tree.root, tree: tree), user: user)
        let stat = try walk(view, "null").0.stat()
        #expect(stat.mode == Mode(.regular, 0))
        #expect(stat.device == 0)
        #expect(try text(view, "null") == "")
        try view.entries(of: view.root, from: 0) { entry, _ in
            #expect(entry.stat == stat)
            return true
        }
    }

    @Test func aLongChainOfLinksEndsAsText() throws {
        let links = (0..<50).map { "l 777 0 0 1 l\($0) >l\($0 + 1)" }.joined(separator: "\n")
        let tree = try MemoryTree.make(links + "\nf 644 0 0 1 l50 =end")
        let view = PlainView(Attachment(root: tree.root, tree: tree), user: user)
        #expect(try text(view, "l0") == "l1")
        #expect(try text(view, "l10") == "end")
    }

    @Test func everyByteSurvivesItsSpelling() {
        let bytes = (UInt8.min...UInt8.max).filter { $0 != 0 && $0 != UInt8(ascii: "/") }
        let name = bytes + Array("%41%%zz%".utf8)
        let shown = name.withUnsafeBytes { PlainName.escape($0) }
        #expect(shown.withUnsafeBytes { PlainName.isPlain($0) == false })
        #expect(shown.allSatisfy { $0 >= 0x20 && $0 != 0x7f })
        #expect(shown.withUnsafeBytes { PlainName.unescape($0) } == name)
    }
}
