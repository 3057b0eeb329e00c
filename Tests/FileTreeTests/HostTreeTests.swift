import FileTree
import Foundation
import Glibc
import SystemPackage
import Testing
import TreeConformance

@Suite struct HostTreeTests {
    /// A folder of its own, removed with everything in it.
    final class Folder {
        let path: String

        init() {
            var template = Array(
                "\(getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp")/host-tree-XXXXXX"
                    .utf8CString
            )
            path = template.withUnsafeMutableBufferPointer { buffer in
                buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) } ?? ""
            }
        }

        deinit {
            // What cannot be removed is left to the system's own cleaning of temporary folders.
            try? FileManager.default.removeItem(atPath: path)
        }

        func write(_ name: String, _ text: String) {
            let descriptor = open("\(path)/\(name)", O_CREAT | O_TRUNC | O_WRONLY, 0o644)
            _ = text.withCString { Glibc.write(descriptor, $0, strlen($0)) }
            close(descriptor)
        }
    }

    private func lookup(_ directory: any Directory, _ name: String) throws -> any Node {
        try directory.lookup(name.utf8Bytes.span.bytes)
    }

    @Test func readsAsTheFilesLie() throws {
        let folder = Folder()
        mkdir("\(folder.path)/d", 0o750)
        folder.write("d/a", "hello")
        folder.write("empty", "")
        link("\(folder.path)/d/a", "\(folder.path)/b")
        symlink("../empty", "\(folder.path)/d/l")
        mkfifo("\(folder.path)/pipe", 0o600)
        let host = try HostTree(FilePath(folder.path))
        let memory = try MemoryTree.make(
            """
            f 644 0 0 1 b =hello
            d 750 0 0 1 d
            h d/a b
            l 777 0 0 1 d/l >../empty
            f 644 0 0 1 empty
            p 600 0 0 1 pipe
            d 700 0 0 1 /
            """
        )
        let check = ReadableCheck(host.root, against: memory.root, [.modes, .links, .positions])
        #expect(check.failures == [])
        #expect(try host.statfs().blocks > 0)
    }

    @Test func aLinkIsShownAndNeverFollowed() throws {
        let folder = Folder()
        symlink("/etc", "\(folder.path)/out")
        let root = try HostTree(FilePath(folder.path)).root
        let node = try lookup(root, "out")
        #expect(node.directory == nil)
        #expect(try node.link?.target() == "/etc".utf8Bytes)
    }

    @Test func anotherFileUnderTheNameIsNotTakenForTheFirst() throws {
        let folder = Folder()
        folder.write("a", "old")
        let node = try lookup(try HostTree(FilePath(folder.path)).root, "a")
        folder.write("new", "new")
        rename("\(folder.path)/new", "\(folder.path)/a")
        #expect(throws: FileError(.notFound)) { try node.stat() }
        #expect(throws: FileError(.notFound)) { _ = try node.file?.open(.read) }
    }

    @Test func aDirectoryTurnedIntoALinkLeadsNowhere() throws {
        let folder = Folder()
        mkdir("\(folder.path)/d", 0o755)
        folder.write("d/passwd", "ours")
        let directory = try #require(
            try lookup(try HostTree(FilePath(folder.path)).root, "d").directory
        )
        rename("\(folder.path)/d", "\(folder.path)/gone")
        symlink("/etc", "\(folder.path)/d")
        #expect(throws: FileError.self) { try lookup(directory, "passwd") }
        #expect(throws: FileError.self) { try directory.entries(from: 0) { _, _ in true } }
    }

    @Test func anOpenFileOutlivesItsName() throws {
        let folder = Folder()
        folder.write("a", "text")
        let file = try #require(try lookup(try HostTree(FilePath(folder.path)).root, "a").file)
        let open = try file.open(.read)
        unlink("\(folder.path)/a")
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16, alignment: 1)
        defer { buffer.deallocate() }
        #expect(try open.read(into: buffer, at: 0) == 4)
        #expect(try open.read(into: buffer, at: .max) == 0)
        #expect(throws: FileError(.readOnly)) { try file.open(.write) }
    }

    @Test func onlyTheOwnerIsAdmittedUnlessAllAre() throws {
        let folder = Folder()
        let guest = User(uid: 65534, gid: 65534, name: "nobody", isOwner: false)
        #expect(throws: FileError(.permission)) {
            try HostTree(FilePath(folder.path)).attach(as: guest, to: "")
        }
        _ = try HostTree(FilePath(folder.path), admission: .anyone).attach(as: guest, to: "")
    }

    @Test func aMissingRootIsNamed() {
        #expect(throws: FileError(.notFound, "/no/such/place")) {
            try HostTree("/no/such/place")
        }
    }
}
