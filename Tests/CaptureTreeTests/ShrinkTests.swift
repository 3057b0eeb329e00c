import Differential
import FileTree
import Glibc
import HostFaults
import Synchronization
import Testing
import Watched

@testable import CaptureTree

/// A log that is written anew: fewer records for the same state, whatever fails or dies on the way.
@Suite struct ShrinkTests {
    /// Has a log say what it says by the fewest records, which are given back.
    @discardableResult
    static func writeAnew(_ log: String, _ scratch: Scratch) throws(FileError) -> [Record] {
        let bytes = try scratch.bytes(log)
        let id = bytes.number(at: 16, as: UInt64.self)
        var state = LayerState(id: id)
        for record in try readLog(bytes).records { state.apply(record) }
        var anew: [Record] = []
        try state.forEachRecord { anew.append($0) }
        try scratch.write(logBytes(id: id, anew).bytes, to: log)
        return anew
    }

    /// All that a layer shows beside its tree.
    private struct Facts: Equatable {
        var qids: [UInt64: Qid] = [:]
        var names: [UInt64: Set<[UInt8]>] = [:]
        var links: [UInt64: UInt64] = [:]
        var changes: [String] = []
        var reads: [[UInt8]] = []
        var rules = Rules()
        var objects = 0
        var isSealed = false

        init(_ tree: CaptureTree) throws {
            let layer = tree.layer
            objects = layer.statistics.objects
            reads = layer.reads
            rules = layer.rules
            isSealed = layer.isSealed
            changes = try ChangeList.changes(of: tree).map {
                String(decoding: $0.line, as: UTF8.self)
            }
            layer.state.withLock { state in
                for object in state.objects.values {
                    let number = object.serial.number
                    qids[number] = object.qid
                    links[number] = object.links
                    // Names come in another order where there are several.
                    names[number] = Set(
                        object.names.compactMap { name in
                            state.objects[name.parent].map { state.path(of: $0) + [47] + name.name }
                        }
                    )
                }
            }
        }
    }

    /// Random lists, with hard links, moved and removed lower directories and holes.
    @Test func whatIsWrittenAnewIsTheSameLayer() throws {
        for seed in LayerCrashTests.seed..<LayerCrashTests.seed + UInt64(Watched.some(60)) {
            let list = OperationList.random(seed: seed, isRoot: true)
            let base = LayerCrashTests.base(list)
            let scratch = try Scratch()
            do {
                let capture = try LayerCrashTests.Capture(
                    scratch.layer,
                    over: base,
                    sync: .none,
                    calls: HostCalls()
                )
                for operation in list.changes { _ = capture.player.apply(operation) }
                try capture.layer.add(Rules.Rule(line: "drop /x".utf8))
                if seed % 2 == 0 { try capture.layer.seal() }
            }
            func look() throws -> (Facts, Snapshot) {
                // For reading, so that opening it does not change what it is.
                let layer = try Layer.open(readOnly: scratch.layer)
                let tree = try CaptureTree(layer: layer, over: base.root, in: base)
                return (try Facts(tree), try TreePlayer("capture", tree.root).snapshot())
            }
            let before = try look()
            let anew = try Self.writeAnew(scratch.log, scratch)
            let after = try look()
            #expect(after.0 == before.0, "PAK_SEED=\(seed)")
            let differences = after.1.differences(from: before.1)
            #expect(differences.isEmpty, "PAK_SEED=\(seed): \(differences)")
            // What it says anew of itself is the same again.
            let again = try Self.writeAnew(scratch.log, scratch)
            #expect(again == anew, "PAK_SEED=\(seed)")
        }
    }

    /// Makes files and removes them, all but the last.
    private func churn(_ root: any Directory, _ count: Int) throws(FileError) -> UInt64 {
        var path: UInt64 = 0
        for number in 0..<count {
            let name = "f\(number)"
            path = try LayerFolderTests.make(name, in: root).qid.path
            if number < count - 1 {
                try root.remove(Array(name.utf8).span.bytes, expected: .file)
            }
        }
        return path
    }

