import FileTree
import Synchronization
import Testing
import TreeConformance

@testable import Environments

struct ControlTreeTests {
    private final class Counter: Sendable {
        let value = Mutex(0)
        func next() -> Int {
            value.withLock {
                $0 += 1
                return $0
            }
        }
    }

    @Test func theTreeIsWhatItsEntriesSay() throws {
        let tree = ControlTree {
            [
                ("stats", .file { "fids 3\n" }),
                ("env", .directory { [("default", .directory { [("packages", .file { "" })] })] }),
            ]
        }
        let text = try TreeText.describe(tree.attach(as: .owner, to: "ctl").root, [])
        #expect(
            text == """
                d /
                d env
                d env/default
                f env/default/packages =
                f stats =fids%203%0A

                """
        )
    }

    @Test func aLineThatAClientHasCutIsNotDone() throws {
        let taken = Mutex<[String]>([])
        let tree = ControlTree {
            [
                (
                    "ctl",
                    .words(
                        ControlWords(
                            text: { "" },
                            take: { line in taken.withLock { $0.append(line) } }
                        )
                    )
                )
            ]
        }
        let root = try tree.attach(as: .owner, to: "ctl").root
        let file = try #require(root.lookup(Array("ctl".utf8).span.bytes).file).open(.write)
        let long = "rm " + String(repeating: "lib ", count: 200)
        let error = #expect(throws: FileError.self) {
            try file.write(Array(long.utf8).span.bytes, at: 0)
        }
        #expect(error?.kind == .invalid)
        #expect(taken.withLock { $0 } == [])
        for line in ["\(long)\n", "rm lib"] { try file.write(Array(line.utf8).span.bytes, at: 0) }
        #expect(taken.withLock { $0 } == [long, "rm lib"])
    }

    @Test func aListingGoesOnInTheNamesThatThereWereWhenItBegan() throws {
        let names = Mutex(["b", "c", "d"])
        let tree = ControlTree { names.withLock { $0 }.map { ($0, .file { "" }) } }
        let listed = try tree.attach(as: .owner, to: "ctl").root.listed
        var seen: [String] = []
        var cookie: UInt64 = 0
        for left in [1, 9] {
            var left = left
            try listed.entries(from: cookie) { entry, name in
                if left == 0 { return false }
                left -= 1
                cookie = entry.next
                seen.append(name.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
                return true
            }
            names.withLock { $0 = ["a", "b", "d"] }
        }
        #expect(seen == ["b", "c", "d"])
    }

    @Test func whatAFileSaysIsFixedWhenItIsOpened() throws {
        let counter = Counter()
        let tree = ControlTree { [("stats", .file { "\(counter.next())" })] }
        let name = Array("stats".utf8)
        let root = try tree.attach(as: .owner, to: "ctl").root
        let file = try #require(try root.lookup(name.span.bytes).file)
        let first = try file.open(.read)
        let second = try file.open(.read)
        for (open, expected) in [(first, "1"), (second, "2"), (first, "1")] {
            var buffer: [UInt8] = [0, 0]
            let count = try buffer.withUnsafeMutableBytes { try open.read(into: $0, at: 0) }
            #expect(String(decoding: buffer.prefix(count), as: UTF8.self) == expected)
        }
        #expect(file.qid.version == 0)
    }

    /// As Linux does, which asks on until a buffer is full.
    @Test func whoAsksForTheRestOfAReadIsToldThatThereIsNone() throws {
        let events = ControlEvents()
        events.add("before")
        let tree = ControlTree { [("events", .events(events))] }
        let open = try #require(try tree.node("events").file).open(.read)
        #expect(!open.isReady(at: 0, count: 100))
        events.add("one")
        func read(_ count: Int, at offset: UInt64) throws -> String {
            var buffer = [UInt8](repeating: 0, count: count)
            let count = try buffer.withUnsafeMutableBytes { try open.read(into: $0, at: offset) }
            return String(decoding: buffer.prefix(count), as: UTF8.self)
        }
        #expect(open.isReady(at: 0, count: 100))
        #expect(try read(100, at: 0) == "one\n")
        // Another read waits, and so does the next after the rest.
        #expect(!open.isReady(at: 4, count: 100))
        #expect(open.isReady(at: 4, count: 96))
        try open.prepare(at: 4, count: 96, until: Cancellation())
        #expect(try read(96, at: 4) == "")
        #expect(!open.isReady(at: 4, count: 96) && !open.isReady(at: 4, count: 100))
        events.add("two")
        #expect(try read(100, at: 4) == "two\n")
        // A buffer that is full is no end.
        #expect(try read(4, at: 0) == "one\n" && !open.isReady(at: 8, count: 4))
    }

    @Test func whoReadsLateHasEachLineThatIsLeftOnceAndWhole() throws {
        let events = ControlEvents()
        let tree = ControlTree { [("events", .events(events))] }
        let open = try #require(try tree.node("events").file).open(.read)
        let filler = String(repeating: "x", count: 1000)
        func line(_ number: Int) -> String { "\(number) \(filler)" }
        for number in 0..<1500 { events.add(line(number)) }
        var text = ""
        var room = [UInt8](repeating: 0, count: 100_000)
        while true {
            let offset = UInt64(text.utf8.count)
            let count = try room.withUnsafeMutableBytes { try open.read(into: $0, at: offset) }
            if count == 0 { break }
            text += String(decoding: room[..<count], as: UTF8.self)
        }
        let lines = text.split(separator: "\n").map(String.init)
        #expect(lines.count > 400 && lines.count < 1500)
        #expect(lines == (1500 - lines.count..<1500).map(line))
    }

    @Test func bytesThatAreNoTextAreReadAsTheyAre() throws {
        let bytes: [UInt8] = [0x41, 0x20, 0xff, 0xc3, 0x0a]
        let tree = ControlTree { [("changes", .bytes { bytes })] }
        let file = try #require(try tree.node("changes").file)
        #expect(try file.stat().size == 5)
        var buffer = [UInt8](repeating: 0, count: 8)
        let open = try file.open(.read)
        let count = try buffer.withUnsafeMutableBytes { try open.read(into: $0, at: 0) }
        #expect(Array(buffer[..<count]) == bytes)
    }

    @Test func aFileThatCannotBeSaidIsListedAndNotOpened() throws {
        let tree = ControlTree {
            [("changes", .bytes { () throws(FileError) in throw FileError(.inputOutput) })]
        }
        var names = 0
        try tree.attach(as: .owner, to: "ctl").root.entries(from: 0) { _, _ in
            names += 1
            return true
        }
        #expect(names == 1)
        let file = try #require(try tree.node("changes").file)
        #expect(try file.stat().size == 0)
        #expect(throws: FileError(.inputOutput)) { _ = try file.open(.read) }
    }

    @Test func textCannotBeWritten() throws {
        let tree = ControlTree { [("stats", .file { "" })] }
        let file = try #require(try tree.node("stats").file)
        #expect { _ = try file.open([.read, .write]) } throws: {
            ($0 as? FileError)?.kind == .readOnly
        }
    }

    /// What takes long is left to another thread, whatever else is written with it.
    @Test(arguments: [
        ("export tar", true), ("seal\nexport pak\n", true), ("exported", false), ("seal", false),
        ("\u{0}\n", false), (String(repeating: "export ", count: 2000), false),
    ])
    func aWordThatTakesLongIsKnown(_ text: String, _ isSlow: Bool) throws {
        let tree = ControlTree {
            [
                (
                    "ctl",
                    .words(
                        ControlWords(
                            text: { "" },
                            take: { _ in },
                            isSlow: { $0.hasPrefix("export ") }
                        )
                    )
                ), ("stats", .file { "" }),
            ]
        }
        let bytes = Array(text.utf8)
        let open = try #require(tree.node("ctl").file).open(.write)
        let stats = try #require(tree.node("stats").file).open(.read)
        let (found, other) = (
            open.isSlow(writing: bytes.span.bytes), stats.isSlow(writing: bytes.span.bytes)
        )
        #expect(found == isSlow && !other)
    }

    /// What was said to a control file.
    private final class Heard: Sendable {
        let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        /// A file that hears words, and refuses one.
        var entry: ControlTree.Entry {
            .words(
                ControlWords(text: { "said\n" }) { (line) throws(FileError) in
                    if line == "bad" { throw FileError(.invalid, "bad") }
                    self.lines.withLock { $0.append(line) }
                }
            )
        }
    }

    private func write(_ text: String, _ open: any OpenFile, at offset: UInt64) throws {
        let bytes = Array(text.utf8)
        try open.write(bytes.span.bytes, at: offset)
    }

    @Test(arguments: [
        ("add ./big.deb", true), ("commit", true), ("gen 3", true), ("not allow a", true),
        ("rollback", true), ("pin 3", true), ("not pin 3", true),
        ("begin", false), ("abort", false), ("", false), ("addition", false),
    ])
    func aWordThatMakesAGenerationTakesLong(_ line: String, _ isSlow: Bool) {
        #expect(EnvironmentControl.isSlow(line) == isSlow)
        let words = ServerControl([]).words
        #expect(words.isSlow(line) == isSlow && words.isSlow("web: \(line)") == isSlow)
    }

    @Test func eachLineIsAWordWhereverItIsWritten() throws {
        let heard = Heard()
        let tree = ControlTree { [("ctl", heard.entry)] }
        let file = try #require(try tree.node("ctl").file)
        let open = try file.open([.write, .truncate])
        try write("seal", open, at: 0)
        try write("export pak\n\nexport tar\n", open, at: 4096)
        #expect(heard.all == ["seal", "export pak", "export tar"])
        #expect { try write("one\nbad\ntwo\n", open, at: 0) } throws: {
            ($0 as? FileError)?.kind == .invalid
        }
        #expect(heard.all.last == "one")
        #expect(try file.stat().size == 5)
    }

    @Test func aLineThatIsTooLongOrNoTextIsRefused() throws {
        let heard = Heard()
        let tree = ControlTree { [("ctl", heard.entry)] }
        let open = try #require(try tree.node("ctl").file).open(.write)
        for bytes in [[0xff, 0xfe], [UInt8](repeating: 0x61, count: ControlWords.longestLine + 1)] {
            #expect { try open.write(bytes.span.bytes, at: 0) } throws: {
                ($0 as? FileError)?.kind == .invalid
            }
        }
        #expect(heard.all.isEmpty)
    }

    @Test func aShellMayEmptyAControlFileAndNoMore() throws {
        let tree = ControlTree { [("ctl", Heard().entry), ("stats", .file { "" })] }
        let file = try tree.node("ctl")
        var change = StatChange()
        change.size = 0
        change.modified = .now
        try file.change(change, by: .owner)
        #expect(throws: FileError(.readOnly)) {
            try tree.node("stats").change(change, by: .owner)
        }
        change.permissions = 0o777
        #expect(throws: FileError(.notPermitted)) { try file.change(change, by: .owner) }
    }

    @Test func anotherTreeIsSeenUnderAName() throws {
        let memory = try MemoryTree.make("d 755 0 0 - /\nf 644 0 0 - a =one\n")
        let root = memory.root
        let tree = ControlTree { [("tree", .root { root })] }
        let directory = try #require(try tree.node("tree").directory)
        #expect(try TreeText.describe(directory, []) == "d /\nf a =one\n")
        #expect(directory.qid == root.qid && directory.parent != nil)
    }
}

extension ControlTree {
    fileprivate func node(_ name: String) throws(FileError) -> any Node {
        let bytes = Array(name.utf8)
        return try attach(as: .owner, to: "ctl").root.lookup(bytes.span.bytes)
    }
}

extension User {
    fileprivate static let owner = User(uid: 0, gid: 0, name: "root", isOwner: true)
}
