import Archive
import Differential
import FileTree
import Glibc
import Synchronization
import Testing
import TreeConformance

@testable import CaptureTree

/// One tree, written in many orders, by several threads, under other clocks, users and masks: its
/// exports are equal in every byte.
@Suite struct DeterminismTests {
    /// What is to be there in the end.
    enum Item: Sendable {
        case directory(String, UInt32)
        /// The bytes come in pieces, in any order.
        case file(String, UInt32, [UInt8])
        case link(String, to: String)
        /// A further name of a file.
        case name(String, of: String)
        case remove(String)
        case attribute(String, String, [UInt8])
        case time(String, Int64)
        case owner(String, UInt32)
        case fifo(String)

        /// What has to be there before.
        var needs: [String] {
            switch self {
            case .directory(let path, _), .file(let path, _, _), .link(let path, _),
                .fifo(let path):
                [Self.parent(path)]
            case .name(let path, let file): [Self.parent(path), file]
            case .remove: []
            case .attribute(let path, _, _), .owner(let path, _): [path]
            // The last: a write sets another.
            case .time(let path, _): [path, path + " written"]
            }
        }

        /// What is there by it.
        var gives: String? {
            switch self {
            case .directory(let path, _), .file(let path, _, _), .link(let path, _),
                .name(let path, _), .fifo(let path):
                path
            default: nil
            }
        }

        static func parent(_ path: String) -> String {
            path.split(separator: "/").dropLast().joined(separator: "/")
        }
    }

    static let base = """
        d 755 0 0 100 usr
        d 755 0 0 100 usr/lib
        d 755 0 0 100 etc
        f 644 0 0 100 usr/lib/old =old
        f 644 0 0 100 usr/lib/large *300000:1
        f 644 0 0 100 etc/conf =conf
        f 755 0 0 100 etc/gone =gone
        """