    @Test func aLogThatHasGrownIsWrittenAnewWhenItIsOpened() throws {
        let scratch = try Scratch()
        var paths: Set<UInt64> = []
        do {
            let tree = try LayerFolderTests.capture(scratch.layer)
            paths.insert(try churn(tree.root, 500))
        }
        let before = try scratch.bytes(scratch.log).count
        let next: UInt64
        do {
            let tree = try LayerFolderTests.capture(scratch.layer)
            let after = try scratch.bytes(scratch.log).count
            #expect(after < before / 50)
            #expect(tree.layer.statistics.bytes == UInt64(after))
            next = tree.layer.state.withLock { $0.next.number }
            #expect(next == 502)
            #expect(try paths.contains(LossTests.find("f499", in: tree.root).qid.path))
            #expect(try paths.insert(LayerFolderTests.make("new", in: tree.root).qid.path).inserted)
        }
        #expect(scratch.names(scratch.layer) == ["data", "lock", "log"])
        let tree = try LayerFolderTests.capture(scratch.layer)
        #expect(tree.layer.state.withLock { $0.next.number } == next + 1)
        #expect(try tree.root.listed() == ["f499", "new"])
    }

    @Test func aLogInUseDoesNotGrowWithoutEnd() throws {
        let scratch = try Scratch()
        do {
            let tree = try LayerFolderTests.capture(scratch.layer)
            _ = try churn(tree.root, 12_000)
            #expect(try scratch.bytes(scratch.log).count < 1 << 20)
            #expect(tree.layer.statistics.bytes < 1 << 20)
        }
        let tree = try LayerFolderTests.capture(scratch.layer)
        #expect(try tree.root.listed() == ["f11999"])
        #expect(tree.layer.state.withLock { $0.next.number } == 12_002)
    }

    /// A layer with a log that is worth writing anew, and what it holds.
    private func grown(_ scratch: Scratch) throws -> Snapshot {
        let tree = try LayerFolderTests.capture(scratch.layer)
        _ = try churn(tree.root, 200)
        try LayerFolderTests.write([1, 2, 3], to: LayerFolderTests.make("bytes", in: tree.root))
        return try TreePlayer("capture", tree.root).snapshot()
    }

    private func open(_ folder: String, _ sync: LayerSync, _ calls: HostCalls) throws(FileError)
        -> CaptureTree
    {
        let layer = try Layer.open(
            folder: folder,
            limits: LayerLimits(),
            sync: sync,
            clock: { .now },
            calls: calls
        )
        let base = MemoryTree()
        return try CaptureTree(layer: layer, over: base.root, in: base)
    }

    /// Every call of an opening that writes the log anew fails, one after the other.
    @Test(arguments: HostFaults.Kind.allCases, LayerSync.allCases)
    func aFailureLeavesTheLogThatWas(_ kind: HostFaults.Kind, _ sync: LayerSync) throws {
        for place in 0... {
            let scratch = try Scratch()
            let before = try grown(scratch)
            let faults = HostFaults(kind, at: place)
            do throws(FileError) {
                let tree = try open(scratch.layer, sync, faults.host)
                let found = try TreePlayer("capture", tree.root).snapshot()
                #expect(found.differences(from: before).isEmpty, "call \(place)")
                if kind == .full || kind == .broken {
                    _ = try LayerFolderTests.make("later", in: tree.root)
                }
            } catch {
                #expect(
                    [.noSpace, .inputOutput, .readOnly].contains(error.kind),
                    "call \(place): \(error)"
                )
            }
            let tree = try open(scratch.layer, sync, HostCalls())
            if let later = try? LossTests.find("later", in: tree.root) {
                #expect(later.file != nil)
                try tree.root.remove(Array("later".utf8).span.bytes, expected: .file)
            }
            let found = try TreePlayer("capture", tree.root).snapshot()
            #expect(found.differences(from: before).isEmpty, "call \(place)")
            #expect(scratch.names(scratch.layer) == ["data", "lock", "log"])
            guard faults.hasStruck else { break }
        }
    }

    /// What the folder holds at every call of such an opening is the layer.
    @Test(arguments: LayerSync.allCases)
    func aDeathLeavesOneLogOrTheOther(_ sync: LayerSync) throws {
        let (scratch, copies) = (try Scratch(), try Scratch())
        let before = try grown(scratch)
        let size = try scratch.bytes(scratch.log).count
        let recorder = Recorder(scratch.layer, into: copies.path)
        recorder.start()
        _ = try open(scratch.layer, sync, HostCalls(fault: { recorder.note($0) }))
        #expect(try scratch.bytes(scratch.log).count < size / 10)
        let taken = recorder.stop()
        #expect(taken.count > 5)
        for folder in taken {
            let tree = try open(folder, .none, HostCalls())
            let found = try TreePlayer("capture", tree.root).snapshot()
            #expect(found.differences(from: before).isEmpty, "\(folder)")
        }
        for folder in taken { Recorder.remove(folder) }
    }

    /// In the mode in which an answer is on storage, so is the name of the log that it is in.
    @Test func nothingIsAnsweredBeforeTheNewLogsNameIsStored() throws {
        let scratch = try Scratch()
        _ = try grown(scratch)
        // The log's, behind the folder's that was made before.
        let plan = Plan([.syncFolder: [.error(EIO), .error(EIO), nil]])
        let tree = try open(scratch.layer, .op, plan.host)
        let error = #expect(throws: FileError.self) {
            _ = try LayerFolderTests.make("a", in: tree.root)
        }
        #expect(error?.kind == .inputOutput)
        _ = try LayerFolderTests.make("a", in: tree.root)
        #expect(plan.count(.syncFolder) == 3)
    }
}

