import Archive
import FileTree
import Glibc
import Synchronization
import Testing
import TreeConformance

@testable import CaptureTree

/// Data files that are missing, short, or something else: an error with a name, never an empty
/// file or one that is shorter.
@Suite struct LossTests {
    /// How a file came by the bytes of its own.
    enum Way: String, CaseIterable {
        case made, stretched, copied, emptied, blocks, cutBlocks
    }

    /// What becomes of its data file.
    enum Damage: String, CaseIterable {
        case missing, short, directory, link, fifo
    }

    static let user = User(uid: 0, gid: 0, name: "root", isOwner: true)

    static func base() throws(FileError) -> MemoryTree {
        try MemoryTree.make(
            """
            f 644 0 0 100 copied =hello
            f 644 0 0 100 emptied =hello
            f 644 0 0 100 blocks *300000:2
            f 644 0 0 100 cutBlocks *300000:3
            """
        )
    }

    static func resize(_ node: any Node, to size: UInt64) throws(FileError) {
        var change = StatChange()
        change.size = size
        try node.change(change, by: user)
    }

    static func find(_ name: String, in root: any Directory) throws(FileError) -> any Node {
        let name = Array(name.utf8)
        return try root.lookup(name.span.bytes)
    }

    /// A capture over the base, for as long as it is held.
    static func tree(_ scratch: Scratch) throws(FileError) -> CaptureTree {
        let base = try base()
        let layer = try Layer.open(folder: scratch.layer, sync: .none)
        return try CaptureTree(layer: layer, over: base.root, in: base)
    }

    /// Gives every way's file bytes of its own, and leaves two files of the layer's without any.
    static func fill(_ root: any Directory) throws(FileError) {
        for way in Way.allCases {
            let name = way.rawValue
            switch way {
            case .made:
                try LayerFolderTests.write([1, 2, 3], to: LayerFolderTests.make(name, in: root))
            case .stretched:
                try resize(LayerFolderTests.make(name, in: root), to: 10_000)
            case .copied, .blocks:
                guard let file = try find(name, in: root).file else { continue }
                try LayerFolderTests.write([9], to: file, at: 2)
            case .emptied:
                try resize(find(name, in: root), to: 0)
                guard let file = try find(name, in: root).file else { continue }
                try LayerFolderTests.write([7, 8], to: file)
            case .cutBlocks:
                try resize(find(name, in: root), to: 200_000)
            }
        }
        _ = try LayerFolderTests.make("empty", in: root)
        let cut = try LayerFolderTests.make("cut", in: root)
        try LayerFolderTests.write([1, 2, 3], to: cut)
        try resize(cut, to: 0)
    }

    private func path(of name: String, _ scratch: Scratch) throws -> String {
        let tree = try Self.tree(scratch)
        let serial = tree.layer.state.withLock { state in
            state.objects.values.first { state.path(of: $0) == Array(name.utf8) }?.serial
        }
        return "data/\(try #require(serial).fileName)"
    }

    @Test(arguments: Way.allCases, Damage.allCases)
    func aLossHasAName(_ way: Way, _ damage: Damage) throws {
        let scratch = try Scratch()
        do { try Self.fill(Self.tree(scratch).root) }
        let name = try path(of: way.rawValue, scratch)
        let place = "\(scratch.layer)/\(name)"
        let size = try scratch.bytes(place).count
        #expect(try Layer.check(folder: scratch.layer).isSound)
        if damage == .short { truncate(place, size - 1) } else { unlink(place) }
        switch damage {
        case .missing, .short: break
        case .directory: mkdir(place, 0o700)
        case .link: symlink("../lock", place)
        case .fifo: mkfifo(place, 0o600)
        }
        defer { rmdir(place) }

        let report = try Layer.check(folder: scratch.layer)
        #expect(!report.isSound)
        let found: LayerReport.Found =
            switch damage {
            case .missing: .nothing
            case .short: .bytes(UInt64(size - 1))
            default: .noFile
            }
        let path = Array(way.rawValue.utf8)
        #expect(
            report.lost == [.init(name: name, path: path, wanted: UInt64(size), found: found)]
        )
        #expect(report.foreign.isEmpty && report.orphans.isEmpty)

