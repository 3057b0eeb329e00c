import FileTree
import Glibc
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

    /// What is exported is not written to any more, not by who began before the seal either.
    @Test func aSealWaitsForTheWritesThatHadBegun() throws {
        let scratch = try Scratch()
        let gate = WriteGate()
        let layer = try Layer.open(
            folder: scratch.layer,
            limits: LayerLimits(),
            sync: .none,
            clock: { .now },
            calls: HostCalls(fault: { call in
                if call == .write { gate.pass() }
                return nil
            })
        )
        let base = MemoryTree()
        let root = try CaptureTree(layer: layer, over: base.root, in: base).root
        let file = try LayerFolderTests.make("f", in: root)
        gate.close()
        let results = Mutex<[String]>([])
        try Worker.start {
            do throws(FileError) {
                try LayerFolderTests.write([1, 2, 3], to: file)
                results.withLock { $0.append("written") }
            } catch { results.withLock { $0.append("\(error)") } }
            gate.note()
        }
        gate.awaitWaiting()
        try Worker.start {
            do throws(FileError) {
                try layer.seal()
                let size = try file.stat().size
                results.withLock { $0.append("sealed with \(size) bytes") }
            } catch { results.withLock { $0.append("\(error)") } }
            gate.note()
        }
        // It says so before it waits: nobody else begins.
        while !layer.isSealed { sched_yield() }
        let error = #expect(throws: FileError.self) {
            try LayerFolderTests.write([1], to: file)
        }
        #expect(error?.kind == .readOnly)
        #expect(results.withLock { $0 }.isEmpty)
        gate.open()
        gate.awaitNotes(2)
        #expect(results.withLock { Set($0) } == ["written", "sealed with 3 bytes"])
        #expect(try Layer.check(folder: scratch.layer).isSound)
    }
}

/// What writes wait at, once it is closed; the log's pass.
///
/// `@unchecked Sendable`: everything that changes is guarded by `monitor`.
private final class WriteGate: @unchecked Sendable {
    private let monitor = Condition()
    private var isClosed = false
    private var waiting = 0
    private var notes = 0

    func close() { change { isClosed = true } }
    func open() { change { isClosed = false } }
    func note() { change { notes += 1 } }

    private func change(_ body: () -> Void) {
        monitor.lock()
        body()
        monitor.wake()
        monitor.unlock()
    }

    /// The first that comes waits; what seals the layer goes on.
    func pass() {
        monitor.lock()
        if isClosed, waiting == 0 {
            waiting += 1
            monitor.wake()
            while isClosed { monitor.wait() }
        }
        monitor.unlock()
    }

    func awaitWaiting() {
        monitor.lock()
        while waiting == 0 { monitor.wait() }
        monitor.unlock()
    }

    func awaitNotes(_ count: Int) {
        monitor.lock()
        while notes < count { monitor.wait() }
        monitor.unlock()
    }
}
