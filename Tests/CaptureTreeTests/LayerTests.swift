import FileTree
import Synchronization
import Testing
import TreeConformance

@testable import CaptureTree

/// A layer as a whole: sealed, reset, reopened, and what it says of itself.
@Suite struct LayerTests {
    private let new = NewNode(permissions: 0o644, uid: 3, gid: 4)

    @Test func aSealedLayerTakesNoChange() throws {
        let captured = try Captured("f 644 0 0 1 a =1\nf 644 0 0 1 b =1\nd 755 0 0 - d")
        try captured.write("2", to: "a")
        let a = try captured.file("a").open([.read, .write])
        let b = try captured.file("b").open([.read, .write])
        try captured.layer.seal()
        let before = try TreeText.describe(captured.root)
        let name = "n".utf8Bytes
        let old = "a".utf8Bytes
        let root = captured.root
        let changes: [() throws -> Void] = [
            { try a.write("3".utf8Bytes.span.bytes, at: 0) },
            { try b.write("3".utf8Bytes.span.bytes, at: 0) },
            { _ = try captured.file("b").open([.write, .truncate]) },
            { _ = try root.createFile(name.span.bytes, new) },
            { _ = try root.createDirectory(name.span.bytes, new) },
            { _ = try root.createLink(name.span.bytes, to: old.span.bytes, new) },
            { _ = try root.createNode(name.span.bytes, type: .fifo, device: 0, new) },
            { try root.addName(name.span.bytes, for: captured.node("a")) },
            { try root.remove(old.span.bytes, expected: .file) },
            { try root.rename(old.span.bytes, to: root, name.span.bytes, replacing: true) },
            {
                var change = StatChange()
                change.permissions = 0o600
                try captured.node("d").change(change, by: .superuser)
            },
            { try captured.node("b").setAttribute(name.span.bytes, to: [1]) },
        ]
        for (number, change) in changes.enumerated() {
            let error = #expect(throws: FileError.self, "change \(number)") { try change() }
            #expect(error?.kind == .readOnly, "change \(number)")
        }
        #expect(try TreeText.describe(captured.root) == before)
        try captured.layer.unseal()
        try a.write("3".utf8Bytes.span.bytes, at: 0)
        #expect(try captured.text("a") == "3")
    }

    @Test func aResetLayerIsTheTreeBelow() throws {
        let captured = try Captured("f 644 0 0 1 a =1\nf 644 0 0 1 d/b =1")
        let before = try TreeText.describe(captured.root)
        let serial = captured.layer.state.withLock { $0.next }
        let made = try captured.root.createFile("m".utf8Bytes.span.bytes, new)
        try captured.write("2", to: "d/b")
        let b = try captured.node("d/b")
        try captured.directory("d").remove("b".utf8Bytes.span.bytes, expected: .file)
        let path = made.qid.path
        try captured.layer.reset()
        #expect(try TreeText.describe(captured.root) == before)
        #expect(captured.data.allocated == 0)
        #expect(throws: FileError.self) { try made.stat() }
        #expect(throws: FileError.self) { try b.stat() }
        #expect(try captured.root.createFile("m".utf8Bytes.span.bytes, new).qid.path != path)
        #expect(captured.layer.state.withLock { $0.next } > serial)
        #expect(try captured.reopened().root.listed() == captured.root.listed())
    }

