import FileTree
import Synchronization
import Testing
import TreeConformance

@testable import pakfs

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

    @Test func nothingCanBeWritten() throws {
        let tree = ControlTree { [("stats", .file { "" })] }
        let name = Array("stats".utf8)
        let file = try #require(
            try tree.attach(as: .owner, to: "ctl").root.lookup(name.span.bytes).file
        )
        #expect { _ = try file.open([.read, .write]) } throws: {
            ($0 as? FileError)?.kind == .readOnly
        }
    }
}

extension User {
    fileprivate static let owner = User(uid: 0, gid: 0, name: "root", isOwner: true)
}
