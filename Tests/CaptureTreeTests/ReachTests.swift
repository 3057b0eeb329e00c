import Archive
import FileTree
import Testing
import TreeConformance

@testable import CaptureTree

/// What no package could have.
@Suite struct ReachTests {
    private static let new = NewNode(permissions: 0o755, uid: 0, gid: 0)

    /// Folders of one name in one another.
    private static func chain(_ count: Int, in directory: any Directory) throws(FileError) {
        var directory = directory
        for _ in 0..<count {
            directory = try directory.createDirectory("d".utf8Bytes.span.bytes, new)
        }
    }

    private static func error(_ body: () throws(FileError) -> Void) -> FileError.Kind? {
        do throws(FileError) { try body() } catch { return error.kind }
        return nil
    }

    /// A file system has no limit there, and what looks for one is to find none.
    @Test func aPathThatNoPackageHasIsRefusedByWhoMakesOne() throws {
        let captured = try Captured("")
        try Self.chain(MemberPath.depthLimit + 1, in: captured.root)
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
