import Archive
import FileTree
import Testing
import TreeConformance

@testable import UnionTree

/// Packages that were made to do harm.
@Suite struct HostileTests {
    private final class NoContents: PackageContents {
        func open(_ inode: Inode, of package: Package) throws(FileError) -> any OpenFile {
            throw FileError(.inputOutput)
        }
    }

    private func package(_ name: String, _ index: Index, _ id: ContentID) -> Package {
        Package(
            index: index,
            id: id,
            manifest: Manifest(),
            name: name,
            path: name,
            contents: NoContents()
        )
    }

    @Test func filesOfOneQidAreFoundAndRefused() throws {
        let a = try SamplePackage.make("a", "f 644 x =1")
        let b = try SamplePackage.make("b", "f 644 y =1")
        // Two packages of one identity: their members have the same qids whatever the salt.
        let twins = [package("a", a.index, a.id), package("b", b.index, a.id)]
        #expect(throws: FileError(.malformed, "packages that were made to have files of one qid")) {
            try UnionTree(packages: twins, rules: UnionRules(mode: .stack))
        }
    }

    @Test func sharedDirectoriesMayNotBeTooDeep() throws {
        let path = String(repeating: "d/", count: 300)
        let a = try SamplePackage.make("a", "f 644 \(path)a =1")
        let b = try SamplePackage.make("b", "f 644 \(path)b =1")
        #expect(throws: FileError.self) { try UnionTree(packages: [a, b]) }
        // One alone needs no table that deep, and `..` is found without a step for each name.
        let node = try UnionTree(packages: [a]).node(path + "a")
        #expect(node.parent?.parent?.qid.type == .directory)
        let hole = try SamplePackage.make("c", "hole \(path)x\nf 644 y =1")
        #expect(throws: FileError(.malformed, "c: a hole too many directories deep")) {
            try UnionTree(packages: [a, hole], rules: UnionRules(mode: .stack))
        }
    }

    @Test func conflictsAreNotKeptWithoutEnd() throws {
        let count = TableBuilder.conflictLimit + 100
        var indexes: [Index] = []
        for size in [1, 2] as [UInt64] {
            var builder = IndexBuilder()
            for number in 0..<count {
                let path = Array("f\(number)".utf8)
                var member = Member(path: path, type: .regular, permissions: 0o644)
                member.size = size
                try builder.add(member)
            }
            indexes.append(try Index(builder.build()))
        }
        let packages = indexes.enumerated().map { number, index in
            package("p\(number)", index, SHA256.hash([UInt8(number)]))
        }
        var conflicts: [Conflict] = []
        #expect(throws: FileError.self) {
            try UnionTree(packages: packages, conflicts: &conflicts)
        }
        #expect(conflicts.count == TableBuilder.conflictLimit)
    }

    @Test func manyDirectoriesOfOneInodeAreCounted() throws {
        var builder = IndexBuilder()
        // The root first, so that it has the first inode.
        try builder.add(Member(path: [], type: .directory, permissions: 0o755))
        for number in 0..<40 {
            try builder.add(
                Member(path: Array("d\(number)".utf8), type: .directory, permissions: 0o755)
            )
        }
        var bytes = builder.build()
        func put(_ value: UInt32, _ place: Int) {
            for byte in 0..<4 { bytes[place + byte] = UInt8(value >> (8 * byte) & 0xff) }
        }
        func number(_ place: Int) -> Int {
            (0..<4).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) }
        }
        // One inode, the root's, which all 41 entries are said to have.
        put(1, 20)
        put(40, 128 + 16)
        let entries = number(128 + 24 + 8)
        for entry in 0..<41 { put(0, entries + 16 * entry + 8) }
        let index = try Index(bytes)
        #expect(index.entryCount == 41 && index.inodeCount == 1)
        #expect(index.children(0).count == 40)
        let tree = try UnionTree(packages: [package("a", index, SHA256.hash([1]))])
        HostileVisit.of(tree.root, nodes: 100)
    }

    /// Every byte of an index changed, one after the other: refused, or served without harm.
    @Test func changedIndexesAreJoinedWithoutHarm() throws {
        let text = "f 644 usr/a/x =1\nf 644 usr/b/y =1\nl 777 usr/l >a\nhole usr/h\nh usr/z usr/a/x"
        let sample = try SamplePackage.make("a", text)
        let whole = withExtendedLifetime(sample) { Array(sample.index.bytes) }
        let other = try SamplePackage.make(
            "b",
            "f 644 usr/b/z =1\nf 644 usr/a/q =1\nf 644 usr/h =2"
        )
        var served = 0
        for place in whole.indices {
            for value in [0, 1, 5, 0xff] as [UInt8] where whole[place] != value {
                var bytes = whole
                bytes[place] = value
                guard let index = try? Index(bytes) else { continue }
                for mode in [UnionRules.Mode.set, .stack] {
                    let packages = [package("a", index, SHA256.hash([1])), other]
                    // What a broken index says may well be refused.
                    guard
                        let tree = try? UnionTree(
                            packages: packages,
                            rules: UnionRules(mode: mode)
                        )
                    else { continue }
                    HostileVisit.of(tree.root, nodes: 100)
                    served += 1
                }
            }
        }
        #expect(served > 1000)
    }
}