    /// A random tree.
    static func items(_ random: inout SeededNumbers) -> [Item] {
        var folders = ["", "usr", "usr/lib", "etc"]
        var files: [String] = []
        var items: [Item] = [.remove("etc/gone")]
        func path(_ name: String, _ random: inout SeededNumbers) -> String {
            let folder = folders[Int(random.next() % UInt64(folders.count))]
            return folder.isEmpty ? name : folder + "/" + name
        }
        for number in 0..<60 {
            let name = path("n\(number)", &random)
            let mode = UInt32(random.next() % 0o1000) | 0o400
            switch random.next() % 10 {
            case 0, 1:
                items.append(.directory(name, mode))
                folders.append(name)
            case 2: items.append(.link(name, to: "../x\(number)"))
            case 3 where !files.isEmpty:
                items.append(.name(name, of: files[Int(random.next() % UInt64(files.count))]))
            case 4: items.append(.fifo(name))
            default:
                let count = random.next() % 8 == 0 ? 200_000 : random.next() % 3000
                let seed = random.next()
                let bytes = (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* seed) >> 7) }
                items.append(.file(name, mode, bytes))
                files.append(name)
                if random.next() % 4 == 0 {
                    items.append(.attribute(name, "user.a", [UInt8(number)]))
                }
                if random.next() % 4 == 0 { items.append(.time(name, Int64(number) * 1000)) }
                if random.next() % 4 == 0 { items.append(.owner(name, 7)) }
            }
        }
        return items
    }

    /// What is still to be done, for several threads to take from.
    final class Work: Sendable {
        private struct State {
            var waiting: [Item]
            var there: Set<String>
            var random: SeededNumbers
            var failure: FileError?
        }

        private let state: Mutex<State>

        init(_ items: [Item], seed: UInt64) {
            var random = SeededNumbers(seed: seed)
            let there: Set<String> = ["", "usr", "usr/lib", "etc", "etc/conf", "usr/lib/large"]
            state = Mutex(
                State(waiting: items.shuffled(using: &random), there: there, random: random)
            )
        }

        /// The next that can be done; nil when all is done or has failed.
        func take() -> (item: Item, seed: UInt64)? {
            while true {
                let (next, isOver) = state.withLock { state -> ((Item, UInt64)?, Bool) in
                    if state.waiting.isEmpty || state.failure != nil { return (nil, true) }
                    let place = state.waiting.firstIndex {
                        $0.needs.allSatisfy { state.there.contains($0) }
                    }
                    guard let place else { return (nil, false) }
                    return ((state.waiting.remove(at: place), state.random.next()), false)
                }
                if let next { return next }
                if isOver { return nil }
                sched_yield()
            }
        }

        func done(_ item: Item) {
            guard let path = item.gives else { return }
            state.withLock { state in
                state.there.insert(path)
                if case .file = item { state.there.insert(path + " written") }
            }
        }

        func fail(_ error: FileError) { state.withLock { $0.failure = error } }

        var failure: FileError? { state.withLock { $0.failure } }
    }

    /// Someone who writes, with a user of their own.
    struct Builder: Sendable {
        let root: any Directory
        let uid: UInt32

        private var user: User { User(uid: 0, gid: 0, name: "root", isOwner: true) }

        func run(_ work: Work) {
            while let (item, seed) = work.take() {
                do throws(FileError) {
                    var random = SeededNumbers(seed: seed)
                    try make(item, &random)
                    work.done(item)
                } catch {
                    work.fail(error.at("\(item)"))
                }
            }
        }

        private func split(_ path: String) throws(FileError) -> (any Directory, [UInt8]) {
            guard let folder = try root.node(Item.parent(path)).directory else {
                throw FileError(.notDirectory, path)
            }
            return (folder, Array((path.split(separator: "/").last ?? "").utf8))
        }

        private func change(
            _ path: String,
            _ body: (inout StatChange) -> Void
        ) throws(FileError) {
            var change = StatChange()
            body(&change)
            try root.node(path).change(change, by: user)
        }

        private func make(_ item: Item, _ random: inout SeededNumbers) throws(FileError) {
            // Made with whatever mode, as under another mask, and given the right one.
            let mask = UInt32(random.next() % 0o100)
            func new(_ mode: UInt32) -> NewNode {
                NewNode(permissions: mode & ~mask, uid: uid, gid: uid)
            }
            switch item {
            case .directory(let path, let mode):
                let (folder, name) = try split(path)
                _ = try folder.createDirectory(name.span.bytes, new(mode))
                try change(path) { $0.permissions = mode }
            case .file(let path, let mode, let bytes):
                let (folder, name) = try split(path)
                let file = try folder.createFile(name.span.bytes, new(mode))
                let open = try file.open(.write)
                var pieces: [Range<Int>] = []
                var start = 0
                while start < bytes.count {
                    let end = min(bytes.count, start + Int(random.next() % 50_000) + 1)
                    pieces.append(start..<end)
                    start = end
                }
                for piece in pieces.shuffled(using: &random) {
                    let part = Array(bytes[piece])
                    try open.write(part.span.bytes, at: UInt64(piece.lowerBound))
                }
                try change(path) { $0.permissions = mode }
            case .link(let path, let target):
                let (folder, name) = try split(path)
                let target = Array(target.utf8)
                _ = try folder.createLink(name.span.bytes, to: target.span.bytes, new(0o777))
            case .name(let path, let file):
                let (folder, name) = try split(path)
                try folder.addName(name.span.bytes, for: root.node(file))
            case .remove(let path):
                let (folder, name) = try split(path)
                try folder.remove(name.span.bytes, expected: .file)
            case .attribute(let path, let key, let value):
                let key = Array(key.utf8)
                try root.node(path).setAttribute(key.span.bytes, to: value)
            case .time(let path, let seconds):
                try change(path) { $0.modified = .at(Timestamp(seconds: seconds)) }
            case .owner(let path, let uid):
                try change(path) { (change) in
                    change.uid = uid
                    change.gid = uid
                }
            case .fifo(let path):
                let (folder, name) = try split(path)
                _ = try folder.createNode(name.span.bytes, type: .fifo, device: 0, new(0o644))
                try change(path) { $0.permissions = 0o644 }
            }
        }
    }

    /// What comes of one order: a digest of every format's file, and what a directory holds.
    struct Outcome: Equatable {
        var files: [String: [UInt8]] = [:]
        var warnings: [String] = []
    }

    private static func outcome(
        _ items: [Item],
        seed: UInt64,
        threads: Int,
        mask: mode_t?
    ) throws -> (Outcome, Snapshot) {
        if let mask { umask(mask) }
        var random = SeededNumbers(seed: seed)
        let base = try MemoryTree.make(base)
        let uid = UInt32(random.next() % 60_000 + 100)
        let clock = TickingClock()
        let start = Int64(400_000_000 + random.next() % 1_000_000_000)
        let scratch = try Scratch()
        let now: @Sendable () -> Timestamp = { Timestamp(seconds: start + clock.next().seconds) }
        let layer =
            seed % 2 == 0
            ? try Layer.inMemory(id: random.next(), clock: now)
            : try Layer.open(folder: scratch.layer, sync: .none, clock: now)
        let tree = try CaptureTree(layer: layer, over: base.root, in: base)
        let work = Work(items, seed: random.next())
        let builder = Builder(root: tree.root, uid: uid)
        if threads == 1 {
            builder.run(work)
        } else {
            let ended = Condition()
            let count = Mutex(threads)
            for _ in 0..<threads {
                try Worker.start {
                    builder.run(work)
                    count.withLock { $0 -= 1 }
                    ended.lock()
                    ended.wake()
                    ended.unlock()
                }
            }
            ended.lock()
            while count.withLock({ $0 }) > 0 { ended.wait() }
            ended.unlock()
        }
        if let failure = work.failure { throw failure }
        try layer.seal()
        var options = ExportOptions()
        options.creator.uid = uid
        options.creator.gid = uid
        options.name = "one"
        let export = try Export(tree, options)
        var outcome = Outcome()
        let folder = scratch.path + "/out"
        for name in ["pak", "tar", "oci", "nar"] {
            let path = scratch.path + "/" + name
            _ = try export.write(OutputFormats.named(name), to: path)
            outcome.files[name] = try scratch.bytes(path)
        }
        // Directories that are no part of the export are the mask's, as with any unpacker.
        if mask != nil { umask(0o22) }
        _ = try export.write(OutputFormats.named("dir"), to: folder)
        let snapshot = try HostPlayer("dir", path: folder).snapshot()
        Arena.remove(folder)
        outcome.warnings = export.warnings.map { "\($0)" }
        return (outcome, snapshot)
    }

    /// `PAK_SEED=N` makes the tree of that seed.
    @Test func oneTreeHasOneExportHoweverItWasWritten() throws {
        let tree =
            LayerCrashTests.seed == 1 ? UInt64.random(in: 1...1_000_000) : LayerCrashTests.seed
        var random = SeededNumbers(seed: tree)
        let items = Self.items(&random)
        let found = Mutex<[String]>([])
        // In a thread with a mask of its own.
        PrivateMounts.run { isPrivate in
            var failures: [String] = []
            do {
                let (first, snapshot) = try Self.outcome(
                    items,
                    seed: tree,
                    threads: 1,
                    mask: isPrivate ? 0o22 : nil
                )
                if !first.files.values.allSatisfy({ $0.count > 1000 }) { failures.append("short") }
                for order in 1...50 {
                    let (other, same) = try Self.outcome(
                        items,
                        seed: tree &+ UInt64(order),
                        threads: order % 3 == 0 ? 4 : 1,
                        mask: isPrivate ? [0, 0o22, 0o77, 0o27][order % 4] : nil
                    )
                    for name in first.files.keys where other.files[name] != first.files[name] {
                        failures.append("order \(order): \(name)")
                    }
                    if other.warnings != first.warnings { failures.append("\(other.warnings)") }
                    // Else the mask is that of all tests, and any of them may change it.
                    if isPrivate { failures += same.differences(from: snapshot) }
                }
            } catch { failures.append("\(error)") }
            found.withLock { [failures] in $0 = failures }
        }
        let failures = found.withLock { $0 }
        #expect(failures.isEmpty, "PAK_SEED=\(tree)")
    }
}