/// The versions of qids, which say to a client that bytes it holds are still right.
@Suite struct VersionTests {
    /// A version that anyone has seen stands for no other bytes later, also after a death.
    @Test(arguments: [true, false], [true, false])
    func aVersionIsNotLowerAfterOpeningAgain(_ isKilled: Bool, _ isWrittenAnew: Bool) throws {
        let scratch = try Scratch()
        let copies = try Scratch()
        var seen: [String: UInt32] = [:]
        var folder = scratch.layer
        for round in 0..<4 {
            let target = "\(copies.path)/\(round)"
            mkdir(target, 0o700)
            defer { rmdir("\(copies.path)/\(round - 1)") }
            let recorder = Recorder(folder, into: target)
            do {
                let layer = try Layer.open(folder: folder, sync: .none)
                let base = try LossTests.base()
                let root = try CaptureTree(layer: layer, over: base.root, in: base).root
                if round == 0 { _ = try LayerFolderTests.make("made", in: root) }
                for name in ["made", "copied", "blocks"] {
                    let file = try #require(LossTests.find(name, in: root).file)
                    let version = file.qid.version
                    if let known = seen[name] { #expect(version > known, "\(name)") }
                    seen[name] = version
                    for _ in 0..<50 { try LayerFolderTests.write([1], to: file) }
                    #expect(file.qid.version > version)
                    seen[name] = file.qid.version
                }
                if isKilled {
                    // As it is at this moment.
                    recorder.start()
                    _ = recorder.note(.open)
                }
            }
            if let copy = recorder.stop().first {
                if folder != scratch.layer { Recorder.remove(folder) }
                folder = copy
            }
            if isWrittenAnew {
                try ShrinkTests.writeAnew(folder + "/log", scratch)
            }
        }
        if folder != scratch.layer { Recorder.remove(folder) }
    }

    /// A file that is written over and over tells its version now and then.
    @Test func aVersionIsToldBeforeItPassesWhatAnOpeningAdds() throws {
        let captured = try Captured("")
        let file = try LayerFolderTests.make("f", in: captured.root)
        let open = try file.open([.write])
        for _ in 0..<140_000 { try open.write([1].span.bytes, at: 0) }
        let told = captured.journal.records.compactMap {
            if case .stored(_, _, let changes) = $0 { changes } else { nil }
        }
        #expect(told.count == 2)
        #expect(file.qid.version - told[1] < 1 << 16)
    }

    @Test func lookingAtALayerWritesNothing() throws {
        let scratch = try Scratch()
        do { try LossTests.fill(LossTests.tree(scratch).root) }
        let before = try scratch.bytes(scratch.log)
        do { _ = try LossTests.find("made", in: LossTests.tree(scratch).root).stat() }
        #expect(try scratch.bytes(scratch.log) == before)
    }
}
