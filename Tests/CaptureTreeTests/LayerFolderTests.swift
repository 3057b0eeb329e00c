import FileTree
import Glibc
import Testing
import TreeConformance

@testable import CaptureTree

/// A layer's folder as its user meets it: made, locked, refused, checked.
@Suite struct LayerFolderTests {
    /// A capture in a folder over an empty tree.
    static func capture(
        _ folder: String,
        limits: LayerLimits = LayerLimits(),
        sync: LayerSync = .none
    ) throws(FileError) -> CaptureTree {
        let layer = try Layer.open(folder: folder, limits: limits, sync: sync)
        let base = MemoryTree()
        return try CaptureTree(layer: layer, over: base.root, in: base)
    }

    static func make(_ name: String, in directory: any Directory) throws(FileError) -> any File {
        let attributes = NewNode(permissions: 0o644, uid: 0, gid: 0)
        return try directory.createFile(Array(name.utf8).span.bytes, attributes)
    }

    static func write(_ bytes: [UInt8], to file: any File, at offset: UInt64 = 0) throws(FileError)
    {
        try file.open([.read, .write]).write(bytes.span.bytes, at: offset)
    }

    @Test func aParentThatIsMissingIsNamed() throws {
        let scratch = try Scratch()
        let path = scratch.path + "/no/layer"
        #expect(throws: FileError(.notFound, "\(path): the folder that it is to be made in")) {
            _ = try Layer.open(folder: path)
        }
    }

    @Test func aFolderWithOtherFilesIsNoLayer() throws {
        let scratch = try Scratch()
        try scratch.write([1], to: scratch.path + "/letter")
        #expect(throws: FileError(.notEmpty, "\(scratch.path): no layer, and there is letter")) {
            _ = try Layer.open(folder: scratch.path)
        }
        #expect(scratch.names(scratch.path) == ["letter"])
    }

    @Test func anEmptyFolderBecomesALayer() throws {
        let scratch = try Scratch()
        mkdir(scratch.layer, 0o755)
        _ = try Layer.open(folder: scratch.layer)
        #expect(scratch.names(scratch.layer) == ["data", "lock", "log"])
    }

    @Test func aSecondServerIsRefusedAndAReaderToo() throws {
        let scratch = try Scratch()
        var first: Layer? = try Layer.open(folder: scratch.layer)
        let refusal = FileError(
            .busy,
            "\(scratch.layer): the layer is in use by another program"
        )
        #expect(throws: refusal) { _ = try Layer.open(folder: scratch.layer) }
        #expect(throws: refusal) { _ = try Layer.open(readOnly: scratch.layer) }
        #expect(try Layer.check(folder: scratch.layer).isInUse)
        #expect(first != nil)
        first = nil
        do {
            let readers = [
                try Layer.open(readOnly: scratch.layer), try Layer.open(readOnly: scratch.layer),
            ]
            #expect(readers.count == 2)
            #expect(throws: refusal) { _ = try Layer.open(folder: scratch.layer) }
            #expect(throws: FileError.self) { try readers[0].seal() }
        }
        #expect(try !Layer.check(folder: scratch.layer).isInUse)
        _ = try Layer.open(folder: scratch.layer)
    }

    /// A layer with a lower file that was written to, and three files of its own, one of them
    /// without a name any more.
    private func filled(_ scratch: Scratch) throws {
        let layer = try Layer.open(folder: scratch.layer, sync: .none)
        let base = try MemoryTree.make("f 644 0 0 100 lib/low =hello")
        let tree = try CaptureTree(layer: layer, over: base.root, in: base)
        let folder = try #require(try tree.root.lookup(Array("lib".utf8).span.bytes).directory)
        let low = try #require(try folder.lookup(Array("low".utf8).span.bytes).file)
        try Self.write([1], to: low, at: 1)
        for name in ["a", "b", "c"] {
            try Self.write([1, 2, 3], to: Self.make(name, in: tree.root))
        }
        try tree.root.remove(Array("c".utf8).span.bytes, expected: .file)
        try tree.layer.seal()
    }

    /// Opened, two adopted, one read, one copied, three made, one removed, two that have grown,
    /// sealed.
    private static let recordsOfFilled = 12

    @Test func aSoundLayerIsFoundSound() throws {
        let scratch = try Scratch()
        try filled(scratch)
        // The last holder of the file has gone with the layer.
        let report = try Layer.check(folder: scratch.layer)
        #expect(report.isSound)
        #expect(report.isSealed)
        #expect(report.objects == 5)
        #expect(report.records == Self.recordsOfFilled)
        #expect(report.wholeSize == report.logSize)
        #expect(report.dataFiles - report.orphans.count == 3)
        #expect(report.lost.isEmpty && report.foreign.isEmpty && report.tornTail == nil)
        #expect(try Layer.open(folder: scratch.layer).id == report.id)
        #expect(try Layer.check(folder: scratch.layer).orphans.isEmpty)
    }

    @Test func aCheckNamesWhatIsMissingTornOrNobodysAndChangesNothing() throws {
        let scratch = try Scratch()
        try filled(scratch)
        // That of the lower file, which was adopted behind its directory.
        unlink(scratch.layer + "/data/3")
        try scratch.write([1, 2, 3, 4], to: scratch.layer + "/data/77")
        try scratch.write([1], to: scratch.layer + "/data/note")
        try scratch.write([1], to: scratch.layer + "/other")
        let log = try scratch.bytes(scratch.log)
        try scratch.write(Array(log.dropLast()), to: scratch.log)
        let names = scratch.names(scratch.layer + "/data")
        let report = try Layer.check(folder: scratch.layer)
        #expect(!report.isSound)
        #expect(
            report.lost == [
                .init(name: "data/3", path: Array("lib/low".utf8), wanted: 5, found: .nothing)
            ]
        )
        #expect(report.orphans.contains("data/77"))
        #expect(report.foreign == ["data/note", "other"])
        #expect(report.tornTail?.context?.contains("a record cut short") == true)
        #expect(report.wholeSize < report.logSize)
        #expect(!report.isSealed)
        #expect(report.damage == nil)
        #expect(scratch.names(scratch.layer + "/data") == names)
        #expect(try scratch.bytes(scratch.log).count == log.count - 1)
    }

    @Test func aCheckSaysWhereALogIsDamaged() throws {
        let scratch = try Scratch()
        try filled(scratch)
        var log = try scratch.bytes(scratch.log)
        let (records, _, _, _) = try readLog(log)
        let ends = try logBytes(id: log.number(at: 16, as: UInt64.self), records).ends
        log[ends[3] + 20] ^= 4
        try scratch.write(log, to: scratch.log)
        let report = try Layer.check(folder: scratch.layer)
        #expect(report.records == 4)
        #expect(report.wholeSize == UInt64(ends[3]))
        #expect(report.damage?.context?.contains("offset \(ends[3]): the sum") == true)
        #expect(report.orphans.isEmpty && report.lost.isEmpty)
        let error = #expect(throws: FileError.self) { _ = try Layer.open(folder: scratch.layer) }
        #expect(error?.kind == .malformed)
        #expect(error?.context?.contains("\(scratch.layer): log: offset \(ends[3])") == true)
        // What is before can be had by a cut there.
        truncate(scratch.log, ends[3])
        _ = try Layer.open(folder: scratch.layer)
    }

    /// A log with right sums that nobody wrote who keeps the rules is read as far as it makes sense.
    @Test func recordsThatWouldMakeNoTreeArePassedOver() throws {
        let time = Timestamp(seconds: 1)
        let attributes = NewAttributes(permissions: 0o755, uid: 0, gid: 0)
        func made(_ serial: UInt64, in parent: UInt64, _ name: String) -> Record {
            .made(
                Serial(number: serial),
                type: .directory,
                in: Serial(number: parent),
                name: Array(name.utf8),
                attributes,
                device: 0,
                detail: [],
                at: time
            )
        }
        let layer = try Layer(
            id: 1,
            journal: MemoryJournal(),
            data: MemoryDataFiles(),
            records: [
                made(1, in: 1, "root"), made(2, in: 1, "a"), made(3, in: 2, "b"),
                made(4, in: 1, "a"), made(2, in: 1, "again"),
                .renamed(from: .root, name: [97], to: Serial(number: 3), newName: [97], at: time),
                .linked(Serial(number: 2), in: Serial(number: 3), name: [97], at: time),
                .removed(from: .root, name: Array("none".utf8), at: time),
            ]
        )
        let base = MemoryTree()
        let root = try CaptureTree(layer: layer, over: base.root, in: base).root
        let text = try TreeText.describe(root, [])
        #expect(text.split(separator: "\n").map { $0.suffix(2) } == [" /", " a", "/b"])
        #expect(layer.statistics.objects == 3)
    }

    @Test(arguments: ["", "paklayer", "not a log of any layer, but long enough"])
    func aForeignLogIsRefusedAndReported(_ text: String) throws {
        let scratch = try Scratch()
        mkdir(scratch.layer, 0o700)
        try scratch.write(Array(text.utf8), to: scratch.log)
        let error = #expect(throws: FileError.self) { _ = try Layer.open(folder: scratch.layer) }
        #expect(error?.kind == .malformed)
        let report = try Layer.check(folder: scratch.layer)
        #expect(report.damage?.context?.contains("not the log of a layer") == true)
        #expect(report.wholeSize == 0)
        #expect(try scratch.bytes(scratch.log) == Array(text.utf8))
    }

    @Test func aLimitOfObjectsIsForWhatIsMade() throws {
        let scratch = try Scratch()
        let tree = try Self.capture(scratch.layer, limits: LayerLimits(objects: 3))
        let file = try Self.make("a", in: tree.root)
        _ = try Self.make("b", in: tree.root)
        #expect(throws: FileError(.quota, "the layer's limit of objects")) {
            _ = try Self.make("c", in: tree.root)
        }
        try Self.write([1], to: file)
        try tree.root.remove(Array("b".utf8).span.bytes, expected: .file)
        _ = try Self.make("c", in: tree.root)
    }

    /// What was only touched counts, too; a removal is always taken.
    @Test func aLimitOfObjectsIsForWhatIsTouched() throws {
        let scratch = try Scratch()
        let base = try MemoryTree.make(
            "d 755 0 0 1 d\nf 644 0 0 1 a =1\nf 644 0 0 1 b =1\nf 644 0 0 1 d/c =1"
        )
        let layer = try Layer.open(folder: scratch.layer, limits: LayerLimits(objects: 3))
        let root = try CaptureTree(layer: layer, over: base.root, in: base).root
        let user = User(uid: 0, gid: 0, name: "root", isOwner: true)
        var mode = StatChange()
        mode.permissions = 0o600
        for name in ["a", "b"] { try root.node(name).change(mode, by: user) }
        let quota = FileError(.quota, "the layer's limit of objects")
        let c = try root.node("d/c")
        #expect(throws: quota) { try c.change(mode, by: user) }
        #expect(throws: quota) { _ = try LayerFolderTests.make("e", in: root) }
        #expect(try c.stat().mode.permissions == 0o644)
        let d = try #require(root.node("d").directory)
        try d.remove(Array("c".utf8).span.bytes, expected: .file)
        try root.remove(Array("d".utf8).span.bytes, expected: .directory)
        for name in ["a", "b"] { try root.remove(Array(name.utf8).span.bytes, expected: .file) }
        _ = try LayerFolderTests.make("e", in: root)
        #expect(try root.listed() == ["e"])
    }

    @Test func aLimitOfBytesIsOneAfterOpeningAgain() throws {
        let scratch = try Scratch()
        let limits = LayerLimits(bytes: 100_000)
        let body = [UInt8](repeating: 1, count: 10_000)
        var used: UInt64 = 0
        do {
            let tree = try Self.capture(scratch.layer, limits: limits)
            let file = try Self.make("a", in: tree.root)
            let error = #expect(throws: FileError.self) {
                for offset in 0..<100 { try Self.write(body, to: file, at: UInt64(offset) * 16384) }
            }
            #expect(error?.kind == .quota)
            used = tree.layer.statistics.bytes
            #expect(used <= 100_000 && used > 70_000)
            #expect(try tree.statfs().free == 0 || tree.statfs().free < 4)
        }
        let tree = try Self.capture(scratch.layer, limits: limits)
        #expect(tree.layer.statistics.bytes == used)
        let file = try Self.make("b", in: tree.root)
        let error = #expect(throws: FileError.self) {
            try Self.write([UInt8](repeating: 1, count: 40_000), to: file)
        }
        #expect(error?.kind == .quota)
        try tree.root.remove(Array("a".utf8).span.bytes, expected: .file)
    }

    @Test func aLayerThatIsResetIsEmptyAndGoesOnCounting() throws {
        let scratch = try Scratch()
        var path: UInt64 = 0
        do {
            let tree = try Self.capture(scratch.layer)
            let file = try Self.make("a", in: tree.root)
            path = file.qid.path
            try Self.write([1], to: file)
            try tree.layer.reset()
            #expect(scratch.names(scratch.layer + "/data").isEmpty)
            #expect(try Self.make("a", in: tree.root).qid.path != path)
        }
        let tree = try Self.capture(scratch.layer)
        #expect(tree.layer.statistics.objects == 2)
        #expect(try Self.make("b", in: tree.root).qid.path != path)
    }

    @Test func timesAreTheSameAfterOpeningAgain() throws {
        let scratch = try Scratch()
        let base = try MemoryTree.make(
            """
            f 644 0 0 100 small *1000:1
            f 644 0 0 100 large *300000:2
            f 644 0 0 100 cut *300000:3
            f 644 0 0 100 emptied *1000:4
            """
        )
        var before: [String: Stat] = [:]
        let names = ["new", "small", "large", "cut", "emptied", "set"]
        func stats(_ root: any Directory) throws -> [String: Stat] {
            var stats: [String: Stat] = [:]
            for name in names {
                var stat = try root.lookup(Array(name.utf8).span.bytes).stat()
                // Counts changes of one run.
                stat.qid.version = 0
                // Of a file that is open, the host is asked.
                stat.allocated = 0
                stats[name] = stat
            }
            return stats
        }
        do {
            let layer = try Layer.open(folder: scratch.layer, sync: .none)
            let root = try CaptureTree(layer: layer, over: base.root, in: base).root
            for name in ["new", "set"] { _ = try Self.make(name, in: root) }
            for (name, change) in [
                ("new", 3), ("small", 500), ("large", 70_000), ("set", 1), ("emptied", 0),
            ] {
                let node = try root.lookup(Array(name.utf8).span.bytes)
                let file = try #require(node.file)
                if name == "emptied" {
                    var cut = StatChange()
                    cut.size = 0
                    try node.change(cut, by: User(uid: 0, gid: 0, name: "root", isOwner: true))
                }
                for _ in 0..<3 { try Self.write([5], to: file, at: UInt64(change)) }
            }
            let user = User(uid: 0, gid: 0, name: "root", isOwner: true)
            var cut = StatChange()
            cut.size = 100_000
            try root.lookup(Array("cut".utf8).span.bytes).change(cut, by: user)
            var time = StatChange()
            time.modified = .at(Timestamp(seconds: 77, nanoseconds: 7))
            try root.lookup(Array("set".utf8).span.bytes).change(time, by: user)
            before = try stats(root)
        }
        let layer = try Layer.open(folder: scratch.layer, sync: .none)
        let root = try CaptureTree(layer: layer, over: base.root, in: base).root
        let after = try stats(root)
        for name in names { #expect(after[name] == before[name], "\(name)") }
    }
}
