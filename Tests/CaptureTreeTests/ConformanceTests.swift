import Archive
import FileTree
import Glibc
import SystemPackage
import Testing
import TreeConformance

@testable import CaptureTree

@Suite struct ConformanceTests {
    private static let sample = """
        d 755 0 0 - /
        d 750 3 4 - a
        f 640 1 2 100 a/b =hello
        l 777 0 0 5 a/c >../big
        h a/d a/b
        f 600 0 0 7 big *300000:7
        c 666 0 0 9 null 1:3
        f 644 0 0 1 odd%20%FF =
        p 600 0 0 1 pipe

        """

    @Test func anUntouchedCaptureReadsAsTheTreeBelow() throws {
        let captured = try Captured(Self.sample)
        let check = ReadableCheck(
            captured.root,
            against: try MemoryTree.make(Self.sample).root,
            .all
        )
        #expect(check.failures == [])
        #expect(check.checks > 60)
    }

    @Test func aCopiedTreeReadsAsTheOneItIsCopiedFrom() throws {
        let captured = try Captured("d 755 0 0 - /")
        let sample = try MemoryTree.make(Self.sample)
        try TreeCopy.copy(sample.root, to: captured.root)
        let check = ReadableCheck(captured.root, against: sample.root, .all)
        #expect(check.failures == [])
    }

    @Test func anEmptyMemoryTreeCanBeChanged() throws {
        let captured = try Captured("d 755 0 0 - /")
        let check = WritableCheck(captured.root)
        #expect(check.failures == [])
        #expect(check.checks > 40)
    }

    @Test func aDirectoryOfALowerTreeCanBeChanged() throws {
        let captured = try Captured(Self.sample + "d 755 0 0 - empty")
        let check = WritableCheck(try captured.directory("empty"))
        #expect(check.failures == [])
    }
}
