import Archive
import CAllocations
import FileTree
import Testing
import UnionTree

/// What steps and listings may cost, counted and not timed.
@Suite(.enabled(if: allocations_are_counted() != 0, "a sanitizer has its own allocator"))
struct CostTests {
    private func tree() throws -> UnionTree {
        try UnionTree(packages: [
            SamplePackage.make("a", "f 644 usr/share/doc/a/x =1\nf 644 usr/share/doc/a/d/e/f =1"),
            SamplePackage.make("b", "f 644 usr/share/doc/b/x =1\nl 777 usr/share/doc/l >b"),
            SamplePackage.make("c", "f 644 usr/share/doc/c/x =1\nd 700 usr/share/doc/d"),
        ])
    }

    /// The names of a path as a walk has them.
    private func packed(_ path: String) -> (bytes: [UInt8], count: Int) {
        let names = path.split(separator: "/")
        return (names.flatMap { [UInt8($0.utf8.count), 0] + Array($0.utf8) }, names.count)
    }

    /// The allocations of a walk to `path`, its node dropped again, and whether it was found.
    private func walk(_ root: any Directory, _ path: String) -> (allocations: UInt64, found: Bool) {
        let (bytes, count) = packed(path)
        return bytes.withUnsafeBytes { bytes in
            var qids = WalkedQids()
            let names = PathNames(bytes: bytes, count: count)
            let before = allocations_so_far()
            var found = true
            do throws(FileError) { _ = try root.walk(names, &qids) } catch { found = false }
            return (allocations_so_far() - before, found)
        }
    }

    @Test(arguments: [
        "usr", "usr/share/doc", "usr/share/doc/a", "usr/share/doc/a/d/e/f", "usr/share/doc/l",
    ])
    func aWalkMakesOneObject(_ path: String) throws {
        let root = try tree().root
        _ = walk(root, path)
        let (allocations, found) = walk(root, path)
        #expect(found)
        #expect(allocations == 1)
    }

    @Test(arguments: ["no", "usr/share/doc/no", "usr/share/doc/a/no", "usr/share/doc/a/x/y"])
    func aWalkThatFindsNothingMakesNoNode(_ path: String) throws {
        let root = try tree().root
        _ = walk(root, path)
        let (allocations, found) = walk(root, path)
        #expect(!found)
        // One is Swift Testing's own, which looks at every error that is thrown.
        #expect(allocations <= 1)
    }

    @Test(arguments: ["usr/share/doc", "usr/share/doc/a", "usr/share/doc/d", ""])
    func attributesAndListingsAllocateNothing(_ path: String) throws {
        let directory = try #require(tree().node(path).directory)
        var size: UInt64 = 0
        var costs: [UInt64] = [0, 0]
        for round in 0..<2 {
            let before = allocations_so_far()
            try directory.entries(from: 0) { entry, name in
                size &+= entry.stat.size &+ UInt64(name.byteCount)
                return true
            }
            size &+= try directory.stat().size
            costs[round] = allocations_so_far() - before
        }
        #expect(costs[1] == 0)
    }

    @Test func attributesOfFilesAllocateNothing() throws {
        let node = try tree().node("usr/share/doc/a/x")
        _ = try node.stat()
        let before = allocations_so_far()
        let stat = try node.stat()
        let qid = node.qid
        let after = allocations_so_far()
        #expect(after - before == 0)
        #expect(stat.qid == qid)
    }
}
