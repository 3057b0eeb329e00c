import Archive
import FileTree
import Glibc
import ScratchFolder
import Testing
import TreeConformance

@testable import UnionTree

@Suite struct TableTests {
    private func samples() throws -> [Package] {
        [
            try SamplePackage.make("a", "f 644 usr/x =1\nh usr/y usr/x\nf 644 bin/a =1\nf 4 b/f ="),
            try SamplePackage.make("b", "f 644 usr/z =1\nd 755 bin\nf 644 b/g =1\nhole no"),
        ]
    }

    private func rules() throws -> UnionRules {
        var rules = UnionRules(mode: .stack)
        try rules.alias(Array("bin".utf8), Array("usr/bin".utf8))
        try rules.block("a", Array("usr/y".utf8))
        return rules
    }

    private func table(_ bytes: [UInt8], of tree: UnionTree) throws(FileError) -> Table {
        let storage = StoredBytes(count: bytes.count) { $0.copyBytes(from: bytes) }
        return try Table(storage, key: tree.hash, packages: tree.current.list)
    }

    @Test func aTableThatWasKeptIsMappedAgain() throws {
        let folder = try ScratchFolder()
        let packages = try samples()
        let first = try UnionTree(packages: packages, rules: rules(), cache: folder.path)
        #expect(folder.names == ["\(first.hash).union"])
        #expect(!first.current.table.storage.isMapped)
        let again = try UnionTree(packages: packages, rules: rules(), cache: folder.path)
        #expect(again.current.table.storage.isMapped)
        #expect(try again.text(.all) == first.text(.all))
        #expect(try again.stat("usr/x") == first.stat("usr/x"))
        #expect(try again.statfs() == first.statfs())
        // Other rules are another table.
        let other = try UnionTree(
            packages: packages,
            rules: UnionRules(mode: .stack),
            cache: folder.path
        )
        #expect(other.hash != first.hash)
        #expect(folder.names.count == 2)
    }

    @Test func aDamagedTableIsMadeAgain() throws {
        let folder = try ScratchFolder()
        let packages = try samples()
        let first = try UnionTree(packages: packages, rules: rules(), cache: folder.path)
        let path = "\(folder.path)/\(first.hash).union"
        truncate(path, 300)
        let again = try UnionTree(packages: packages, rules: rules(), cache: folder.path)
        #expect(try again.text(.all) == first.text(.all))
        #expect(!again.current.table.storage.isMapped)
        let third = try UnionTree(packages: packages, rules: rules(), cache: folder.path)
        #expect(third.current.table.storage.isMapped)
    }

