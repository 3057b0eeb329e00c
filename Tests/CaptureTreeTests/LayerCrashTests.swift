import Differential
import FileTree
import Glibc
import HostFaults
import Synchronization
import Testing

@testable import CaptureTree

/// What a server leaves in a layer's folder when it dies at a call of the host's, and what it
/// answers when a call fails.
///
/// `PAK_SEED=N` plays the list of that seed.
@Suite struct LayerCrashTests {
    static let seed = getenv("PAK_SEED").flatMap { UInt64(String(cString: $0)) } ?? 1

    /// A capture in a folder, over a base in memory.
    struct Capture {
        let layer: Layer
        let player: TreePlayer

        init(_ folder: String, over base: MemoryTree, sync: LayerSync, calls: HostCalls)
            throws(FileError)
        {
            layer = try Layer.open(
                folder: folder,
                limits: LayerLimits(),
                sync: sync,
                clock: { .now },
                calls: calls
            )
            let tree = try CaptureTree(layer: layer, over: base.root, in: base)
            player = TreePlayer("capture", tree.root)
        }
    }

    static func base(_ list: OperationList) -> MemoryTree {
        let base = MemoryTree()
        let player = TreePlayer("base", base.root)
        for operation in list.base { _ = player.apply(operation) }
        return base
    }

    /// Lists one behind the other, on one base: a single long one ends where nothing is left.
    static func list(_ count: Int) -> OperationList {
        var list = OperationList.random(seed: seed, isRoot: true)
        for number in 1..<UInt64(count) {
            let next = OperationList.random(seed: seed &+ number, isRoot: true)
            // One large file is enough.
            list.changes += next.base.filter {
                if case .write(_, let pattern, _) = $0 { pattern.count < 100_000 } else { true }
            }
            list.changes += next.changes
        }
        return list
    }

    /// What the folder holds is copied before calls of the host's, as a death there would leave
    /// it: each copy has to open as the tree before the operation under way or behind it.
    @Test(arguments: [(LayerSync.none, 40), (.op, 2)])
    func aDeathAtAnyCallLeavesWhatWasAnswered(_ sync: LayerSync, _ lists: Int) throws {
        let list = Self.list(lists)
        let base = Self.base(list)
        let (scratch, copies) = (try Scratch(), try Scratch())
        let recorder = Recorder(scratch.layer, into: copies.path)
        let capture = try Capture(
            scratch.layer,
            over: base,
            sync: sync,
            calls: HostCalls(fault: { recorder.note($0) })
        )
        var checked = 0
        // All calls of some operations, which are other ones for another seed.
        for (number, operation) in list.changes.enumerated() {
            guard number % 13 == Int(Self.seed % 13), operation.isChange else {
                _ = capture.player.apply(operation)
                continue
            }
            let before = try capture.player.snapshot()
            recorder.start()
            _ = capture.player.apply(operation)
            let taken = recorder.stop()
            let after = try capture.player.snapshot()
            for folder in taken {
                checked += 1
                let found = try Capture(folder, over: base, sync: .none, calls: HostCalls())
                    .player.snapshot()
                let (old, new) = (found.differences(from: before), found.differences(from: after))
                let isPartial = operation.changesBytes && new.allSatisfy(Self.isOfBytes)
                #expect(
                    old.isEmpty || new.isEmpty || isPartial,
                    "seed \(Self.seed), \(operation): \(old) \(new)"
                )
                Recorder.remove(folder)
            }
        }
        if sync == .none {
            let records = try readLog(scratch.bytes(scratch.log)).records.count
            #expect(records > 1000)
            #expect(checked > 100)
        }
    }

    /// Whether a difference is of the bytes of a file, or of when they were changed.
    static func isOfBytes(_ difference: String) -> Bool {
        difference.contains(" bytes, not ") || difference.contains(": time is ")
    }

    /// Every call of a list fails, one after the other: the operation it was of fails and leaves
    /// everything as it was, also for whoever opens the layer then, and the next ones work.
    @Test(arguments: [HostFaults.Kind.full, .broken, .fullForGood])
    func aFailedCallChangesNothing(_ kind: HostFaults.Kind) throws {
        let list = Self.list(2)
        let base = Self.base(list)
        let model = try Layer.inMemory()
        let truth = TreePlayer(
            "truth",
            try CaptureTree(layer: model, over: base.root, in: base).root
        )
        // What it is before and behind the operation that failed.
        var before = try truth.snapshot()
        var after = before
        var done = 0
        var checked = 0
        var place = -1
        while true {
            let scratch = try Scratch()
            place += 1
            let faults = HostFaults(kind, at: place)
            let isPlaying = Mutex(false)
            var capture: Capture? = try Capture(
                scratch.layer,
                over: base,
                sync: .none,
                calls: HostCalls(fault: { call in
                    isPlaying.withLock { $0 } ? faults.fault(call) : nil
                })
            )
            isPlaying.withLock { $0 = true }
            var failed: (number: Int, operation: Operation)?
            for (number, operation) in list.changes.enumerated() {
                _ = capture?.player.apply(operation)
                if faults.hasStruck {
                    failed = (number, operation)
                    break
                }
            }
            isPlaying.withLock { $0 = false }
            guard let (number, operation) = failed else { break }
            while done <= number {
                if done == number { before = try truth.snapshot() }
                _ = truth.apply(list.changes[done])
                done += 1
                if done > number { after = try truth.snapshot() }
            }
            let live = try #require(try capture?.player.snapshot())
            let (old, new) = (live.differences(from: before), live.differences(from: after))
            // What does not need the call may go on without it: then all of it is done.
            let isPartial = operation.changesBytes && new.allSatisfy(Self.isOfBytes)
            #expect(
                old.isEmpty || new.isEmpty || isPartial,
                "seed \(Self.seed), call \(place), \(operation): \(old) \(new)"
            )
            if case .fullForGood = kind {
            } else {
                let outcome = capture?.player.apply(.makeDirectory("after", permissions: 0o700))
                #expect(outcome == Outcome(), "\(operation), \(place)")
            }
            let last = try #require(try capture?.player.snapshot())
            capture = nil
            let again = try Capture(scratch.layer, over: base, sync: .none, calls: HostCalls())
            let differences = try again.player.snapshot().differences(from: last)
            #expect(
                differences.isEmpty,
                "seed \(Self.seed), call \(place), \(operation): \(differences)"
            )
            checked += 1
        }
        // All of them, up to the end of the list.
        #expect(checked == place && checked > 60)
    }

    /// Every call of the opening of a new layer fails, one after the other.
    @Test(arguments: HostFaults.Kind.allCases, LayerSync.allCases)
    func aFailedOpeningLeavesWhatCanBeOpened(_ kind: HostFaults.Kind, _ sync: LayerSync) throws {
        for place in 0... {
            let scratch = try Scratch()
            let faults = HostFaults(kind, at: place)
            do throws(FileError) {
                _ = try Layer.open(
                    folder: scratch.layer,
                    limits: LayerLimits(),
                    sync: sync,
                    clock: { .now },
                    calls: faults.host
                )
            } catch {
                #expect([.noSpace, .inputOutput].contains(error.kind), "call \(place): \(error)")
            }
            let tree = try LayerFolderTests.capture(scratch.layer)
            _ = try LayerFolderTests.make("a", in: tree.root)
            #expect(scratch.names(scratch.layer) == ["data", "lock", "log"], "call \(place)")
            guard faults.hasStruck else { break }
        }
    }
}

