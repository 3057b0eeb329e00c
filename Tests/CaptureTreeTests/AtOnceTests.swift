import Differential
import FileTree
import Glibc
import HostFaults
import Testing
import Watched

@testable import CaptureTree

/// Many changes that are one: whatever goes wrong, all of them are in the layer's folder or none.
@Suite struct AtOnceTests {
    private static let root = User(uid: 0, gid: 0, name: "root", isOwner: true)

    /// The tree below: a small file, a large one, and a directory.
    private static func lower() throws(FileError) -> MemoryTree {
        let base = MemoryTree()
        let new = NewNode(permissions: 0o755, uid: 0, gid: 0)
        let folder = try base.root.createDirectory(bytes("below").span.bytes, new)
        try fill("small", 100, in: folder)
        try fill("large", 300_000, in: folder)
        return base
    }

    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    /// Writes a file anew, which is made if need be.
    private static func fill(
        _ name: String,
        _ count: Int,
        _ byte: UInt8 = 1,
        in folder: any Directory
    ) throws(FileError) {
        let found = try folder.node(named: bytes(name).span.bytes)?.file
        let new = NewNode(permissions: 0o644, uid: 0, gid: 0)
        let file: any File
        if let found {
            file = found
        } else {
            file = try folder.createFile(bytes(name).span.bytes, new)
        }
        let content = [UInt8](repeating: byte, count: count)
        try file.open([.write, .truncate]).write(content.span.bytes, at: 0)
    }

    private static func remove(_ name: String, from folder: any Directory) throws(FileError) {
        try folder.remove(bytes(name).span.bytes, expected: .any)
    }

    private static func capture(
        _ folder: String,
        over base: MemoryTree,
        _ calls: HostCalls = HostCalls()
    ) throws(FileError) -> CaptureTree {
        let layer = try Layer.open(
            folder: folder,
            limits: LayerLimits(),
            sync: .none,
            clock: { .now },
            calls: calls
        )
        return try CaptureTree(layer: layer, over: base.root, in: base)
    }

    /// What an earlier command has left.
    private static func prepare(_ folder: String, over base: MemoryTree) throws(FileError) {
        let root = try capture(folder, over: base).root
        try fill("short", 7, in: root)
        try fill("long", 200_000, in: root)
        try fill("gone", 10, in: root)
        try fill("empty", 0, in: root)
        let below = try root.node("below").directory
        guard let below else { throw FileError(.notDirectory) }
        // Some blocks of it are the layer's.
        let large = try below.node("large").file?.open([.write])
        try large?.write([9, 9].span.bytes, at: 70_000)
    }

    /// Changes of every kind.
    private static func change(_ root: any Directory) throws(FileError) {
        guard let below = try root.node("below").directory else { throw FileError(.notDirectory) }
        try fill("short", 9, 2, in: root)
        try fill("long", 10, 2, in: root)
        try fill("empty", 20, 2, in: root)
        try remove("gone", from: root)
        try fill("gone", 30, 2, in: root)
        try fill("new", 40, 2, in: root)
        try remove("new", from: root)
        try fill("made", 50, 2, in: root)
        try fill("small", 60, 2, in: below)
        try fill("large", 70, 2, in: below)
        var mode = StatChange()
        mode.permissions = 0o600
        try root.node("long").change(mode, by: Self.root)
        try root.node("made").setAttribute(bytes("user.x").span.bytes, to: [1])
        let (old, new) = (bytes("short"), bytes("moved"))
        try root.rename(old.span.bytes, to: below, new.span.bytes, replacing: false)
    }

    private static func snapshot(_ tree: CaptureTree) throws(FileError) -> Snapshot {
        try TreePlayer("capture", tree.root).snapshot()
    }

    private static func read(_ folder: String, over base: MemoryTree) throws -> Snapshot {
        let layer = try Layer.open(readOnly: folder)
        return try snapshot(CaptureTree(layer: layer, over: base.root, in: base))
    }

