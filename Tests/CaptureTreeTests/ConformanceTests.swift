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

/// Copies a tree by the means that every tree has.
enum TreeCopy {
    static func copy(_ source: any Directory, to target: any Directory) throws(FileError) {
        var seen: [UInt64: any Node] = [:]
        try copy(source, to: target, &seen)
        try setAttributes(of: target, to: source.stat())
    }

    private static func copy(
        _ source: any Directory,
        to target: any Directory,
        _ seen: inout [UInt64: any Node]
    ) throws(FileError) {
        for name in try TreeText.names(source) {
            let node = try source.lookup(name.span.bytes)
            let stat = try node.stat()
            if stat.links > 1, stat.mode.type != .directory, let first = seen[stat.qid.path] {
                try target.addName(name.span.bytes, for: first)
                continue
            }
            let new = NewNode(permissions: 0o600, uid: 0, gid: 0)
            let made: any Node
            if let directory = node.directory {
                let made_ = try target.createDirectory(name.span.bytes, new)
                try copy(directory, to: made_, &seen)
                made = made_
            } else if let file = node.file {
                let copy = try target.createFile(name.span.bytes, new)
                let bytes = try TreeText.bytes(file)
                if !bytes.isEmpty { try copy.open(.write).write(bytes.span.bytes, at: 0) }
                made = copy
            } else if let link = node.link {
                let text = try link.target()
                made = try target.createLink(name.span.bytes, to: text.span.bytes, new)
            } else {
                made = try target.createNode(
                    name.span.bytes,
                    type: stat.mode.type,
                    device: stat.device,
                    new
                )
            }
            try setAttributes(of: made, to: stat)
            seen[stat.qid.path] = made
        }
    }

    private static func setAttributes(of node: any Node, to stat: FileTree.Stat) throws(FileError) {
        var change = StatChange()
        if stat.mode.type != .symlink { change.permissions = stat.mode.permissions }
        change.uid = stat.uid
        change.gid = stat.gid
        change.modified = .at(stat.modified)
        try node.change(change, by: .superuser)
    }
}
