import CAllocations
import FileTree
import Glibc
import NineP
import Testing
import TreeConformance

@testable import NinePServer

/// What a message may cost, counted and not timed.
///
/// All requests lie in the socket before the conversation begins, and it runs on the test's own
/// thread: the counts are the same on every machine.
@Suite struct CostTests {
    static let tree = """
        f 644 0 0 1 a/b/c/d/file *20000:1
        f 644 1 1 1 list/one =1
        f 644 2 2 1 list/two =2
        d 755 0 0 1 list/three
        """

    /// Runs requests in one conversation, and returns what they took.
    private func cost(
        _ dialect: Dialect,
        _ lines: [String],
        _ tree: any Tree
    ) throws -> (allocations: UInt64, sum: Statistics) {
        let server = Server(tree: tree)
        var pair: [Int32] = [0, 0]
        try #require(
            socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &pair) == 0
        )
        defer { for socket in pair { close(socket) } }
        var size: Int32 = 1 << 20
        for socket in pair {
            let length = socklen_t(MemoryLayout<Int32>.size)
            setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &size, length)
        }
        var bytes = try MessageText.message("Tversion 8192 \(dialect.version)", tag: 0, dialect)
        for (tag, line) in lines.enumerated() {
            bytes += try MessageText.message(line, tag: UInt16(tag), dialect)
        }
        try #require(send(pair[0], bytes, bytes.count, 0) == bytes.count)
        shutdown(pair[0], Int32(SHUT_WR))
        let connection = Connection(
            server: server,
            input: pair[1],
            output: pair[1],
            peer: Peer(descriptor: pair[1]),
            name: "test"
        )
        let before = allocations_so_far()
        connection.run()
        let after = allocations_so_far()
        var sum = Statistics()
        connection.add(to: &sum)
        return (after - before, sum)
    }

    static let attach: [Dialect: String] = [
        .plain: "Tattach 0 -1 glenda ''", .unix: "Tattach 0 -1 glenda '' -1",
        .linux: "Tattach 0 -1 glenda '' -1",
    ]

    /// What comes before, and the messages that are counted.
    struct Case: Sendable, CustomTestStringConvertible {
        let dialect: Dialect
        let before: [String]
        let counted: [String]
        var testDescription: String { "\(dialect): \(counted.joined(separator: ", "))" }
    }

    static let cases: [Case] = [
        Case(dialect: .linux, before: [], counted: ["Tgetattr 0 0x7ff"]),
        Case(dialect: .plain, before: [], counted: ["Tstat 0"]),
        Case(dialect: .unix, before: [], counted: ["Tstat 0"]),
        Case(
            dialect: .linux,
            before: ["Twalk 0 1 a b c d file", "Tlopen 1 0"],
            counted: ["Tread 1 0 100", "Tread 1 0 8000", "Tread 1 20000 4096"]
        ),
        Case(
            dialect: .linux,
            before: ["Twalk 0 1 list", "Tlopen 1 0"],
            counted: ["Treaddir 1 0 8000"]
        ),
        Case(
            dialect: .plain,
            before: ["Twalk 0 1 list", "Topen 1 0"],
            counted: ["Tread 1 0 8000"]
        ),
        Case(
            dialect: .unix,
            before: ["Twalk 0 1 list", "Topen 1 0"],
            counted: ["Tread 1 0 8000"]
        ),
        Case(dialect: .linux, before: [], counted: ["Tflush 7"]),
    ]

    static let walks: [Case] = [
        Case(dialect: .linux, before: [], counted: ["Twalk 0 1", "Tclunk 1"]),
        Case(
            dialect: .linux,
            before: [],
            counted: ["Twalk 0 1 a b c d file", "Tgetattr 1 0x7ff", "Tclunk 1"]
        ),
        Case(dialect: .plain, before: [], counted: ["Twalk 0 1 a b c d file", "Tclunk 1"]),
        Case(dialect: .linux, before: [], counted: ["Twalk 0 1 a .. list", "Tclunk 1"]),
    ]

    @Test(
        .enabled(if: allocations_are_counted() != 0, "a sanitizer has its own allocator"),
        arguments: cases
    )
    func aMessageAnsweredFromMemoryAllocatesNothing(_ one: Case) throws {
        try check(one) { try MemoryTree.make(Self.tree) }
    }

    /// The one object that a walk may cost is the tree's.
    @Test(
        .enabled(if: allocations_are_counted() != 0, "a sanitizer has its own allocator"),
        arguments: walks
    )
    func aWalkAllocatesNothingButWhatTheTreeDoes(_ one: Case) throws {
        let file = FixedNode("file", 6)
        let d = FixedNode("d", 5, [file])
        let a = FixedNode("a", 2, [FixedNode("b", 3, [FixedNode("c", 4, [d])])])
        let root = FixedNode("/", 1, [a, FixedNode("list", 7)])
        try check(one) { FixedTree(root) }
    }

    private func check(_ one: Case, _ tree: () throws -> any Tree) throws {
        func requests(_ times: Int) -> [String] {
            [Self.attach[one.dialect] ?? ""] + one.before
                + (0..<times).flatMap { _ in one.counted }
        }
        _ = try cost(one.dialect, requests(4), tree())
        let few = try cost(one.dialect, requests(4), tree()).allocations
        let many = try cost(one.dialect, requests(24), tree()).allocations
        #expect(many == few)
    }

    @Test(.enabled(if: allocations_are_counted() != 0, "a sanitizer has its own allocator"))
    func theCounterSeesAllocations() throws {
        let before = allocations_so_far()
        let bytes = [UInt8](repeating: 0, count: 1000 + Int(getpid() & 1))
        #expect(allocations_so_far() > before)
        #expect(bytes.count >= 1000)
    }

    @Test func aBatchTakesTwoSystemCalls() throws {
        let lines = [Self.attach[.linux] ?? ""] + (0..<500).map { _ in "Tgetattr 0 0x7ff" }
        let sum = try cost(.linux, lines, MemoryTree.make(Self.tree)).sum
        // One batch and one answer, and the look that finds the end.
        #expect(sum.batches == 1)
        #expect(sum.receives == 2)
        #expect(sum.sends == 1)
    }

    @Test func largeReadsOfABatchLeaveByOneSystemCallToo() throws {
        let lines =
            [Self.attach[.linux] ?? "", "Twalk 0 1 a b c d file", "Tlopen 1 0"]
            + (0..<12).map { _ in "Tread 1 0 8168" }
        let sum = try cost(.linux, lines, MemoryTree.make(Self.tree)).sum
        #expect(sum.batches == 1)
        #expect(sum.sends == 1)
    }
}
