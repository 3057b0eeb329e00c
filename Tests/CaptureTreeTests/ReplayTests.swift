import Differential
import FileTree
import Testing
import TreeConformance
import Watched

@testable import CaptureTree

/// A layer opened from its records is the layer that has written them.
@Suite struct ReplayTests {
    /// What a client can see of a tree, positions in directories included.
    private func view(_ directory: any Directory, _ path: String = "") throws -> [String] {
        var lines: [String] = []
        var names: [[UInt8]] = []
        try directory.entries(from: 0) { entry, name in
            names.append(Array(name))
            var stat = entry.stat
            stat.qid.version = 0  // Counts changes, not records.
            stat.allocated = 0  // Of files without holes it is not asked for.
            lines.append("\(path)/\(names.last ?? []) \(entry.next) \(stat)")
            return true
        }
        for name in names {
            let node = try directory.lookup(name.span.bytes)
            if let file = node.file {
                lines.append("\(TreeText.sum(try TreeText.bytes(file)))")
            }
            for attribute in try node.attributeNames().split(separator: 0) {
                let key = Array(attribute)
                lines.append("\(key) \(try node.attribute(key.span.bytes))")
            }
            if let inner = node.directory { lines += try view(inner, "\(path)/\(name)") }
        }
        return lines
    }

    @Test(arguments: 1...UInt64(Watched.some(40)))
    func aReplayedLayerIsTheSame(_ seed: UInt64) throws {
        let list = OperationList.random(seed: seed, isRoot: true, longestName: 255)
        let lower = MemoryTree()
        let base = TreePlayer("base", lower.root)
        for operation in list.base { _ = base.apply(operation) }
        let captured = try Captured(over: lower.root, in: lower)
        let player = TreePlayer("capture", captured.root)
        for operation in list.changes { _ = player.apply(operation) }
        let live = try view(captured.root)
        let replayed = try view(captured.reopened().root)
        let difference = live.difference(from: replayed)
        #expect(difference.isEmpty, "seed \(seed)")
    }
}
