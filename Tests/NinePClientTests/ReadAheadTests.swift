import FileTree
import Glibc
import NineP
import Synchronization
import Testing
import TreeConformance

@testable import NinePClient

/// What a base asks its server for before anybody wants it.
@Suite struct ReadAheadTests {
    static let block = UInt64(RemoteBlock.size)
    /// Files of ten blocks and a bit.
    static let size = 10 * RemoteBlock.size + 5

    /// The requests that a server was sent.
    final class Seen: Sendable {
        private let reads = Mutex<[UInt64]>([])
        private let flushes = Mutex(0)

        func note(_ frame: Frame, _ dialect: Dialect) -> UInt64? {
            switch frame.type {
            case .tflush: flushes.withLock { $0 += 1 }
            case .tread:
                // What is no Tread is none of a server's, which says so.
                guard let read = try? Tread(frame, dialect) else { return nil }
                reads.withLock { $0.append(read.offset) }
                return read.offset
            default: break
            }
            return nil
        }

        /// The blocks asked for, in order.
        var blocks: [UInt64] { reads.withLock { $0.map { $0 / ReadAheadTests.block } } }
        var unanswered: Int { blocks.count { $0 >= 2 } - flushes.withLock { $0 } }
    }

    private func base(
        files: Int = 1,
        _ dialect: Dialect = .linux
    ) throws -> (RemoteBase, Proxy, Seen, MemoryTree) {
        let lines = (0..<files).map { "f 644 0 0 1 /f\($0) *\(Self.size):\($0)" }
        let tree = try MemoryTree.make(lines.joined(separator: "\n"))
        let proxy = try Proxy(tree)
        var options = RemoteBase.Options()
        options.freshness = 0
        let place = RemoteBaseTests.Place([proxy.end, try RemoteBaseTests.served(tree)])
        let base = try RemoteBaseTests.base(place, dialect, options)
        let seen = Seen()
        proxy.set { frame, dialect in
            _ = seen.note(frame, dialect)
            return .pass
        }
        return (base, proxy, seen, tree)
    }

    private func open(_ name: String, _ base: RemoteBase) throws -> any OpenFile {
        try #require(try RemoteBaseTests.find(name, base.root).file).open(.read)
    }

    /// Reads the beginning of a block, for which all of it is fetched.
    private func read(_ number: UInt64, of file: any OpenFile) throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 4)
        let count = try buffer.withUnsafeMutableBytes { buffer in
            try file.read(into: buffer, at: number * Self.block)
        }
        return Array(buffer[..<count])
    }

    private func all(_ file: any OpenFile) throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: Self.size + 1)
        var done = 0
        while case let count = try buffer.withUnsafeMutableBytes({ buffer in
            let piece = buffer[done...].prefix(100_000)
            return try file.read(into: .init(rebasing: piece), at: UInt64(done))
        }), count > 0 {
            done += count
        }
        return Array(buffer[..<done])
    }

    @Test(arguments: Dialect.allCases)
    func whatComesNextIsAskedForOnceAndEarly(dialect: Dialect) throws {
        let (base, _, seen, tree) = try base(dialect)
        let file = try open("/f0", base)
        _ = try read(0, of: file)
        #expect(seen.blocks == [0])
        _ = try read(1, of: file)
        #expect(seen.blocks.prefix(3) == [0, 2, 1])
        let reference = try RemoteBaseTests.bytes("/f0", tree.root)
        #expect(try all(file) == reference)
        #expect(seen.blocks.sorted() == Array(0...10))
    }

    @Test func whoReadsHereAndThereIsNotGuessedAt() throws {
        let (base, _, seen, _) = try base()
        let file = try open("/f0", base)
        for number in [5, 2, 9, 4, 10, 0] as [UInt64] { _ = try read(number, of: file) }
        #expect(seen.blocks == [5, 2, 9, 4, 10, 0])
    }

    @Test func whatNobodyWantsAfterAllIsBounded() throws {
        let (base, proxy, seen, _) = try base(files: 100)
        proxy.set { frame, dialect in
            let offset = seen.note(frame, dialect)
            return (offset ?? 0) >= 2 * Self.block ? .drop : .pass
        }
        var files: [any OpenFile] = []
        for number in 0..<100 {
            let file = try open("/f\(number)", base)
            _ = try read(0, of: file)
            _ = try read(1, of: file)
            files.append(file)
        }
        #expect(seen.blocks.count { $0 == 2 } == 100)
        // The server has been told so of each that was given up, before the next request.
        _ = try open("/f0", base)
        #expect(seen.unanswered <= 64)
        #expect(files.count == 100)
    }

    @Test func aServerThatDiesWithThemIsDialedAgain() throws {
        let (base, proxy, seen, tree) = try base()
        let file = try open("/f0", base)
        proxy.set { frame, dialect in
            let offset = seen.note(frame, dialect)
            return (offset ?? 0) >= 3 * Self.block ? .hangUp : .pass
        }
        #expect(try all(file) == RemoteBaseTests.bytes("/f0", tree.root))
    }
}
