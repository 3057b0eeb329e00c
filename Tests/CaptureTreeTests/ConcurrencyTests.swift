import FileTree
import Synchronization
import Testing
import TreeConformance

@testable import CaptureTree

/// Several clients at work in one layer.
@Suite struct ConcurrencyTests {
    @Test func manyAtWorkInOneLayerLeaveWhatEachOfThemMade() async throws {
        let captured = try Captured(
            (0..<40).map { "f 644 0 0 1 d/low\($0) =text" }.joined(separator: "\n")
        )
        let rounds = 150
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<4 {
                group.addTask { try Self.work(worker, rounds, captured) }
            }
            try await group.waitForAll()
        }
        #expect(try captured.text("d/shared") == String(repeating: "x", count: 4 * rounds))
        #expect(try captured.directory("d").listed().count { $0.hasPrefix("own") } == 4)
        #expect(try TreeText.describe(captured.root) == TreeText.describe(captured.reopened().root))
    }

    private static func work(_ worker: Int, _ rounds: Int, _ captured: Captured) throws {
        let new = NewNode(permissions: 0o644, uid: 0, gid: 0)
        let d = try captured.directory("d")
        let shared = "shared".utf8Bytes
        let own = "own\(worker)".utf8Bytes
        let moved = "moved\(worker)".utf8Bytes
        do throws(FileError) { _ = try d.createFile(shared.span.bytes, new) } catch {
            #expect(error.kind == .exists)
        }
        let log = try captured.file("d/shared").open([.write, .append])
        for round in 0..<rounds {
            try log.write("x".utf8Bytes.span.bytes, at: 0)
            let file = try d.createFile(own.span.bytes, new)
            try file.open(.write).write(own.span.bytes, at: 0)
            try d.rename(own.span.bytes, to: d, moved.span.bytes, replacing: true)
            try d.rename(moved.span.bytes, to: d, own.span.bytes, replacing: true)
            // All of them want the same lower file, to change it, to read it, to remove it.
            let low = "low\(round % 40)".utf8Bytes
            do throws(FileError) {
                let node = try d.lookup(low.span.bytes)
                let open = try node.file?.open([.read, .write])
                try open?.write("T".utf8Bytes.span.bytes, at: 0)
                _ = try node.stat()
                if round >= 40 { try d.remove(low.span.bytes, expected: .file) }
            } catch {
                #expect(error.kind == .notFound)
            }
            _ = try d.listed()
            if round < rounds - 1 { try d.remove(own.span.bytes, expected: .file) }
        }
    }
}