    @Test func whatIsChangedAtOnceIsThereAndNothingElseInTheFolder() throws {
        let (scratch, plain) = (try Scratch(), try Scratch())
        let base = try Self.lower()
        for folder in [scratch.layer, plain.layer] { try Self.prepare(folder, over: base) }
        do {
            let tree = try Self.capture(scratch.layer, over: base)
            try tree.layer.atOnce { () throws(FileError) in try Self.change(tree.root) }
            // It goes on as before.
            try Self.fill("later", 5, in: tree.root)
        }
        let other = try Self.capture(plain.layer, over: base)
        try Self.change(other.root)
        try Self.fill("later", 5, in: other.root)
        #expect(scratch.names(scratch.layer) == ["data", "lock", "log"])
        let tree = try Self.capture(scratch.layer, over: base)
        let (found, expected) = (try Self.snapshot(tree), try Self.snapshot(other))
        #expect(found.differences(from: expected) == [])
        #expect(try Layer.check(folder: scratch.layer).isSound)
        #expect(try Layer.check(folder: scratch.layer).orphans == [])
    }

    @Test func aFileThatWasThereIsNotWrittenToInPart() throws {
        let scratch = try Scratch()
        let base = try Self.lower()
        try Self.prepare(scratch.layer, over: base)
        let tree = try Self.capture(scratch.layer, over: base)
        let error = #expect(throws: FileError.self) {
            try tree.layer.atOnce { () throws(FileError) in
                let file = try tree.root.node("long").file?.open(.write)
                try file?.write([1].span.bytes, at: 3)
            }
        }
        #expect(error?.kind == .unsupported)
        #expect(throws: FileError.self) { try Self.fill("no", 1, in: tree.root) }
    }

    /// Every call of the host fails in turn, or is the last of a process that dies.
    @Test(arguments: Watched.isOn ? [.death] : HostFaults.Kind.allCases)
    func whateverFailsThereIsAllOrNothing(_ kind: HostFaults.Kind) throws {
        let base = try Self.lower()
        var (kept, undone) = (0, 0)
        for place in 0... {
            let scratch = try Scratch()
            try Self.prepare(scratch.layer, over: base)
            let before = try Self.snapshot(Self.capture(scratch.layer, over: base))
            let names = scratch.names(scratch.layer + "/data")
            let faults = HostFaults(kind, at: place)
            var after: Snapshot?
            var failure: FileError?
            do {
                let tree = try Self.capture(scratch.layer, over: base, faults.host)
                if faults.hasStruck { continue }
                do throws(FileError) {
                    try tree.layer.atOnce { () throws(FileError) in
                        try Self.change(tree.root)
                        after = try Self.snapshot(tree)
                    }
                } catch { failure = error }
            } catch { continue }  // The opening failed: that is tried elsewhere.
            if failure != nil, kind == .full || kind == .broken {
                // At once, so that the disk has the room again.
                #expect(scratch.names(scratch.layer) == ["data", "lock", "log"], "call \(place)")
                #expect(scratch.names(scratch.layer + "/data") == names, "call \(place)")
            }
            // Who looks at it alone sees the same.
            #expect(try Layer.check(folder: scratch.layer).isSound, "call \(place)")
            let seen = try Self.read(scratch.layer, over: base)
            let isUndone = failure != nil
            let expected = try isUndone ? before : #require(after)
            #expect(seen.differences(from: expected) == [], "call \(place): \(failure as Any)")
            let found = try Self.snapshot(Self.capture(scratch.layer, over: base))
            #expect(found.differences(from: expected) == [], "call \(place): \(failure as Any)")
            #expect(scratch.names(scratch.layer) == ["data", "lock", "log"], "call \(place)")
            #expect(try Layer.check(folder: scratch.layer).orphans == [], "call \(place)")
            if isUndone { undone += 1 } else { kept += 1 }
            guard faults.hasStruck else { break }
        }
        #expect(kept > 0 && undone > 30, "\(kept) kept, \(undone) not")
    }

    @Test func aCopyOfALayerIsTheLayer() throws {
        let (scratch, other) = (try Scratch(), try Scratch())
        let base = try Self.lower()
        try Self.prepare(scratch.layer, over: base)
        try Layer.copy(folder: scratch.layer, to: other.layer)
        let first = try Self.snapshot(Self.capture(scratch.layer, over: base))
        let second = try Self.snapshot(Self.capture(other.layer, over: base))
        #expect(second.differences(from: first) == [])
        #expect(try Layer.check(folder: other.layer).isSound)
    }
}
