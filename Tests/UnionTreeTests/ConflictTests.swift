import Archive
import FileTree
import Testing
import TreeConformance
import UnionTree

@Suite struct ConflictTests {
    /// What stands in the way, and the error's text.
    private func refused(
        _ packages: [Package],
        _ rules: UnionRules = UnionRules()
    ) -> (conflicts: [Conflict], error: FileError?) {
        var conflicts: [Conflict] = []
        do throws(FileError) {
            _ = try UnionTree(packages: packages, rules: rules, conflicts: &conflicts)
            return (conflicts, nil)
        } catch {
            return (conflicts, error)
        }
    }

    @Test func allConflictsAreToldAtOnceWithBothSides() throws {
        let a = try SamplePackage.make("a", "f 755 usr/bin/x =1\nf 644 z =long\nd 700 y\nf 644 b =")
        let b = try SamplePackage.make(
            "b",
            "f 755 usr/bin/x =2\nf 644 z =s\nl 777 y >usr\nf 644 b ="
        )
        let (conflicts, error) = refused([b, a])
        #expect(
            conflicts.map { "\($0.kind) \($0.path)" } == ["file /usr/bin/x", "type /y", "file /z"]
        )
        #expect(conflicts[0].sides.map(\.package) == ["a", "b"])
        // Of files of one size the hashes are told, of others there is no need to read them.
        #expect(conflicts[0].sides.map(\.hash) == [SHA256.hash([0x31]), SHA256.hash([0x32])])
        #expect(conflicts[2].sides.map(\.hash) == [nil, nil])
        #expect(conflicts[2].sides.map(\.size) == [4, 1])
        #expect(conflicts[1].sides.map(\.type) == ["directory", "link"])
        #expect(conflicts[1].sides[1].target == Array("usr".utf8))
        #expect(
            conflicts[0].waysOut == [
                "prefer /usr/bin/x a", "block b /usr/bin/x", "replace b in a's manifest",
            ]
        )
        #expect(error?.kind == .conflict)
        for conflict in conflicts { #expect(error?.context?.contains("\(conflict)") == true) }
    }

    @Test func identicalFilesAreTheObjectOfTheSmallestContentID() throws {
        let a = try SamplePackage.make("a", "f 644 usr/x =same", modified: 5)
        let b = try SamplePackage.make("b", "f 644 usr/x =same", modified: 9)
        let owner = a.id < b.id ? a : b
        let alone = try UnionTree(packages: [owner]).qid("usr/x")
        #expect(try UnionTree(packages: [a, b]).qid("usr/x") == alone)
        let owners = try UnionTree(packages: [a, b]).owners(of: .of("usr/x"))
        #expect(owners.map(\.package) == ["a", "b"])
        #expect(owners.map(\.isShown) == [true, true])
    }

    @Test(arguments: [
        ("f 644 x =a", "f 600 x =a", 0), ("f 644 x =a", "f 644 x =a", 7),
        ("f 644 x =a\nx user.k =1", "f 644 x =a\nx user.k =2", 0), ("l 777 x >a", "l 777 x >b", 0),
        ("c 600 x 1:3", "c 600 x 1:5", 0),
    ])
    func differencesOfAttributesAreConflicts(_ a: String, _ b: String, _ uid: UInt32) throws {
        let packages = try [SamplePackage.make("a", a), SamplePackage.make("b", b, uid: uid)]
        #expect(refused(packages).conflicts.map { "\($0.kind) \($0.path)" } == ["file /x"])
    }

    @Test func preferTakesTheNamedPackagesFileWhereItsPatternFits() throws {
        let a = try SamplePackage.make("a", "f 644 usr/x =1\nf 644 usr/s/y =1")
        let b = try SamplePackage.make("b", "f 644 usr/x =2\nf 644 usr/s/y =2")
        var rules = UnionRules()
        try rules.prefer(Array("/usr/*".utf8), "b")
        #expect(refused([a, b], rules).conflicts.map { "\($0.path)" } == ["/usr/s/y"])
        try rules.prefer(Array("**".utf8), "a")
        let tree = try UnionTree(packages: [a, b], rules: rules)
        #expect(try tree.text().contains("usr/x =2\n"))
        #expect(try tree.text().contains("usr/s/y =1\n"))
        let owners = tree.owners(of: .of("usr/x"))
        #expect(owners.map(\.package) == ["a", "b"])
        #expect(owners.map(\.isShown) == [false, true])
    }

    @Test func preferDecidesBetweenAFileAndADirectory() throws {
        let a = try SamplePackage.make("a", "f 644 x/y =1")
        let b = try SamplePackage.make("b", "f 644 x =2")
        let c = try SamplePackage.make("c", "f 644 x/z =3")
        var rules = UnionRules()
        try rules.prefer(Array("x".utf8), "b")
        #expect(try UnionTree(packages: [a, b, c], rules: rules).text() == "d 755 /\nf 644 x =2\n")
        rules = UnionRules()
        try rules.prefer(Array("x".utf8), "c")
        #expect(
            try UnionTree(packages: [a, b, c], rules: rules).text()
                == "d 755 /\nd 755 x\nf 644 x/y =1\nf 644 x/z =3\n"
        )
    }

    @Test func blockLeavesOnePathOfOnePackageOut() throws {
        let a = try SamplePackage.make("a", "f 644 usr/x/f =1\nf 644 usr/y =1\nf 644 only/f =1")
        let b = try SamplePackage.make("b", "f 644 usr/x/f =2\nf 644 usr/y =1")
        var rules = UnionRules()
        try rules.block("a", Array("usr/x".utf8))
        try rules.block("a", Array("/only/f".utf8))
        let tree = try UnionTree(packages: [a, b], rules: rules)
        #expect(
            try tree.text(.modes)
                == "d 755 /\nd 755 only\nd 755 usr\nd 755 usr/x\nf 644 usr/x/f =2\nf 644 usr/y =1\n"
        )
        try rules.block("c", Array("usr/x".utf8))
        #expect(refused([a, b], rules).error?.kind == .notFound)
    }

    @Test func replaceInAManifestDecidesUnlessItIsMutual() throws {
        let a = try SamplePackage.make("a", "f 644 x =1", manifest: [("replace", "b")])
        let b = try SamplePackage.make("b", "f 644 x =2", manifest: [("version", "2")])
        #expect(try UnionTree(packages: [a, b]).text() == "d 755 /\nf 644 x =1\n")
        let exact = try SamplePackage.make("a", "f 644 x =1", manifest: [("replace", "b=2")])
        #expect(try UnionTree(packages: [exact, b]).text() == "d 755 /\nf 644 x =1\n")
        let older = try SamplePackage.make("a", "f 644 x =1", manifest: [("replace", "b=1")])
        #expect(refused([older, b]).conflicts.count == 1)
        let back = try SamplePackage.make("b", "f 644 x =2", manifest: [("replace", "a")])
        #expect(refused([a, back]).conflicts.count == 1)
    }

    @Test func directoriesAttributesHaveToAgreeWhereFormatsOwnThem() throws {
        let a = try SamplePackage.make("a", "d 755 srv\nf 644 srv/a =1", modified: 5)
        let b = try SamplePackage.make("b", "d 700 srv\nf 644 srv/b =1", modified: 9)
        #expect(refused([a, b]).conflicts.map { "\($0.kind) \($0.path)" } == ["dirmeta /srv"])
        var rules = UnionRules()
        try rules.prefer(Array("srv".utf8), "b")
        #expect(
            try UnionTree(packages: [a, b], rules: rules).stat("srv").mode.permissions == 0o700
        )
        // A plain tar has no say, and one that only implies the directory has none either.
        let tar = try SamplePackage.make(
            "t",
            "d 700 srv\nf 644 srv/t =1",
            manifest: [("directories", "any")],
            modified: 9
        )
        let implied = try SamplePackage.make("i", "f 644 srv/i =1", modified: 99)
        let stat = try UnionTree(packages: [tar, implied, a]).stat("srv")
        #expect(stat.mode == Mode(.directory, 0o755))
        #expect(stat.modified.seconds == 9)
        #expect(stat.links == 1)
        let folders = try UnionTree(packages: [tar, implied])
        #expect(try folders.stat("srv").mode.permissions == 0o700)
    }

    @Test func theRootsAttributesNeverCount() throws {
        let a = try SamplePackage.make("a", "d 755 /\nf 644 a =1")
        let b = try SamplePackage.make("b", "d 700 /\nf 644 b =1")
        #expect(try UnionTree(packages: [a, b]).stat("").mode.permissions == 0o755)
    }

    @Test func disagreementsOfLayersAreAReport() throws {
        let a = try SamplePackage.make("a", "f 644 x =1\nf 644 y =1\nf 644 z/f =1")
        let b = try SamplePackage.make("b", "f 644 x =2\nf 644 y =1\nf 644 z =2\nhole no")
        let tree = try UnionTree(packages: [a, b], rules: UnionRules(mode: .stack))
        #expect(try tree.text() == "d 755 /\nf 644 x =2\nf 644 y =1\nf 644 z =2\n")
        let kinds = try tree.conflicts().map { "\($0.kind) \($0.path)" }
        #expect(kinds == ["hole /no", "file /x", "type /z"])
    }

    @Test(arguments: [
        ("usr/*/x", "usr/a/x", true), ("usr/*/x", "usr/a/b/x", false), ("usr/**", "usr/a/b", true),
        ("**/x", "usr/a/x", true), ("/usr/?[!a-c]", "usr/xd", true),
        ("usr/?[a-c]", "usr/xd", false),
        ("*", "usr/x", false), ("**", "usr/x", true), ("a**b*c", "a/x/b/b9c", true), ("", "", true),
        ("a*", "a", true), ("[", "[", true), ("**/a*/b", "x/a1/c/a2/b", true),
    ])
    func globs(_ pattern: String, _ path: String, _ fits: Bool) throws {
        let a = try SamplePackage.make("a", "f 644 \(path.isEmpty ? "x" : path) =1")
        let b = try SamplePackage.make("b", "f 644 \(path.isEmpty ? "x" : path) =2")
        var rules = UnionRules()
        guard !pattern.isEmpty else {
            #expect(throws: FileError.self) { try rules.prefer([], "a") }
            return
        }
        try rules.prefer(Array(pattern.utf8), "a")
        #expect(refused([a, b], rules).conflicts.isEmpty == fits)
    }
}
