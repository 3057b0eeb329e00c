import Archive
import Differential
import FileTree
import Testing
import TreeConformance
import UnionTree
import Watched

/// Every combination of small packages, against the union by plain dictionaries.
@Suite struct ModelTests {
    /// All that one package may have at a, a/b, a/b/c and d, with at most one path hidden.
    static let many = contents(files: ["f 644 a =1", "f 644 a =2", "l 777 a >1"], d: true)
    static let some = contents(files: ["f 644 a =1", "f 644 a =2"], d: false)
    static let few: [[String]] = [
        ["f 644 a =1"], ["d 755 a"], ["f 644 a/b =1"], ["f 644 a/b =2"], ["f 644 a/b/c =1"],
        ["hole a"], ["hole a/b", "d 755 a"],
    ]
    static let bases = [
        "", "f 644 0 0 100 a =b", "f 644 0 0 100 a/b =b\nf 644 0 0 100 d =b",
        "f 644 0 0 100 a/b/c =b\nl 777 0 0 100 a/x >b",
    ]

    private static func contents(files: [String], d: Bool) -> [[String]] {
        var first = files.map { [$0] }
        first += [[], ["d 755 a"], ["f 644 a/b =1"], ["f 644 a/b =2"]]
        first += [["d 755 a/b"], ["f 644 a/b/c =1"]]
        let second: [[String]] = d ? [[], ["f 644 d =1"]] : [[]]
        let hidden: [[String]] = [[], ["hole a"], ["hole a/b"], ["opaque a"]]
        return first.flatMap { a in
            second.flatMap { b in hidden.map { a + b + $0 } }
        }
    }

    private static func packages(_ name: String, _ contents: [[String]]) throws -> [ModelPackage] {
        try contents.map { try ModelPackage(name, $0) }
    }

    /// All that may come last; watched, some of them, others each time.
    private struct Last {
        let seed = UInt64.random(in: .min ... .max)
        private lazy var random = SeededRandom(seed: seed)

        mutating func of(_ packages: [ModelPackage]) -> [ModelPackage] {
            guard Watched.isOn else { return packages }
            return Array(packages.shuffled(using: &random).prefix(Watched.some(packages.count)))
        }
    }

    private func check(
        _ packages: [ModelPackage],
        over base: (tree: MemoryTree?, items: [String: ModelItem]) = (nil, [:]),
        seed: UInt64? = nil
    ) throws {
        let what =
            (seed.map { "of seed \($0): " } ?? "")
            + packages.map { "\($0.items) \($0.cuts)" }.joined(separator: " | ")
        let expected = Model.set(packages, over: base.items)
        let found = Self.join(packages, base.tree)
        let conflicts = found.conflicts.map { "\($0.kind.rawValue) \($0.path)" }
        if conflicts.sorted() != expected.conflicts {
            Issue.record("set \(what) over \(base.items): \(conflicts), not \(expected.conflicts)")
        }
        if let tree = found.tree {
            let read = try Model.read(tree.root)
            if read.tree != expected.tree || !read.faults.isEmpty {
                Issue.record("set \(what) over \(base.items): \(read), not \(expected.tree)")
            }
            let reversed = try #require(Self.join(packages.reversed(), base.tree).tree)
            if try Model.read(reversed.root).qids != read.qids || reversed.hash != tree.hash {
                Issue.record("set \(what): the order counts")
            }
        } else if conflicts.isEmpty {
            Issue.record("set \(what) over \(base.items): \(found.error.debugDescription)")
        }
        let stack = try UnionTree(
            packages: packages.map(\.package),
            rules: UnionRules(mode: .stack),
            base: base.tree?.root
        )
        let read = try Model.read(stack.root)
        let layers = Model.stack(packages, over: base.items)
        if read.tree != layers || !read.faults.isEmpty {
            Issue.record("stack \(what) over \(base.items): \(read), not \(layers)")
        }
    }

    private static func join(
        _ packages: [ModelPackage],
        _ base: MemoryTree?
    ) -> (tree: UnionTree?, conflicts: [Conflict], error: FileError?) {
        var conflicts: [Conflict] = []
        do throws(FileError) {
            let tree = try UnionTree(
                packages: packages.map(\.package),
                base: base?.root,
                conflicts: &conflicts
            )
            return (tree, conflicts, nil)
        } catch {
            return (nil, conflicts, error)
        }
    }

    @Test func everyPairOfSmallPackages() throws {
        let second = try Self.packages("q", Self.many)
        var last = Last()
        for first in try Self.packages("p", Self.many) {
            for other in last.of(second) { try check([first, other], seed: last.seed) }
        }
    }

    @Test func everyThreeSmallPackages() throws {
        let first = try Self.packages("p", Self.few + Self.some.filter { $0.count == 1 })
        let second = try Self.packages("q", Self.few + Self.some.filter { $0.count == 1 })
        let third = try Self.packages("r", Self.few + Self.some.filter { $0.count == 1 })
        var last = Last()
        for a in first {
            for b in second {
                for c in last.of(third) { try check([a, b, c], seed: last.seed) }
            }
        }
    }

    @Test func everyFourSmallPackages() throws {
        let all = try ["p", "q", "r", "s"].map { try Self.packages($0, Self.few) }
        var last = Last()
        for a in all[0] {
            for b in all[1] {
                for c in all[2] {
                    for d in last.of(all[3]) { try check([a, b, c, d], seed: last.seed) }
                }
            }
        }
    }

    @Test(arguments: bases) func everyPairOfSmallPackagesOver(_ base: String) throws {
        let tree = try MemoryTree.make(base)
        let items = try Model.read(tree.root).tree
        let second = try Self.packages("q", Self.some)
        for first in try Self.packages("p", Self.some) {
            for other in second { try check([first, other], over: (tree, items)) }
        }
    }
}
