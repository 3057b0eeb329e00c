import Archive
import FileTree
import Testing
import TreeConformance
import UnionTree

@Suite struct UnionTreeTests {
    @Test func directoriesOfSeveralPackagesAreOne() throws {
        let a = try SamplePackage.make("a", "f 755 usr/bin/a =a\nf 644 usr/share/a/x =1")
        let b = try SamplePackage.make("b", "f 755 usr/bin/b =b\nl 777 usr/lib/l >../bin/b")
        let tree = try UnionTree(packages: [a, b])
        #expect(
            try tree.text() == """
                d 755 /
                d 755 usr
                d 755 usr/bin
                f 755 usr/bin/a =a
                f 755 usr/bin/b =b
                d 755 usr/lib
                l 777 usr/lib/l >../bin/b
                d 755 usr/share
                d 755 usr/share/a
                f 644 usr/share/a/x =1

                """
        )
    }

    @Test func treeKeepsThePromisesOfTrees() throws {
        let a = try SamplePackage.make(
            "a",
            "d 750 usr\nf 755 usr/bin/a =a\nf 644 usr/share/a/x =1\nh usr/bin/ax usr/bin/a"
        )
        let b = try SamplePackage.make("b", "d 750 usr\nf 755 usr/bin/b =b\nl 777 usr/l >bin/b")
        let reference = try MemoryTree.make(
            """
            d 755 0 0 100 /
            d 750 0 0 100 usr
            f 755 0 0 100 usr/bin/a =a
            h usr/bin/ax usr/bin/a
            f 755 0 0 100 usr/bin/b =b
            l 777 0 0 100 usr/l >bin/b
            f 644 0 0 100 usr/share/a/x =1
            """
        )
        let check = ReadableCheck(
            try UnionTree(packages: [a, b]).root,
            against: reference.root,
            .all
        )
        #expect(check.failures == [])
        #expect(check.checks > 20)
    }

    @Test func noPackagesAreAnEmptyTree() throws {
        #expect(try UnionTree(packages: []).text() == "d 755 /\n")
    }

    @Test func filesOfOnePackageHaveOneQidInEveryView() throws {
        let a = try SamplePackage.make("a", "f 755 usr/bin/a =a")
        let b = try SamplePackage.make("b", "f 755 usr/bin/b =b")
        let alone = try UnionTree(packages: [a], environment: "x").qid("usr/bin/a")
        let together = try UnionTree(packages: [b, a], environment: "y").qid("usr/bin/a")
        #expect(alone == together)
        #expect(alone.version != 0)
    }

    @Test func directoriesHaveAQidByPathInTheirEnvironment() throws {
        let a = try SamplePackage.make("a", "f 755 usr/bin/a =a")
        let b = try SamplePackage.make("b", "f 755 usr/bin/b =b")
        // usr/bin is one package's own in the first, and shared in the second.
        let alone = try UnionTree(packages: [a], environment: "x").qid("usr/bin")
        let together = try UnionTree(packages: [b, a], environment: "x").qid("usr/bin")
        let elsewhere = try UnionTree(packages: [b, a], environment: "y").qid("usr/bin")
        #expect(alone.path == together.path)
        #expect(together.path != elsewhere.path)
    }
}
