import FileTree
import Glibc
import SystemPackage
import Testing
import TreeConformance

@testable import CaptureTree

/// What a change of a file's bytes copies, and what it leaves below.
@Suite struct CopyUpTests {
    /// A file of the host as long as one likes, most of it a hole.
    private func makeLarge(_ size: Int) throws -> (Captured, Scratch) {
        let scratch = try Scratch()
        try scratch.write(Array("begin".utf8), to: scratch.path + "/f")
        guard truncate(scratch.path + "/f", size) == 0 else { throw FileError(.inputOutput) }
        let host = try HostTree(FilePath(scratch.path))
        return (try Captured(over: host.root, in: host, keeping: scratch), scratch)
    }

    private func read(_ file: any OpenFile, _ offset: UInt64, _ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0xff, count: count)
        let got = try bytes.withUnsafeMutableBytes { (bytes) throws(FileError) in
            try file.read(into: bytes, at: offset)
        }
        return Array(bytes[..<got])
    }

    @Test func aSmallFileIsCopiedAsAWhole() throws {
        let captured = try Captured("f 644 0 0 1 f =hello")
        try captured.write("J", to: "f")
        #expect(try captured.text("f") == "Jello")
        #expect(
            try String(decoding: TreeText.bytes(below("f", captured)), as: UTF8.self) == "hello"
        )
        let records = captured.journal.records
        #expect(
            records.count { if case .ownData(_, size: 5, _) = $0 { true } else { false } } == 1
        )
        #expect(captured.data.allocated == 4096)
    }

    @Test func oneByteInAGigabyteStoresTwoBlocksAtMost() throws {
        let (captured, _) = try makeLarge(1 << 30)
        let middle: UInt64 = 1 << 29
        try captured.write("x", to: "f", at: middle)
        #expect(captured.data.allocated <= 128 << 10)
        #expect(captured.data.allocated > 0)
        let open = try captured.file("f").open(.read)
        #expect(try read(open, 0, 6) == Array("begin\0".utf8))
        #expect(try read(open, middle - 1, 3) == [0, UInt8(ascii: "x"), 0])
        #expect(try read(open, 1 << 30 - 2, 8) == [0, 0])
        #expect(try captured.node("f").stat().size == 1 << 30)
    }

    /// The runs of a file, alike neighbours as one: where each ends, `-` in front of holes.
    private func runs(_ file: any OpenFile, _ size: UInt64) throws -> [Int] {
        var ends: [Int] = []
        var isHole: Bool?
        var offset: UInt64 = 0
        while offset < size {
            let run = try #require(try file.stretch(at: offset))
            try #require(run.end > offset)
            let end = Int(min(run.end, size)) * (run.isHole ? -1 : 1)
            if run.isHole == isHole { ends.removeLast() }
            ends.append(end)
            isHole = run.isHole
            offset = run.end
        }
        return ends
    }

    @Test func holesAreKnownOfBothSides() throws {
        let size = 1 << 20
        let (captured, _) = try makeLarge(size)
        let open = try captured.file("f").open(.read)
        #expect(try runs(open, UInt64(size)) == [4096, -size])
        try captured.write("x", to: "f", at: 655_361)
        #expect(try runs(open, UInt64(size)) == [4096, -655_360, 720_896, -size])
        var change = StatChange()
        change.size = UInt64(2 * size)
        try captured.node("f").change(change, by: .superuser)
        try captured.write("y", to: "f", at: UInt64(2 * size - 1))
        #expect(
            try runs(open, UInt64(2 * size)) == [
                4096, -655_360, 720_896, -(2 * size - 4096), 2 * size,
            ]
        )
        try captured.file("f").open([.write, .truncate]).write("z".utf8Bytes.span.bytes, at: 8192)
        #expect(try runs(open, 8193) == [-8192, 8193])
    }

    @Test func aLargeFileIsReadFromBothSidesAcrossBlocks() throws {
        let lower = MemoryTree()
        let file = try lower.root.createFile(
            "f".utf8Bytes.span.bytes,
            NewNode(permissions: 0o644, uid: 0, gid: 0)
        )
        var expected = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        try file.open(.write).write(expected.span.bytes, at: 0)
        let captured = try Captured(over: lower.root, in: lower)
        let open = try captured.file("f").open([.read, .write])
        for (offset, count) in [(65_530, 12), (10, 3), (131_072, 65_536), (299_990, 50)] {
            let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: offset), count: count)
            try open.write(bytes.span.bytes, at: UInt64(offset))
            if offset + count > expected.count {
                expected += [UInt8](repeating: 0, count: offset + count - expected.count)
            }
            expected.replaceSubrange(offset..<offset + count, with: bytes)
            #expect(try read(open, 0, 400_000) == expected)
        }
        #expect(try read(open, 65_000, 1000) == Array(expected[65_000..<66_000]))
        #expect(
            try TreeText.bytes(try #require(captured.reopened().root.node("f").file)) == expected
        )
    }

    @Test func aCutAndWhatFollowsNeverShowsLowerBytesAgain() throws {
        let lower = MemoryTree()
        let file = try lower.root.createFile(
            "f".utf8Bytes.span.bytes,
            NewNode(permissions: 0o644, uid: 0, gid: 0)
        )
        let bytes = [UInt8](repeating: 7, count: 300_000)
        try file.open(.write).write(bytes.span.bytes, at: 0)
        let captured = try Captured(over: lower.root, in: lower)
        var change = StatChange()
        for size: UInt64 in [100_000, 250_000, 90_000, 120_000] {
            change.size = size
            try captured.node("f").change(change, by: .superuser)
            #expect(try captured.node("f").stat().size == size)
        }
        #expect(captured.data.allocated == 0)
        let expected = [UInt8](repeating: 7, count: 90_000) + [UInt8](repeating: 0, count: 30_000)
        #expect(try TreeText.bytes(captured.file("f")) == expected)
        try captured.write("x", to: "f", at: 110_000)
        #expect(try TreeText.bytes(captured.file("f"))[..<110_000] == expected[..<110_000])
        #expect(try TreeText.bytes(captured.file("f"))[110_001...] == expected[110_001...])
    }

    @Test func attributesOfALargeFileStoreNoData() throws {
        let (captured, _) = try makeLarge(64 << 20)
        var change = StatChange()
        change.permissions = 0o600
        change.uid = 4242
        change.modified = .at(Timestamp(seconds: 9, nanoseconds: 123_456_789))
        try captured.node("f").change(change, by: .superuser)
        let stat = try captured.node("f").stat()
        #expect(stat.mode.permissions == 0o600)
        #expect(stat.uid == 4242)
        #expect(stat.modified == Timestamp(seconds: 9, nanoseconds: 123_456_789))
        #expect(captured.data.allocated == 0)
        #expect(captured.journal.records.count == 2)
        let open = try captured.file("f").open(.read)
        #expect(try read(open, 0, 5) == Array("begin".utf8))
        guard case .descriptor = try #require(try open.extent(at: 0, count: 100)).place else {
            Issue.record("the bytes are not sent from the lower file")
            return
        }
    }

    @Test(arguments: [0, 5]) func emptyingAFileCopiesNothing(_ opened: Int) throws {
        let (captured, _) = try makeLarge(10 << 20)
        if opened > 0 {
            _ = try captured.file("f").open([.write, .truncate])
        } else {
            var change = StatChange()
            change.size = 0
            try captured.node("f").change(change, by: .superuser)
        }
        #expect(captured.data.allocated == 0)
        #expect(try captured.node("f").stat().size == 0)
        #expect(try captured.reopened().root.node("f").stat().size == 0)
        try captured.write("new", to: "f")
        #expect(try captured.text("f") == "new")
    }

    @Test func anAppendToALargeFileStoresItsLastBlock() throws {
        let (captured, _) = try makeLarge(1 << 20 + 10)
        let open = try captured.file("f").open([.write, .append])
        try open.write("tail".utf8Bytes.span.bytes, at: 0)
        #expect(try captured.node("f").stat().size == 1 << 20 + 14)
        #expect(captured.data.allocated <= 64 << 10)
        let read = try read(captured.file("f").open(.read), 1 << 20 + 8, 20)
        #expect(read == Array("\0\0tail".utf8))
    }

    @Test func aWriteFarBehindTheEndStoresAHole() throws {
        let captured = try Captured("d 755 0 0 - /")
        let file = try captured.root.createFile(
            "f".utf8Bytes.span.bytes,
            NewNode(permissions: 0o644, uid: 0, gid: 0)
        )
        try file.open(.write).write("x".utf8Bytes.span.bytes, at: 1 << 30)
        let stat = try file.stat()
        #expect(stat.size == 1 << 30 + 1)
        #expect(stat.allocated == 4096)
    }

    @Test func whatWasOpenBeforeAWriteReadsWhatWasWritten() throws {
        let captured = try Captured("f 644 0 0 1 f =hello")
        let open = try captured.file("f").open(.read)
        #expect(try read(open, 0, 9) == Array("hello".utf8))
        let node = try captured.node("f")
        try captured.write("HELLO, all", to: "f")
        #expect(try read(open, 0, 20) == Array("HELLO, all".utf8))
        #expect(try node.stat().size == 10)
        #expect(try node.stat().qid.path == below("f", captured).qid.path)
    }

    @Test func aVersionChangesWithEveryWrite() throws {
        let captured = try Captured("f 644 0 0 1 f =hello")
        var seen: Set<UInt32> = [try captured.node("f").qid.version]
        for _ in 0..<5 {
            try captured.write("x", to: "f")
            #expect(seen.insert(try captured.node("f").qid.version).inserted)
        }
    }

    @Test func aLowerFileThatHasChangedIsAnErrorWithItsPath() throws {
        let (captured, scratch) = try makeLarge(1 << 20)
        try captured.write("x", to: "f", at: 500_000)
        let open = try captured.file("f").open(.read)
        #expect(try read(open, 0, 5) == Array("begin".utf8))
        try scratch.write(Array("BEGIN".utf8), to: scratch.path + "/f")
        // Whether open before or after: never a mixture.
        for file in [open, nil] {
            let error = #expect(throws: FileError.self) {
                _ = try read(file ?? captured.file("f").open(.read), 0, 5)
            }
            #expect(error?.kind == .inputOutput)
            #expect(error?.context?.contains("/f") == true)
        }
        #expect(throws: FileError.self) { try captured.write("y", to: "f", at: 700_000) }
        #expect(throws: FileError.self) { try captured.tree.forEachTouched { _ in } }
        // Likewise when the layer is opened after that; the name can be listed and removed.
        let again = try captured.reopened().root
        let error = #expect(throws: FileError.self) { try again.node("f").stat() }
        #expect(error?.kind == .inputOutput)
        #expect(try again.listed() == ["f"])
        try again.remove("f".utf8Bytes.span.bytes, expected: .file)
        #expect(try again.listed() == [])
    }

    private func below(_ path: String, _ captured: Captured) throws -> any File {
        try #require(try captured.tree.lower.node(path).file)
    }
}
