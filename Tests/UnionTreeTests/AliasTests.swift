import Archive
import FileTree
import Testing
import TreeConformance
import UnionTree

@Suite struct AliasTests {
    private let deb = [("origin", "deb jq_1.6_amd64.deb")]

    private func conflicts(
        _ packages: [Package],
        _ rules: UnionRules = UnionRules(),
        base: (any Directory)? = nil
    ) -> [String] {
        var conflicts: [Conflict] = []
        do throws(FileError) {
            _ = try UnionTree(packages: packages, rules: rules, base: base, conflicts: &conflicts)
        } catch {
            if conflicts.isEmpty { return ["\(error)"] }
        }
        return conflicts.map { "\($0.kind) \($0.path)" }
    }

    private func alias(_ from: String, _ to: String) throws -> UnionRules {
        var rules = UnionRules()
        try rules.alias(Array(from.utf8), Array(to.utf8))
        return rules
    }

    @Test func anAliasMovesWhatPackagesHaveAndShowsALink() throws {
        let a = try SamplePackage.make("a", "f 755 opt/x/bin/a =a")
        let b = try SamplePackage.make("b", "f 755 usr/y/bin/b =b")
        let tree = try UnionTree(packages: [a, b], rules: alias("opt/x", "usr/y"))
        #expect(
            try tree.text() == """
                d 755 /
                d 755 opt
                l 777 opt/x >../usr/y
                d 755 usr
                d 755 usr/y
                d 755 usr/y/bin
                f 755 usr/y/bin/a =a
                f 755 usr/y/bin/b =b

                """
        )
        #expect(tree.owners(of: .of("usr/y/bin/a")).map(\.package) == ["a"])
    }

    @Test func whatAnAliasMovesCollides() throws {
        let a = try SamplePackage.make("a", "f 755 bin/ls =a")
        let b = try SamplePackage.make("b", "f 755 usr/bin/ls =b")
        #expect(conflicts([a, b], try alias("bin", "usr/bin")) == ["file /usr/bin/ls"])
        let both = try SamplePackage.make("c", "f 755 bin/ls =a\nf 755 usr/bin/ls =b")
        #expect(conflicts([both], try alias("bin", "usr/bin")) == ["file /usr/bin/ls"])
    }

    @Test func aDirectoryThatOnlyAnAliasFillsHasItsNewName() throws {
        let a = try SamplePackage.make("a", "f 755 opt/x/f =a")
        let tree = try UnionTree(packages: [a], rules: alias("opt/x", "srv/other"))
        #expect(
            try tree.text() == """
                d 755 /
                d 755 opt
                l 777 opt/x >../srv/other
                d 755 srv
                d 755 srv/other
                f 755 srv/other/f =a

                """
        )
        var name: [UInt8] = []
        try tree.node("srv/other").withName { name = Array($0) }
        #expect(name == Array("other".utf8))
    }

    @Test func debiansPackagesBringAMergedUsr() throws {
        let a = try SamplePackage.make("a", "f 755 bin/ls =a\nf 644 lib/x =l", manifest: deb)
        let b = try SamplePackage.make("b", "f 755 usr/bin/cat =b\nf 755 sbin =odd")
        let c = try SamplePackage.make("c", "l 777 bin >usr/bin\nl 777 lib >/usr/lib")
        #expect(conflicts([a, b, c]) == ["alias /sbin"])
        let tree = try UnionTree(packages: [a, c])
        #expect(
            try tree.text() == """
                d 755 /
                l 777 bin >usr/bin
                l 777 lib >usr/lib
                d 755 usr
                d 755 usr/bin
                f 755 usr/bin/ls =a
                d 755 usr/lib
                f 644 usr/lib/x =l

                """
        )
        let plain = try SamplePackage.make("p", "f 755 bin/ls =a")
        #expect(try UnionTree(packages: [plain]).text().contains("d 755 bin\n"))
    }

    @Test func aliasesMayLeadToAliases() throws {
        let a = try SamplePackage.make("a", "f 755 a/f =1\nf 755 b/g =2\nf 755 c/h =3")
        var rules = try alias("a", "b")
        try rules.alias(Array("b".utf8), Array("c".utf8))
        let text = try UnionTree(packages: [a], rules: rules).text()
        #expect(text.contains("l 777 a >c\nl 777 b >c\nd 755 c\nf 755 c/f =1\nf 755 c/g =2"))
        try rules.alias(Array("c".utf8), Array("a".utf8))
        #expect(conflicts([a], rules).first?.contains("circle") == true)
        #expect(throws: FileError.self) { try rules.alias(Array("x".utf8), Array("x/y".utf8)) }
        #expect(throws: FileError.self) { try rules.alias(Array("a".utf8), Array("z".utf8)) }
        #expect(throws: FileError.self) { try rules.alias(Array("..".utf8), Array("z".utf8)) }
    }

    @Test(arguments: ["/bin/x", "bin/*", "/usr/bin/x", "/*/*/x", "/usr/*/x"])
    func aPreferenceNamesAPathByAnAliasToo(pattern: String) throws {
        let a = try SamplePackage.make("a", "f 755 bin/x =1")
        let b = try SamplePackage.make("b", "f 755 usr/bin/x =2")
        var rules = try alias("bin", "usr/bin")
        #expect(conflicts([a, b], rules) == ["file /usr/bin/x"])
        try rules.prefer(Array("/*/x".utf8), "a")
        #expect(conflicts([a, b], rules) == ["file /usr/bin/x"])
        try rules.prefer(Array(pattern.utf8), "b")
        let text = try UnionTree(packages: [a, b], rules: rules).text()
        #expect(text.contains("f 755 usr/bin/x =2\n"))
    }

    @Test func directoryLinksOfTheBaseActAsAliases() throws {
        let base = try MemoryTree.make(
            """
            l 777 0 0 100 bin >usr/bin
            f 755 0 0 100 usr/bin/host =h
            l 777 0 0 100 lib >/usr/../l2
            l 777 0 0 100 l2 >usr/lib
            d 755 0 0 100 usr/lib
            l 777 0 0 100 dead >nowhere
            """
        )
        let a = try SamplePackage.make(
            "a",
            "f 755 bin/a =a\nf 644 lib/x/l =l\nf 644 dead/f =f",
            manifest: deb
        )
        let tree = try UnionTree(packages: [a], base: base.root)
        #expect(
            try tree.text() == """
                d 755 /
                l 777 bin >usr/bin
                d 755 dead
                f 644 dead/f =f
                l 777 l2 >usr/lib
                l 777 lib >/usr/../l2
                d 755 usr
                d 755 usr/bin
                f 755 usr/bin/a =a
                f 755 usr/bin/host =h
                d 755 usr/lib
                d 755 usr/lib/x
                f 644 usr/lib/x/l =l

                """
        )
        #expect(try tree.shadowed().map { "\($0.path) \($0.package ?? "-")" } == ["/dead a"])
    }

    @Test func aLinkThatLeavesTheBaseIsAConflict() throws {
        let base = try MemoryTree.make("l 777 0 0 100 bin >../../bin")
        let a = try SamplePackage.make("a", "f 755 bin/a =a")
        #expect(conflicts([a], base: base.root) == ["alias /bin"])
    }

    @Test func aLayerHidesWhatAnAliasMoves() throws {
        let a = try SamplePackage.make("a", "f 755 bin/ls =a")
        let b = try SamplePackage.make("b", "f 755 usr/bin/cat =b\nopaque usr/bin")
        var rules = UnionRules(mode: .stack)
        try rules.alias(Array("bin".utf8), Array("usr/bin".utf8))
        let text = try UnionTree(packages: [a, b], rules: rules).text()
        #expect(
            text == "d 755 /\nl 777 bin >usr/bin\nd 755 usr\nd 755 usr/bin\nf 755 usr/bin/cat =b\n"
        )
        // A rule about the alias's path is one about where it leads.
        let c = try SamplePackage.make("c", "f 755 usr/bin/cat =c\nhole bin/ls")
        let other = try UnionTree(packages: [a, c], rules: rules).text()
        #expect(!other.contains("ls"))
        #expect(other.contains("usr/bin/cat =c"))
    }
}
