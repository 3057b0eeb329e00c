import Archive
import CaptureTree
import Differential
import FileTree
import Glibc
import Testing
import TreeConformance
import UnionTree

/// What was exported, put over the base again, is what was captured.
@Suite struct ExportReplayTests {
    /// Plays a random list to a capture and compares the view with what its export makes of the
    /// base; what differs, a line each.
    private func differences(seed: UInt64, _ list: OperationList) throws -> [String] {
        let lower = MemoryTree()
        let maker = TreePlayer("base", lower.root)
        for operation in list.base { _ = maker.apply(operation) }
        let layer = try Layer.inMemory(id: seed)
        let tree = try CaptureTree(layer: layer, over: lower.root, in: lower)
        let player = TreePlayer("capture", tree.root)
        for operation in list.changes { _ = player.apply(operation) }
        try layer.seal()
        var options = ExportOptions()
        options.latestTime = 1 << 32
        let export = try Export(tree, options)
        let replayed = try UnionTree(
            packages: [export.package()],
            rules: UnionRules(mode: .stack),
            base: lower.root
        )
        var view = ViewOptions()
        view.showsDevices = true
        view.keepsSetID = true
        let root = User(uid: 0, gid: 0, name: "root", isOwner: true)
        let replay = TreePlayer("replay", try replayed.attach(as: root, view).root)
        let lines = try replay.snapshot()
            .differences(from: player.snapshot(), .directoryTimes)
        // A file that is again as it was has the time that it had.
        return lines.filter { !$0.hasSuffix(", not now") }
    }

    @Test(arguments: 0..<300)
    func anExportOverItsBaseIsTheCapture(seed: Int) throws {
        let seed = UInt64(seed)
        let list = OperationList.random(seed: seed, count: 40, isRoot: true)
        let found = try differences(seed: seed, list)
        guard !found.isEmpty else { return }
        let short = list.shrunk { list in
            // A list that cannot be played at all is no shorter one.
            (try? differences(seed: seed, list))?.isEmpty == false
        }
        let lines = try differences(seed: seed, short).joined(separator: "\n")
        Issue.record("seed \(seed):\n\(lines)\n\(short)")
    }
}