extension Operation {
    /// Whether it can end half done: several calls, or a write of which a part came through.
    var changesBytes: Bool {
        switch self {
        case .write, .replace, .append, .resize, .heldWrite, .heldResize: true
        default: false
        }
    }

    /// Whether it may change anything.
    var isChange: Bool {
        switch self {
        case .read, .stat, .list, .heldRead: false
        default: true
        }
    }
}

/// Copies a layer's folder before some of the calls of the host's.
final class Recorder: Sendable {
    private struct State {
        var isOn = false
        var calls = 0
        var taken: [String] = []
    }

    private let folder: String
    private let target: String
    private let state = Mutex(State())

    init(_ folder: String, into target: String) {
        self.folder = folder
        self.target = target
    }

    func start() { state.withLock { $0.isOn = true } }

    /// The copies taken since the start.
    func stop() -> [String] {
        state.withLock { state in
            defer { state.taken = [] }
            state.isOn = false
            return state.taken
        }
    }

    func note(_ call: HostCalls.Call) -> HostCalls.Fault? {
        state.withLock { state in
            guard state.isOn, ![.read, .status, .list].contains(call) else { return }
            state.calls += 1
            let copy = "\(target)/\(state.calls)"
            for part in ["", "/data"] {
                mkdir(copy + part, 0o700)
                for name in Self.names(folder + part) where name != "data" {
                    Self.copy("\(folder)\(part)/\(name)", to: "\(copy)\(part)/\(name)")
                }
            }
            state.taken.append(copy)
        }
        return nil
    }

    static func remove(_ folder: String) {
        for part in ["/data", ""] {
            for name in names(folder + part) { unlink("\(folder)\(part)/\(name)") }
            rmdir(folder + part)
        }
    }

    private static func names(_ folder: String) -> [String] {
        guard let descriptor = try? HostCalls().openFolder(path: folder),
            let names = try? HostCalls().names(in: descriptor)
        else { return [] }
        return names.map { String(decoding: $0, as: UTF8.self) }
    }

    private static func copy(_ path: String, to new: String) {
        let (from, to) = (open(path, O_RDONLY), open(new, O_WRONLY | O_CREAT | O_EXCL, 0o600))
        defer {
            close(from)
            close(to)
        }
        while sendfile(to, from, nil, 1 << 20) > 0 {}
    }
}
