import Differential
import FileTree
import Glibc
import Synchronization
import Testing

@testable import CaptureTree

private let mayMount: Bool = {
    let result = Mutex(false)
    PrivateMounts.run { mayMount in result.withLock { $0 = mayMount } }
    return result.withLock { $0 }
}()

/// A layer on a disk that is really full: 1 MiB of a file system in memory.
@Suite(.enabled(if: mayMount, "this user may not mount a small file system"))
struct FullDiskTests {
    /// Runs `body` with the folder of a file system of 1 MiB.
    private func onSmallDisk(_ body: @escaping @Sendable (String) throws -> Void) throws {
        let failure = Mutex<(any Error)?>(nil)
        let scratch = try Scratch()
        PrivateMounts.run { _ in
            do {
                try #require(mount("small", scratch.path, "tmpfs", 0, "size=1m,nr_inodes=64") == 0)
                defer { umount2(scratch.path, Int32(MNT_DETACH)) }
                try body(scratch.path)
            } catch { failure.withLock { $0 = error } }
        }
        if let error = failure.withLock({ $0 }) { throw error }
    }

    @Test func aFullDiskIsAnsweredAndWhatWasThereStays() throws {
        try onSmallDisk { folder in
            let base = MemoryTree()
            let piece = [UInt8](repeating: 7, count: 50_000)
            var size: UInt64 = 0
            do {
                let layer = try Layer.open(folder: folder + "/layer", sync: .op)
                let root = try CaptureTree(layer: layer, over: base.root, in: base).root
                let file = try LayerFolderTests.make("big", in: root)
                let error = #expect(throws: FileError.self) {
                    while true {
                        try LayerFolderTests.write(piece, to: file, at: size)
                        size += UInt64(piece.count)
                    }
                }
                #expect(error?.kind == .noSpace)
                #expect(try file.stat().size == size)
                // The log cannot grow either, or can by a few records: then it says so.
                var made = 0
                let full = #expect(throws: FileError.self) {
                    while true {
                        _ = try LayerFolderTests.make("f\(made)", in: root)
                        made += 1
                    }
                }
                #expect(full?.kind == .noSpace)
                #expect(made < 1000)
                // Room is made by a cut of what is there, and used.
                var cut = StatChange()
                cut.size = 0
                try file.change(cut, by: User(uid: 0, gid: 0, name: "root", isOwner: true))
                try LayerFolderTests.write(piece, to: file)
                _ = try LayerFolderTests.make("last", in: root)
            }
            let layer = try Layer.open(folder: folder + "/layer")
            let root = try CaptureTree(layer: layer, over: base.root, in: base).root
            #expect(try root.lookup(Array("big".utf8).span.bytes).stat().size == 50_000)
            _ = try root.lookup(Array("last".utf8).span.bytes)
            #expect(try Layer.check(folder: folder + "/layer").isSound)
        }
    }

    @Test func aLayerThatCannotBeWrittenToIsReadAndNotOpened() throws {
        try onSmallDisk { folder in
            let path = folder + "/layer"
            do {
                let tree = try LayerFolderTests.capture(path)
                try LayerFolderTests.write([1, 2], to: LayerFolderTests.make("f", in: tree.root))
            }
            let flags = UInt(MS_REMOUNT | MS_RDONLY)
            try #require(mount("small", folder, "tmpfs", flags, nil) == 0)
            #expect(throws: FileError(.readOnly, path)) { _ = try Layer.open(folder: path) }
            #expect(throws: FileError(.readOnly, folder + "/new")) {
                _ = try Layer.open(folder: folder + "/new")
            }
            #expect(try Layer.check(folder: path).isSound)
            let layer = try Layer.open(readOnly: path)
            let base = MemoryTree()
            let root = try CaptureTree(layer: layer, over: base.root, in: base).root
            let file = try root.lookup(Array("f".utf8).span.bytes)
            #expect(try file.stat().size == 2)
            let user = User(uid: 0, gid: 0, name: "root", isOwner: true)
            var mode = StatChange()
            mode.permissions = 0o600
            let error = #expect(throws: FileError.self) { try file.change(mode, by: user) }
            #expect(error?.kind == .readOnly)
        }
    }

    @Test func aDiskThatIsFullBeforeTheLayerIsMadeIsAnError() throws {
        try onSmallDisk { folder in
            let number = open(folder + "/filler", O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
            let zeros = [UInt8](repeating: 1, count: 1 << 16)
            while write(number, zeros, zeros.count) > 0 {}
            close(number)
            let error = #expect(throws: FileError.self) {
                _ = try Layer.open(folder: folder + "/layer")
            }
            #expect(error?.kind == .noSpace)
            unlink(folder + "/filler")
            _ = try Layer.open(folder: folder + "/layer")
        }
    }
}
