import FileTree
import Synchronization
import Testing

@testable import CaptureTree

/// Trees that are deeper than the stack of a thread that serves has room for frames.
@Suite struct DepthTests {
    private static let levels = 3000
    private static let attributes = NewNode(permissions: 0o755, uid: 0, gid: 0)

    @Test func changesAreFoundHoweverDeepTheyAre() throws {
        let captured = try Captured("d 755 0 0 1 etc")
        let folders = try Self.nest(in: captured.root)
        // Patterns of names would look at each name of each path.
        try captured.layer.add(Rules.Rule(.keep, PathPattern(folder: [])))
        let tree = captured.tree
        let paths = try Self.onWorker {
            try ChangeWalk(tree, followsMoves: true).visits.map(\.path)
        }
        #expect(paths.count == Self.levels + 1)
        #expect(paths.last?.count == 2 * Self.levels - 1)
        // Else the objects would go by recursion, too.
        try captured.layer.reset()
        withExtendedLifetime(folders) {}
    }

    @Test func aNameOfAFileIsFoundHoweverDeepItIs() throws {
        // It outlives the tree, whose nodes would go by recursion else.
        var folders: [any Directory] = []
        let lower = MemoryTree()
        folders = try Self.nest(in: lower.root)
        let one = "one".utf8Bytes
        let file = try lower.root.createFile(one.span.bytes, Self.attributes)
        let other = "other".utf8Bytes
        try folders[Self.levels].addName(other.span.bytes, for: file)
        let captured = try Captured(over: lower.root, in: lower)
        try captured.layer.add(Rules.Rule(.keep, PathPattern(folder: [])))
        try captured.write("x", to: "one")
        let tree = captured.tree
        let paths = try Self.onWorker {
            try Differences(
                tree,
                Comparison(ExportOptions()),
                followsMoves: false,
                searchLimit: 10_000
            ).visits.map(\.path)
        }
        #expect(paths.last?.count == 2 * Self.levels + other.count)
    }

    /// Makes directories, each in the one before; returns the root and all of them.
    private static func nest(in root: any Directory) throws(FileError) -> [any Directory] {
        var folders = [root]
        let name = "d".utf8Bytes
        for level in 0..<levels {
            folders.append(try folders[level].createDirectory(name.span.bytes, attributes))
        }
        return folders
    }

    /// What `body` comes to on a thread with the stack of those that serve.
    private static func onWorker(
        _ body: @escaping @Sendable () throws -> [[UInt8]]
    ) throws -> [[UInt8]] {
        let outcome = Outcome()
        try Worker { outcome.take(Result(catching: body)) }.join()
        return try outcome.paths()
    }

    private final class Outcome: Sendable {
        private let result = Mutex<Result<[[UInt8]], any Error>>(.success([]))

        func take(_ result: Result<[[UInt8]], any Error>) { self.result.withLock { $0 = result } }

        func paths() throws -> [[UInt8]] { try result.withLock { $0 }.get() }
    }
}
