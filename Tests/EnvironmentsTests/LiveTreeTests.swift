import FileTree
import Testing

@testable import Environments

/// A tree that others take the place of.
struct LiveTreeTests {
    /// The names of the root's directory `d`, listed from a position on, and the position behind.
    private struct Part: Equatable {
        var names: [String] = []
        var next: UInt64 = 0
    }

    /// A tree whose directory `d` has these names in this order.
    private func state(_ names: [String]) throws -> FileTree.Attachment {
        let tree = MemoryTree()
        let attributes = NewNode(permissions: 0o755, uid: 0, gid: 0)
        let directory = try tree.root.createDirectory(Array("d".utf8).span.bytes, attributes)
        for name in names {
            _ = try directory.createFile(Array(name.utf8).span.bytes, attributes)
        }
        return try tree.attach(as: .superuser, to: "")
    }

    private func directory(_ tree: LiveTree) throws -> any Directory {
        try #require(try tree.root.lookup(Array("d".utf8).span.bytes).directory)
    }

    private func list(_ directory: any Directory, from: UInt64, most: Int) throws -> Part {
        var part = Part(next: from)
        try directory.entries(from: from) { entry, name in
            guard part.names.count < most else { return false }
            part.names.append(name.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
            part.next = entry.next
            return true
        }
        return part
    }

    @Test func aListingGoesOnInItsStateWhoeverElseLists() throws {
        let tree = LiveTree(try state(["a", "b", "c"]), number: 7)
        let node = try directory(tree)
        let begun = try list(node, from: 0, most: 1)
        #expect(begun.names == ["a"])
        tree.swap(try state(["new", "a", "b", "c"]), number: 8)
        // Another has the same node, and lists it from the start.
        let other = try list(node, from: 0, most: 2)
        #expect(other.names == ["new", "a"])
        #expect(try list(node, from: begun.next, most: 9).names == ["b", "c"])
        #expect(try list(node, from: other.next, most: 9).names == ["b", "c"])
        // A server may have another node for the directory by now.
        #expect(try list(directory(tree), from: begun.next, most: 9).names == ["b", "c"])
    }

    /// As an open directory of a client has it.
    @Test func whoKeepsWhatIsListedIsInOneStateHoweverManyCome() throws {
        let tree = LiveTree(try state(["a", "b", "c"]), number: 1)
        let node = try directory(tree)
        let listed = node.listed
        let begun = try list(listed, from: 0, most: 1)
        for number in 2..<20 {
            tree.swap(try state(["new\(number)", "b"]), number: UInt64(number))
        }
        #expect(try list(listed, from: begun.next, most: 9).names == ["b", "c"])
        #expect(try list(node.listed, from: 0, most: 9).names == ["new19", "b"])
    }

    @Test func aListingThatIsAtItsEndStaysThere() throws {
        let tree = LiveTree(try state(["a"]), number: 1)
        let end = try list(directory(tree), from: 0, most: 9)
        tree.swap(try state(["b", "a", "c"]), number: 2)
        #expect(try list(directory(tree), from: end.next, most: 9).names == [])
    }
}