        let tree = try Self.tree(scratch)
        let node = try Self.find(way.rawValue, in: tree.root)
        func expectLoss(_ body: () throws(FileError) -> Void) {
            let error = #expect(throws: FileError.self) { try body() }
            #expect(error?.kind == .inputOutput)
            let serial = String(name.dropFirst(5))
            #expect(error?.context?.contains(serial) == true, "\(String(describing: error))")
        }
        expectLoss { () throws(FileError) in _ = try node.stat() }
        if let file = node.file {
            expectLoss { () throws(FileError) in try LayerFolderTests.write([1], to: file) }
            expectLoss { () throws(FileError) in
                let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1, alignment: 1)
                defer { room.deallocate() }
                _ = try file.open(.read).read(into: room, at: 0)
            }
        }
        try tree.layer.seal()
        expectLoss { () throws(FileError) in _ = try Export(tree) }
        // All others are what they were.
        for other in Way.allCases where other != way {
            #expect(try Self.find(other.rawValue, in: tree.root).stat().size > 0)
        }
        for other in ["empty", "cut"] {
            #expect(try Self.find(other, in: tree.root).stat().size == 0)
        }
    }

    /// A cut is told to the log before the data file is cut: what is there then is no loss.
    @Test func whatWasCutIsNotLost() throws {
        let scratch = try Scratch()
        do { try Self.fill(Self.tree(scratch).root) }
        for size: UInt64 in [1, 0, 5] {
            do {
                let root = try Self.tree(scratch).root
                for way in Way.allCases {
                    try Self.resize(Self.find(way.rawValue, in: root), to: size)
                }
            }
            #expect(try Layer.check(folder: scratch.layer).isSound)
            let root = try Self.tree(scratch).root
            for way in Way.allCases {
                #expect(try Self.find(way.rawValue, in: root).stat().size == size, "\(way)")
            }
        }
    }

    /// The log is told of many growths at once, and of all of them at the end.
    @Test func growthIsToldWithOtherRecordsAndAtTheEnd() throws {
        let captured = try Captured("")
        var told: Int {
            captured.journal.records.count { if case .stored = $0 { true } else { false } }
        }
        for number in 0..<63 {
            _ = try LayerFolderTests.make("f\(number)", in: captured.root)
            for offset: UInt64 in 0..<3 {
                try LayerFolderTests.write([1], to: captured.file("f\(number)"), at: offset)
            }
        }
        #expect(captured.journal.appends == 63)
        #expect(told == 0)
        for number in 63..<65 {
            let file = try LayerFolderTests.make("f\(number)", in: captured.root)
            try LayerFolderTests.write([1], to: file)
        }
        #expect(told == 64)
        #expect(captured.journal.appends == 65)
        try captured.layer.sync()
        #expect(told == 65)
        try captured.layer.sync()
        #expect(captured.journal.appends == 66)
        #expect(
            captured.journal.records.contains {
                if case .stored(_, size: 3, changes: 3) = $0 { true } else { false }
            }
        )
    }

    /// While the log takes nothing, nobody makes the layer hold what it cannot tell it.
    @Test func whatTheLogIsNotToldOfHasAnEnd() throws {
        let names = (0..<6000).map { "f\($0)" }
        let captured = try Captured(names.map { "f 644 0 0 1 \($0) =1" }.joined(separator: "\n"))
        captured.journal.failure.withLock { $0 = FileError(.quota) }
        var mode = StatChange()
        mode.permissions = 0o600
        for name in names.prefix(1000) {
            let node = try captured.node(name)
            #expect(throws: FileError(.quota)) { try node.change(mode, by: Self.user) }
            #expect(try captured.node(name).stat().mode.permissions == 0o644)
        }
        #expect(captured.layer.state.withLock { $0.pending.count } == 256)
        #expect(captured.layer.statistics.objects == 257)
        for name in names { _ = try captured.file(name).open(.read) }
        #expect(captured.layer.state.withLock { $0.pending.count } == 4096)
        captured.journal.failure.withLock { $0 = nil }
        for name in names { try captured.node(name).change(mode, by: Self.user) }
        try captured.layer.sync()
        let again = try captured.reopened()
        for name in names {
            #expect(try again.root.node(name).stat().mode.permissions == 0o600)
        }
    }

    /// A file that is gone leaves nothing to be told.
    @Test func whatHasNoNameIsNotWaitedFor() throws {
        let captured = try Captured("")
        try LayerFolderTests.write([1], to: LayerFolderTests.make("f", in: captured.root))
        try captured.root.remove(Array("f".utf8).span.bytes, expected: .file)
        #expect(captured.layer.state.withLock { $0.unsettled.isEmpty })
        #expect(captured.data.allocated == 0)
    }
}
