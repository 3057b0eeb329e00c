import CaptureTree
import FileTree
import Glibc
import Testing
import Watched

/// A program that is killed while it changes a layer, and a second one on the same layer.
@Suite(.unwatched) struct LayerDeathTests {
    /// Whatever the mode, what was answered is there after a program's death: it is the host's
    /// death that the modes are about.
    @Test(arguments: [("op", 10), ("op", 57), ("end", 203), ("none", 514)])
    func nothingAnsweredIsLostByAKill(_ mode: String, _ count: Int) throws {
        let scratch = try Scratch()
        let folder = scratch("layer")
        let running = try Program.treecheck.start(["layer", folder, mode])
        var last: Int?
        while last ?? 0 < count, let line = running.output.next() { last = Int(line) }
        running.send(SIGKILL)
        // What was printed before the end came was answered, too.
        while let line = running.output.next() { last = Int(line) ?? last }
        #expect(running.wait() == 128 + SIGKILL)
        let answered = try #require(last)
        #expect(answered >= count)

        let layer = try Layer.open(folder: folder)
        let base = MemoryTree()
        let root = try CaptureTree(layer: layer, over: base.root, in: base).root
        var names: Set<String> = []
        try root.entries(from: 0) { (_, name) in
            names.insert(name.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
            return true
        }
        let kept = max(0, answered - 19)...answered
        for number in kept {
            let name = "n\(number)"
            let isGoing = number == answered - 19 && !names.contains(name)
            if isGoing { continue }
            names.remove(name)
            let node = try root.lookup(Array(name.utf8).span.bytes)
            let expected = Array(String(repeating: "\(number)", count: 1000).utf8)
            var bytes = [UInt8](repeating: 0, count: expected.count + 1)
            let file = try #require(node.file).open(.read)
            let got = try bytes.withUnsafeMutableBytes { (room) throws(FileError) in
                try file.read(into: room, at: 0)
            }
            #expect(Array(bytes[..<got]) == expected, "\(name)")
        }
        // The change that nobody was told of.
        names.remove("n\(answered + 1)")
        #expect(names.isEmpty)
        #expect(try Layer.check(folder: folder).isSound)
    }

    @Test func aSecondProgramIsRefusedAsLongAsTheFirstLives() throws {
        let scratch = try Scratch()
        let folder = scratch("layer")
        let first = try Program.treecheck.start(["layer", folder, "none"])
        #expect(first.output.next() == "0")
        let second = try Program.treecheck.run(["layer", folder, "none"])
        #expect(second.status == 1)
        #expect(second.complaints.contains("\(folder): the layer is in use by another program"))
        #expect(second.output.isEmpty)
        first.send(SIGKILL)
        #expect(first.wait() == 128 + SIGKILL)
        // The lock has gone with the process.
        _ = try Layer.open(folder: folder)
    }
}
