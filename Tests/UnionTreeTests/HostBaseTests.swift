import Archive
import FileTree
import Glibc
import ScratchFolder
import SystemPackage
import Testing
import TreeConformance
import UnionTree

@Suite struct HostBaseTests {
    /// A folder of the host that goes with the test.
    private struct Folder {
        private let folder: ScratchFolder
        var path: String { folder.path }

        init() throws { folder = try ScratchFolder() }

        func make(_ name: String, _ text: String) {
            guard let file = fopen("\(path)/\(name)", "w") else { return }
            fputs(text, file)
            fclose(file)
        }
    }

    @Test func aBaseIsLeftOutForWhoShowsItByOtherMeans() throws {
        let folder = try Folder()
        for name in ["usr", "usr/bin", "usr/lib", "etc"] { mkdir("\(folder.path)/\(name)", 0o755) }
        chmod("\(folder.path)/usr/bin", 0o711)
        symlink("usr/bin", "\(folder.path)/bin")
        folder.make("usr/bin/host", "h")
        let base = try HostTree(FilePath(folder.path))
        let a = try SamplePackage.make("a", "f 755 bin/a =a\nf 644 usr/share/x =x")
        let tree = try UnionTree(packages: [a], base: base.root)
        var options = ViewOptions()
        options.hidesBase = true
        let root = try tree.attach(as: .superuser, options).root
        let check = ReadableCheck(
            root,
            against: try MemoryTree.make(
                "f 755 0 0 100 usr/bin/a =a\nf 644 0 0 100 usr/share/x =x"
            ).root,
            .links
        )
        #expect(check.failures == [])
        #expect(check.checks > 10)
        let usr = try root.lookup(Array("usr".utf8).span.bytes).directory
        let bin = try usr?.lookup(Array("bin".utf8).span.bytes)
        #expect(try bin?.stat().mode.permissions == 0o711)
        #expect(!tree.hidesNamesOfBase)
    }

    @Test func packagesLieOverADirectoryOfTheHost() throws {
        let folder = try Folder()
        for name in ["usr", "usr/bin", "usr/lib", "etc"] { mkdir("\(folder.path)/\(name)", 0o755) }
        symlink("usr/bin", "\(folder.path)/bin")
        folder.make("usr/bin/host", "h")
        folder.make("etc/f", "e")
        let base = try HostTree(FilePath(folder.path))
        let a = try SamplePackage.make("a", "f 755 bin/a =a\nf 644 usr/share/x =x\nf 644 etc/g =g")
        let b = try SamplePackage.make("b", "f 755 usr/bin/host =b")
        let tree = try UnionTree(packages: [a, b], base: base.root)
        let check = ReadableCheck(
            tree.root,
            against: try MemoryTree.make(
                """
                l 777 0 0 100 bin >usr/bin
                f 644 0 0 100 etc/f =e
                f 644 0 0 100 etc/g =g
                f 755 0 0 100 usr/bin/a =a
                f 755 0 0 100 usr/bin/host =b
                d 755 0 0 100 usr/lib
                f 644 0 0 100 usr/share/x =x
                """
            ).root,
            .links
        )
        #expect(check.failures == [])
        #expect(check.checks > 20)
        #expect(try tree.shadowed().map { "\($0.path)" } == ["/usr/bin/host"])
        // A file that comes later is seen, and one that goes is not.
        folder.make("usr/lib/late", "l")
        #expect(try tree.text([]).contains("f usr/lib/late =l"))
        unlink("\(folder.path)/usr/lib/late")
        #expect(throws: FileError(.notFound)) { try tree.node("usr/lib/late") }
    }

    @Test func positionsInADirectoryOfTheHostAreOnesThatClientsCanHold() throws {
        let base = try HostTree("/usr/bin")
        let a = try SamplePackage.make("a", "f 755 one =1\nf 755 two =2")
        let root = try UnionTree(packages: [a], base: base.root).root
        var names: Set<[UInt8]> = []
        var cookie: UInt64 = 0
        var calls = 0
        while calls < 10_000 {
            calls += 1
            var count = 0
            try root.entries(from: cookie) { entry, name in
                #expect(names.insert(Array(name)).inserted)
                #expect(entry.next <= UInt64(Int64.max))
                cookie = entry.next
                count += 1
                return count < 7
            }
            if count == 0 { break }
        }
        #expect(names.count > 7)
        #expect(calls < 10_000)
    }
}
