import Archive
import Differential
import FileTree
import Glibc
import Synchronization
import SystemPackage
import Testing
import Watched

@testable import CaptureTree

/// Random lists of operations, done to a tree and to directories of the host: every operation has
/// to end in the same way, and all of them in the same tree.
///
/// `PAK_SEED=N` plays the list of that seed alone, `PAK_LISTS=N` another number of them.
@Suite struct DifferentialTests {
    @Test func aTreeInMemoryBehavesAsADirectoryOfTheHost() {
        play(lists: 200) { (arena, list) throws(FileError) in
            let host = try HostPlayer("host", path: arena.directory("plain"))
            return try Differential.play(list, to: [host, TreePlayer("memory", MemoryTree().root)])
        }
    }

    /// What the capture is compared with has to keep the rules itself.
    @Test(.enabled(if: Arena.hasOverlay, "this kernel and user have no overlayfs over a tmpfs"))
    func overlayfsBehavesAsADirectoryOfTheHost() {
        // It keeps the old path of a renamed directory in 256 bytes.
        play(lists: 100, longestName: 20) { (arena, list) throws(FileError) in
            let host = try HostPlayer("host", path: arena.directory("plain"))
            let lower = try arena.directory("lower")
            let failures = try Differential.play(
                list.base,
                to: [host, HostPlayer("lower", path: lower)]
            )
            guard failures.isEmpty, let merged = try arena.overlay(lower) else { return failures }
            return try Differential.playChanges(
                list,
                to: [host, HostPlayer("overlayfs", path: merged)]
            )
        }
    }

    @Test func aCaptureOfATreeInMemoryBehavesAsADirectoryOfTheHost() {
        play(lists: 300) { (arena, list) throws(FileError) in
            let host = try HostPlayer("host", path: arena.directory("plain"))
            let memory = MemoryTree()
            let below = TreePlayer("base", memory.root)
            let failures = Differential.play(list.base, to: [host, below])
            guard failures.isEmpty else { return failures }
            let before = try below.snapshot()
            let tree = try CaptureTree(layer: .inMemory(), over: memory.root, in: memory)
            return try Differential.playChanges(
                list,
                to: [host, TreePlayer("capture", tree.root)]
            ) + below.snapshot().differences(from: before).map { "the base: \($0)" }
        }
    }

    /// Over a directory of the host, in a folder, and opened again now and then.
    @Test func aCaptureBehavesAsADirectoryOfTheHostAndAsAnOverlayfs() {
        play(lists: 500, longestName: 20) { (arena, list) throws(FileError) in
            let host = try HostPlayer("host", path: arena.directory("plain"))
            let lower = try arena.directory("lower")
            let below = try HostPlayer("base", path: lower)
            let baseFailures = Differential.play(list.base, to: [host, below])
            guard baseFailures.isEmpty else { return baseFailures }
            let before = try below.snapshot()
            let capture = try CapturePlace(folder: arena.path + "/layer", lower: lower)
            var players: [any Player] = [host, try capture.player]
            if let merged = try arena.overlay(lower) {
                players.append(try HostPlayer("overlayfs", path: merged))
            }
            var failures = try Differential.playChanges(list, to: players)
            failures += try below.snapshot().differences(from: before).map { "the base: \($0)" }
            guard failures.isEmpty else { return failures }
            // What is exported, done to the base, makes of it what the operations made.
            let layer = arena.path + "/export.tar"
            try capture.export(to: layer)
            try LayerReplay.apply(layer, to: lower)
            let replayed = try HostPlayer("the base with the export", path: lower)
            return try Differential.compare([host, replayed], [.directoryTimes, .timesOfNow])
        }
    }

    /// Plays lists, and of the first that fails prints as few operations as still do.
    private func play(
        lists: Int,
        longestName: Int = 255,
        _ body: @escaping @Sendable (Arena, OperationList) throws(FileError) -> [String]
    ) {
        let seeds =
            Self.number("PAK_SEED").map { $0...$0 }
            ?? 1...UInt64(Self.number("PAK_LISTS") ?? UInt64(Watched.some(lists, oneOf: 30)))
        let report = Mutex("")
        PrivateMounts.run { mayMount in
            func failures(_ list: OperationList) -> [String] {
                do throws(FileError) { return try body(Arena(mayMount: mayMount), list) } catch {
                    return ["\(error)"]
                }
            }
            for seed in seeds {
                let list = OperationList.random(
                    seed: seed,
                    isRoot: geteuid() == 0,
                    longestName: longestName
                )
                guard !failures(list).isEmpty else { continue }
                let short = list.shrunk { !failures($0).isEmpty }
                let lines = ["PAK_SEED=\(seed)", "\(short)"] + failures(short)
                return report.withLock { $0 = lines.joined(separator: "\n") }
            }
        }
        let failure = report.withLock { $0 }
        #expect(failure.isEmpty, "\(failure)")
    }

    private static func number(_ name: String) -> UInt64? {
        getenv(name).flatMap { UInt64(String(cString: $0)) }
    }
}

/// A capture of a directory of the host, in a folder.
private final class CapturePlace {
    private let folder: String
    private let lower: String
    private(set) var tree: CaptureTree?
    private let scratch: Scratch
    private var openings = 0

    init(folder: String, lower: String) throws(FileError) {
        self.folder = folder
        self.lower = lower
        scratch = try Scratch()
        try open()
    }

    private func open() throws(FileError) {
        // The layer is locked for as long as anybody holds it.
        tree = nil
        openings += 1
        // Every second time with a log that was written anew.
        if openings % 2 == 0 { try ShrinkTests.writeAnew(folder + "/log", scratch) }
        let host = try HostTree(FilePath(lower))
        tree = try CaptureTree(layer: .open(folder: folder), over: host.root, in: host)
    }

    /// Writes the changes as a layer of an image; no time is cut.
    func export(to path: String) throws(FileError) {
        guard let tree else { throw FileError(.notFound, folder) }
        try tree.layer.seal()
        var options = ExportOptions()
        options.latestTime = 4_000_000_000
        let report = try Export(tree, options).write(OCIOutput(), to: path)
        if let loss = report.losses.first {
            throw FileError(
                .unsupported,
                "\(String(decoding: loss.path, as: UTF8.self)): \(loss.what)"
            )
        }
    }

    private func root() throws(FileError) -> any Directory {
        guard let tree else { throw FileError(.notFound, folder) }
        return tree.root
    }

    var player: TreePlayer {
        get throws(FileError) {
            try TreePlayer("capture", root()) { () throws(FileError) in
                try self.open()
                return try self.root()
            }
        }
    }
}