    @Test func aTableCutWhileItIsUsedIsAFaultAndNoMissingFile() throws {
        let folder = try ScratchFolder()
        let packages = try samples()
        let first = try UnionTree(packages: packages, rules: rules(), cache: folder.path)
        let mapped = try UnionTree(packages: packages, rules: rules(), cache: folder.path)
        #expect(mapped.current.table.storage.isMapped)
        let missing = Array("none".utf8)
        #expect(throws: FileError(.notFound)) { try mapped.root.lookup(missing.span.bytes) }
        #expect(truncate("\(folder.path)/\(first.hash).union", 0) == 0)
        let words = "the table of an environment was cut while it was used"
        #expect(throws: FileError(.inputOutput, words)) {
            try mapped.root.lookup(missing.span.bytes)
        }
        #expect(throws: FileError(.inputOutput, words)) {
            try mapped.root.entries(from: 0) { _, _ in true }
        }
        #expect(throws: FileError(.notFound)) { try first.root.lookup(missing.span.bytes) }
    }

    @Test func aSubsetLeavesNoTable() throws {
        let folder = try ScratchFolder()
        let tree = try UnionTree(packages: samples(), rules: rules(), cache: folder.path)
        let names = tree.packages.map(\.name)
        let user = User(uid: 0, gid: 0, name: "root", isOwner: true)
        for name in names {
            var options = ViewOptions()
            options.only = [name]
            let one = try tree.attach(as: user, options)
            // Asked for again it is the same tree.
            #expect(try tree.attach(as: user, options).tree === one.tree)
        }
        #expect(folder.names == ["\(tree.hash).union"])
    }

    @Test func onlyTheTablesUsedLastAreKept() throws {
        let folder = try ScratchFolder()
        let packages = try samples()
        var hashes: [String] = []
        for number in 0..<TableFile.limit + 4 {
            let tree = try UnionTree(
                packages: packages,
                rules: UnionRules(mode: .stack),
                environment: "e\(number)",
                cache: folder.path
            )
            hashes.append("\(tree.hash).union")
            // A second apart, and the first as if it had been used last.
            var times = [timespec](repeating: timespec(tv_sec: number + 9, tv_nsec: 0), count: 2)
            if number == 0 { times[1].tv_sec = 1 << 32 }
            utimensat(AT_FDCWD, "\(folder.path)/\(hashes[number])", &times, 0)
        }
        let kept = Set(folder.names)
        #expect(kept.count == TableFile.limit)
        #expect(kept.contains(hashes[0]))
        #expect(!kept.contains(hashes[1]))
    }

    @Test func aCacheThatCannotBeWrittenIsDoneWithout() throws {
        let tree = try UnionTree(packages: samples(), rules: rules(), cache: "/proc/no/such")
        #expect(try tree.text().contains("usr/z"))
    }

    @Test func everyTruncationIsAnError() throws {
        let tree = try UnionTree(packages: samples(), rules: rules())
        let whole = tree.current.table.kept
        _ = try table(whole, of: tree)
        for count in 0..<whole.count {
            #expect(throws: FileError.self) { try table(Array(whole[..<count]), of: tree) }
        }
    }

    @Test func everyChangedByteIsAnError() throws {
        let tree = try UnionTree(packages: samples(), rules: rules())
        let whole = tree.current.table.kept
        for place in whole.indices where !(12..<16).contains(place) {
            for bit in [1, 0x80] as [UInt8] {
                var bytes = whole
                bytes[place] ^= bit
                #expect(throws: FileError.self) { try table(bytes, of: tree) }
            }
        }
    }

    /// Changes that come with the right sum: refused, or read without a step outside.
    @Test func everyChangedByteWithTheRightSumIsHarmless() throws {
        let tree = try UnionTree(packages: samples(), rules: rules())
        let whole = tree.current.table.kept
        var refused = 0
        var served = 0
        for place in TableLayout.saltOffset..<whole.count {
            for value in [0, 1, 0x7f, 0xff] as [UInt8] where whole[place] != value {
                var bytes = whole
                bytes[place] = value
                let sum = bytes.withUnsafeBytes { TableSum.of($0) }
                bytes.withUnsafeMutableBytes {
                    $0.storeBytes(of: sum, toByteOffset: TableLayout.sumOffset, as: UInt64.self)
                }
                do {
                    let table = try table(bytes, of: tree)
                    let view = View(Generation(tree.packages, table, base: nil), ViewOptions())
                    HostileVisit.of(view.rootNode, nodes: 200)
                    served += 1
                } catch {
                    refused += 1
                }
            }
        }
        #expect(refused > 500)
        #expect(served > 500)
    }

    @Test func crowdedSlotsAreSearchedByHalving() throws {
        // Names that start at one slot of those that they get.
        var names: [String] = []
        var number = 0
        while names.count < 200 {
            let name = "n\(number)"
            let hash = Array(name.utf8).withUnsafeBytes { NameHash.name($0, salt: 0) }
            if SlotFormat.first(hash, SlotFormat.slots(200)) == 3 { names.append(name) }
            number += 1
        }
        let a = try SamplePackage.make(
            "a",
            names[..<100].map { "f 644 d/\($0) =1" }.joined(separator: "\n")
        )
        let b = try SamplePackage.make(
            "b",
            names[100...].map { "f 644 d/\($0) =1" }.joined(separator: "\n")
        )
        let tree = try UnionTree(packages: [a, b])
        let place = try #require(try tree.node("d") as? UnionDirectory).place
        let record = tree.current.table.directory(place.entry.number)
        #expect(record.has(DirectoryRecord.searched))
        #expect(record.slotCount == 0)
        for name in names { #expect(try tree.node("d/\(name)").file != nil) }
        #expect(throws: FileError(.notFound)) { try tree.node("d/none") }
        #expect(throws: FileError(.notFound)) { try tree.node("d/zzz") }
    }

    @Test func aThousandPackagesOfAHundredPathsMaterialiseTheirSharedDirectoriesOnly() throws {
        var packages: [Package] = []
        for number in 0..<1000 {
            var lines = [
                "f 755 usr/bin/p\(number) =1", "f 644 usr/share/doc/p\(number)/copyright =1",
            ]
            for file in 0..<98 {
                lines.append("f 644 usr/lib/p\(number)/d\(file / 10)/f\(file) =1")
            }
            packages.append(try SamplePackage.make("p\(number)", lines.joined(separator: "\n")))
        }
        let tree = try UnionTree(packages: packages)
        let table = tree.current.table
        // The root, usr, usr/bin, usr/lib, usr/share and usr/share/doc; a name for each package
        // in three of them, and five names on the way.
        #expect(table.count(.directories) == 6)
        #expect(table.count(.entries) == 3005)
        #expect(table.files == 100_000)
        let perEntry = Double(table.count(.entries) * 8 + table.count(.slots) * 4) / 3005
        #expect(perEntry <= 16)
        #expect(try tree.node("usr/lib/p999/d9/f97").file != nil)
        #expect(tree.owners(of: .of("usr/lib/p7/d1/f11")).map(\.package) == ["p7"])
        #expect(tree.owners(of: .of("usr/lib")).count == 1000)
    }
}