    @Test func aFileOpenSinceBeforeAResetShowsWhatIsThereNow() throws {
        let captured = try Captured("f 644 0 0 1 a =below")
        let open = try captured.file("a").open([.read, .write])
        try open.write("older".utf8Bytes.span.bytes, at: 0)
        try captured.layer.reset()
        func text() throws -> String {
            let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 16, alignment: 1)
            defer { room.deallocate() }
            let count = try open.read(into: room, at: 0)
            return String(decoding: room[..<count], as: UTF8.self)
        }
        #expect(try text() == "below")
        try captured.write("newer", to: "a")
        #expect(try text() == "newer")
        try open.write("n".utf8Bytes.span.bytes, at: 4)
        #expect(try captured.text("a") == "newen")
    }

    @Test func lowerFilesThatAreReadAreNotedOnce() throws {
        let captured = try Captured("f 644 0 0 1 a =1\nf 644 0 0 1 d/b =1\nf 644 0 0 1 c =1")
        for path in ["d/b", "a", "d/b"] { _ = try captured.text(path) }
        _ = try captured.file("c").open(.write)
        let name = "made".utf8Bytes
        _ = try captured.root.createFile(name.span.bytes, new).open(.read)
        #expect(captured.layer.reads == ["d/b".utf8Bytes, "a".utf8Bytes])
        try captured.layer.sync()
        #expect(try captured.reopened().layer.reads == captured.layer.reads)
    }

    @Test func aChangeIsOneWriteToTheLogWhateverHasToBeAdopted() throws {
        let captured = try Captured("f 644 0 0 1 a/b/c/d =1")
        var appends = captured.journal.appends
        func cost(_ body: () throws -> Void) rethrows -> Int {
            try body()
            defer { appends = captured.journal.appends }
            return captured.journal.appends - appends
        }
        var change = StatChange()
        change.permissions = 0o600
        #expect(try cost { try captured.node("a/b/c/d").change(change, by: .superuser) } == 1)
        #expect(captured.journal.records.count == 5)
        let name = "f".utf8Bytes
        let file = try captured.root.createFile(name.span.bytes, new)
        appends = captured.journal.appends
        // What is written to a file just made is known by its data file alone.
        #expect(try cost { try file.open(.write).write(name.span.bytes, at: 0) } == 0)
        #expect(try cost { _ = try captured.text("a/b/c/d") } == 0)
        #expect(
            try cost { try captured.root.remove(name.span.bytes, expected: .file) } == 1
        )
    }

    @Test func aFailedAppendLeavesEverythingAsItWas() throws {
        let captured = try Captured("f 644 0 0 1 a =text\nf 644 0 0 1 d/b =1\nf 644 0 0 1 e =1")
        let (name, a) = ("n".utf8Bytes, "a".utf8Bytes)
        let before = try TreeText.describe(captured.root)
        captured.journal.failure.withLock { $0 = FileError(.noSpace) }
        let root = captured.root
        let changes: [() throws -> Void] = [
            { _ = try root.createFile(name.span.bytes, new) },
            { try root.remove(a.span.bytes, expected: .file) },
            { try root.rename(a.span.bytes, to: root, name.span.bytes, replacing: true) },
            { try root.addName(name.span.bytes, for: captured.node("a")) },
            { try captured.write("T", to: "a") },
            { _ = try captured.file("a").open([.write, .truncate]) },
            { try captured.node("d/b").setAttribute(name.span.bytes, to: [1]) },
        ]
        for (number, change) in changes.enumerated() {
            #expect(throws: FileError(.noSpace), "change \(number)") { try change() }
            #expect(try TreeText.describe(captured.root) == before, "change \(number)")
        }
        #expect(captured.data.allocated == 0)
        captured.journal.failure.withLock { $0 = nil }
        try captured.write("T", to: "a")
        #expect(try captured.text("a") == "Text")
        #expect(try TreeText.describe(captured.reopened().root) == TreeText.describe(root))
    }

    @Test func touchedDirectoriesAndNamesAreShownInOrder() throws {
        let captured = try Captured(
            "f 644 0 0 1 a/b =1\nf 644 0 0 1 a/c =22\nf 644 0 0 1 x/y/z =3\nf 644 0 0 1 u/v =4"
        )
        try captured.write("2", to: "a/b")
        try captured.directory("a").remove("c".utf8Bytes.span.bytes, expected: .file)
        _ = try captured.root.createFile("B".utf8Bytes.span.bytes, new)
        let (y, w) = ("y".utf8Bytes, "w".utf8Bytes)
        try captured.directory("x").rename(
            y.span.bytes,
            to: captured.root,
            w.span.bytes,
            replacing: false
        )
        var change = StatChange()
        change.uid = 9
        try captured.node("w/z").change(change, by: .superuser)
        try captured.layer.seal()
        var lines: [String] = []
        try captured.tree.forEachTouched { directory in
            lines.append("/" + String(decoding: directory.path, as: UTF8.self))
            for entry in directory.entries {
                var words = ["", String(decoding: entry.name, as: UTF8.self)]
                words.append(entry.node == nil ? "hole" : "\(entry.bytes)")
                if entry.lower != nil { words.append("over") }
                if entry.isInPlace { words.append("in place") }
                if !entry.originPath.isEmpty {
                    words.append(String(decoding: entry.originPath, as: UTF8.self))
                }
                if entry.declared.contains(.owner) { words.append("owner") }
                lines.append(words.joined(separator: " "))
            }
        }
        #expect(
            lines == [
                "/", " B different", " a same over in place a", " w same x/y",
                " x same over in place x", "/a", " b unknown over in place a/b", " c hole over",
                "/w", " z same over in place x/y/z owner", "/x", " y hole over",
            ]
        )
    }

    /// A text, a word at run time and a log: no way leads to more rules.
    @Test func thereAreSoManyRulesAndNoMore() throws {
        let captured = try Captured("")
        let rule = try Rules.Rule(line: "drop *.o".utf8)
        let room = Rules.limit - Rules.defaults.list.count
        for _ in 0..<room { try captured.layer.add(rule) }
        #expect(throws: FileError(.invalid, "over 4096 rules")) { try captured.layer.add(rule) }
        #expect(captured.layer.rules.list.count == Rules.limit)
        let again = try Layer(
            id: 7,
            journal: MemoryJournal(),
            data: MemoryDataFiles(),
            records: captured.journal.records + [.rule(rule.line)]
        )
        #expect(again.rules == captured.layer.rules)
        let text = captured.layer.rules.text + Array("drop x\n".utf8)
        #expect(throws: FileError(.invalid, "rules: line 4097: over 4096 rules")) {
            _ = try Rules(text: text)
        }
    }
}
