import Archive
import FileTree
import Testing
import TreeConformance

@testable import CaptureTree

/// What no package could have is refused when it is made, not when the package is.
@Suite struct ReachTests {
    private static let new = NewNode(permissions: 0o755, uid: 0, gid: 0)

    private static func folder(
        _ name: String,
        in directory: any Directory
    ) throws(FileError) -> any Directory {
        try directory.createDirectory(name.utf8Bytes.span.bytes, new)
    }

    /// Folders of a name in one another.
    private static func chain(
        _ count: Int,
        of name: String = "d",
        in directory: any Directory
    ) throws(FileError) -> any Directory {
        var directory = directory
        for _ in 0..<count { directory = try folder(name, in: directory) }
        return directory
    }

    private static func error(_ body: () throws(FileError) -> Void) -> FileError.Kind? {
        do throws(FileError) { try body() } catch { return error.kind }
        return nil
    }

    @Test func aPathThatNoPackageHasIsRefusedWhenItIsMade() throws {
        let captured = try Captured("f 644 0 0 1 a =text")
        let deep = try Self.chain(MemberPath.depthLimit, in: captured.root)
        let name = "x".utf8Bytes
        let wanted = FileError.Kind.nameTooLong
        #expect(Self.error { () throws(FileError) in _ = try Self.folder("x", in: deep) } == wanted)
        #expect(
            Self.error { () throws(FileError) in
                _ = try deep.createFile(name.span.bytes, Self.new)
            } == wanted
        )
        let file = try captured.node("a")
        #expect(
            Self.error { () throws(FileError) in try deep.addName(name.span.bytes, for: file) }
                == wanted
        )
        #expect(
            Self.error { () throws(FileError) in
                try captured.root.rename(
                    "a".utf8Bytes.span.bytes,
                    to: deep,
                    name.span.bytes,
                    replacing: false
                )
            } == wanted
        )
        // What there is can be in a package.
        _ = try Export(captured.tree, ExportOptions())
        #expect(try deep.listed() == [])
    }

    @Test func aPathOfTooManyBytesIsRefused() throws {
        let captured = try Captured("")
        let long = String(repeating: "n", count: 255)
        let last = try Self.chain(15, of: long, in: captured.root)
        _ = try Self.folder(long, in: last)
        let inner = try Self.folder(String(repeating: "m", count: 254), in: last)
        #expect(
            Self.error { () throws(FileError) in _ = try Self.folder("xx", in: inner) }
                == .nameTooLong
        )
        _ = try Export(captured.tree, ExportOptions())
    }

    @Test func whatIsInNoPackageMayBeOfAnyLength() throws {
        let captured = try Captured("d 755 0 0 1 tmp\nd 755 0 0 1 opt")
        let tmp = try captured.directory("tmp")
        let top = try Self.folder("top", in: tmp)
        _ = try Self.chain(300, in: top)
        let opt = try captured.directory("opt")
        let name = "top".utf8Bytes
        #expect(
            Self.error { () throws(FileError) in
                try tmp.rename(name.span.bytes, to: opt, name.span.bytes, replacing: false)
            } == .nameTooLong
        )
    }

    @Test func aDirectoryIsNotMovedWhereWhatIsInItWouldBeTooDeep() throws {
        let captured = try Captured("d 755 0 0 1 low\nd 755 0 0 1 low/er\nf 644 0 0 1 low/er/f =x")
        let deep = try Self.chain(254, in: captured.root)
        let made = try Self.folder("made", in: captured.root)
        _ = try Self.chain(2, in: made)
        for (name, kind) in [("made", FileError.Kind.nameTooLong), ("low", .nameTooLong)] {
            let name = name.utf8Bytes
            #expect(
                Self.error { () throws(FileError) in
                    try captured.root.rename(
                        name.span.bytes,
                        to: deep,
                        name.span.bytes,
                        replacing: false
                    )
                } == kind
            )
        }
        // One of what is in it fits.
        let er = "er".utf8Bytes
        try captured.directory("low").rename(
            er.span.bytes,
            to: deep,
            er.span.bytes,
            replacing: false
        )
        _ = try Export(captured.tree, ExportOptions())
    }

    /// What overlays have kept was made already: it is in the layer, and refused with its path then.
    @Test func whatIsChangedAtOnceIsRefusedByWhoMakesAPackage() throws {
        let captured = try Captured("")
        try captured.layer.atOnce { () throws(FileError) in
            _ = try Self.chain(MemberPath.depthLimit + 1, in: captured.root)
        }
        let error = #expect(throws: FileError.self) {
            _ = try Export(captured.tree, ExportOptions())
        }
        #expect(error?.kind == .nameTooLong)
        #expect(error?.context?.hasPrefix("d/d/") == true)
    }

    @Test func attributesThatNoPackageHasRoomForAreRefused() throws {
        let captured = try Captured("f 644 0 0 1 a =text")
        let node = try captured.node("a")
        func set(_ name: String, _ count: Int) throws(FileError) {
            let value = [UInt8](repeating: 7, count: count)
            try node.setAttribute(name.utf8Bytes.span.bytes, to: value)
        }
        try set("user.a", 30_000)
        try set("user.b", 30_000)
        #expect(Self.error { () throws(FileError) in try set("user.c", 10_000) } == .noSpace)
        #expect(Self.error { () throws(FileError) in try set("user.a", 40_000) } == .noSpace)
        // In the place of another, and what is in no package.
        try set("user.b", 25_000)
        try set("user.c", 5_000)
        try set("trusted.c", 60_000)
        let scratch = try Scratch()
        let export = try Export(captured.tree, ExportOptions())
        _ = try export.write(OutputFormats.named("tar"), to: scratch.path + "/x.tar")
        #expect(try scratch.bytes(scratch.path + "/x.tar").count > 60_000)
    }
}
