import Archive
import FileTree
import Testing
import TreeConformance
import UnionTree

@Suite struct ViewTests {
    private let user = User(uid: 1000, gid: 1000, name: "u", isOwner: false)

    private func options(_ change: (inout ViewOptions) throws -> Void) throws -> ViewOptions {
        var options = ViewOptions()
        try change(&options)
        return options
    }

    @Test func devicesAreEmptyFilesUnlessAskedFor() throws {
        let a = try SamplePackage.make("a", "c 666 dev/null 1:3")
        let tree = try UnionTree(packages: [a])
        #expect(try tree.text() == "d 755 /\nd 755 dev\nf 0 dev/null =\n")
        let shown = try tree.text(options { $0.showsDevices = true })
        #expect(shown == "d 755 /\nd 755 dev\nc 666 dev/null 1:3\n")
    }

    @Test func setIDBitsAndCapabilitiesAreMaskedUnlessAskedFor() throws {
        let a = try SamplePackage.make(
            "a",
            "f 4755 su =\nx security.capability =c\nx user.k =v\nf 2755 sg =\nd 2775 mail"
        )
        let tree = try UnionTree(packages: [a])
        #expect(try tree.text() == "d 755 /\nd 2775 mail\nf 755 sg =\nf 755 su =\n")
        let su = try tree.node("su")
        #expect(try su.attributeNames() == Array("user.k\0".utf8))
        #expect(try su.attribute(Array("user.k".utf8).span.bytes) == Array("v".utf8))
        #expect(throws: FileError(.noAttribute)) {
            try su.attribute(Array("security.capability".utf8).span.bytes)
        }
        let allowed = try options { $0.keepsSetID = true }
        #expect(try tree.text(allowed) == "d 755 /\nd 2775 mail\nf 2755 sg =\nf 4755 su =\n")
        let root = try tree.attach(as: user, allowed).root
        let names = try root.lookup(Array("su".utf8).span.bytes).attributeNames()
        #expect(names == Array("security.capability\0user.k\0".utf8))
    }

    @Test func onlySomePackagesMayBeSeen() throws {
        let a = try SamplePackage.make("a", "f 644 usr/a =1")
        let b = try SamplePackage.make("b", "f 644 usr/b =1\nf 644 x =1")
        var rules = UnionRules()
        try rules.block("b", Array("x".utf8))
        let tree = try UnionTree(packages: [a, b], rules: rules)
        #expect(
            try tree.text(options { $0.only = ["a"] }) == "d 755 /\nd 755 usr\nf 644 usr/a =1\n"
        )
        let both = try options { $0.only = ["b", "a", "b"] }
        #expect(try tree.text(both) == tree.text())
        #expect(throws: FileError(.notFound, "only=c: no such package")) {
            try tree.attach(as: user, options { $0.only = ["a", "c"] })
        }
    }

    @Test func aSubsetOfAStackThatHidesNothingIsServed() throws {
        let a = try SamplePackage.make("a", "f 644 x =1\nf 644 y =1")
        let b = try SamplePackage.make("b", "f 644 z =1\nhole x")
        let tree = try UnionTree(packages: [a, b], rules: UnionRules(mode: .stack))
        #expect(try tree.text(options { $0.only = ["b"] }) == "d 755 /\nf 644 z =1\n")
    }

    @Test(arguments: ["usr", "usr/share", "usr/share/a"])
    func aSubdirectoryMayBeTheRoot(_ path: String) throws {
        let a = try SamplePackage.make("a", "f 644 usr/share/a/f =1")
        let b = try SamplePackage.make("b", "f 644 usr/bin/b =1")
        let tree = try UnionTree(packages: [a, b])
        let sub = try options { $0.sub = try UnionPath(Array(path.utf8)) }
        let root = try tree.attach(as: user, sub).root
        #expect(root.parent == nil)
        var name: [UInt8] = []
        root.withName { name = Array($0) }
        #expect(name == Array("/".utf8))
        #expect(try root.qid == tree.qid(path))
        let last = try #require(TreeText.names(root).last)
        let child = try root.lookup(last.span.bytes)
        #expect(child.parent?.qid == root.qid)
        #expect(child.parent?.parent == nil)
    }

    @Test func aSubdirectoryThatIsNoneIsAnError() throws {
        let tree = try UnionTree(packages: [SamplePackage.make("a", "f 644 usr/f =1")])
        #expect(throws: FileError(.notFound, "/no")) {
            try tree.attach(as: user, options { $0.sub = .of("no") })
        }
        #expect(throws: FileError(.notDirectory, "/usr/f")) {
            try tree.attach(as: user, options { $0.sub = .of("usr/f") })
        }
    }

    @Test func aSubdirectoryOfTheBaseMayBeTheRoot() throws {
        let base = try MemoryTree.make("f 644 0 0 100 home/me/f =1")
        let tree = try UnionTree(
            packages: [SamplePackage.make("a", "f 644 usr/f =1")],
            base: base.root
        )
        let root = try tree.attach(as: user, options { $0.sub = .of("home/me") }).root
        #expect(root.parent == nil)
        #expect(try TreeText.describe(root, .modes) == "d 755 /\nf 644 f =1\n")
        #expect(try root.lookup(Array("f".utf8).span.bytes).parent?.parent == nil)
    }

    @Test func hardLinksCountTheNamesThatAreSeen() throws {
        let a = try SamplePackage.make(
            "a",
            "f 644 usr/x =1\nh usr/y usr/x\nh d/z usr/x\nf 644 d/o ="
        )
        #expect(try UnionTree(packages: [a]).stat("usr/x").links == 3)
        var rules = UnionRules()
        try rules.block("a", Array("d".utf8))
        let tree = try UnionTree(packages: [a], rules: rules)
        #expect(try tree.stat("usr/x").links == 2)
        #expect(try tree.qid("usr/x") == tree.qid("usr/y"))
        let b = try SamplePackage.make("b", "f 644 usr/x =2")
        rules = UnionRules()
        try rules.prefer(Array("usr/x".utf8), "b")
        let other = try UnionTree(packages: [a, b], rules: rules)
        #expect(try other.stat("usr/y").links == 2)
        #expect(try other.stat("usr/x").links == 1)
    }

    @Test func figuresCountWhatIsSeen() throws {
        let a = try SamplePackage.make("a", "f 644 usr/x =12345\nh usr/y usr/x\nl 777 l >x")
        let b = try SamplePackage.make("b", "f 644 usr/z =\(String(repeating: "z", count: 5000))")
        let figures = try UnionTree(packages: [a, b]).statfs()
        #expect(figures.files == 4)
        #expect(figures.blocks == 2)
        #expect(figures.free == 0)
    }

    @Test func attachKnowsNoNames() throws {
        let tree = try UnionTree(packages: [])
        #expect(throws: FileError(.notFound, "x")) { try tree.attach(as: user, to: "x") }
        #expect(try tree.attach(as: user, to: "/").root.qid == tree.root.qid)
    }

    @Test func nothingCanBeChanged() throws {
        let base = try MemoryTree.make("f 644 0 0 100 b =1")
        let tree = try UnionTree(packages: [SamplePackage.make("a", "f 644 f =1")], base: base.root)
        for path in ["f", "b"] {
            let file = try #require(tree.node(path).file)
            #expect(throws: FileError(.readOnly)) { try file.open([.read, .write]) }
            #expect(throws: FileError(.readOnly)) { try file.open(.truncate) }
            var change = StatChange()
            change.permissions = 0
            #expect(throws: FileError(.readOnly)) { try file.change(change, by: user) }
        }
        let name = Array("new".utf8)
        #expect(throws: FileError(.readOnly)) {
            try tree.root.createDirectory(
                name.span.bytes,
                NewNode(permissions: 0, uid: 0, gid: 0)
            )
        }
    }

    @Test func shadowedNamesWhatPackagesHideOfTheBase() throws {
        let base = try MemoryTree.make(
            """
            f 644 0 0 100 usr/f =1
            f 644 0 0 100 usr/d/x =1
            f 644 0 0 100 usr/s/x =1
            f 644 0 0 100 var/x =1
            f 644 0 0 100 gone =1
            f 644 0 0 100 kept =1
            """
        )
        let a = try SamplePackage.make("a", "f 644 usr/f =2\nf 644 usr/d =2\nf 644 var/y =1")
        let b = try SamplePackage.make("b", "f 644 usr/s/y =2\nhole gone\nopaque var")
        var rules = UnionRules()
        rules.mode = .stack
        let tree = try UnionTree(packages: [a, b], rules: rules, base: base.root)
        let shadowed = try tree.shadowed().map { "\($0.path) \($0.package ?? "-")" }
        #expect(shadowed == ["/gone -", "/usr/d a", "/usr/f a", "/var -"])
    }

    @Test func directoriesOverABaseTakeWhatNobodyListsFromIt() throws {
        let base = try MemoryTree.make("d 1777 5 6 100 tmp\nd 700 7 7 900 srv\nd 711 9 9 100 /")
        let a = try SamplePackage.make("a", "f 644 tmp/x =1\nd 755 srv")
        let tree = try UnionTree(packages: [a], base: base.root)
        let tmp = try tree.stat("tmp")
        #expect(tmp.mode.permissions == 0o1777)
        #expect(tmp.uid == 5)
        let srv = try tree.stat("srv")
        #expect(srv.mode.permissions == 0o755)
        #expect(srv.modified.seconds == 900)
        #expect(try tree.stat("").mode.permissions == 0o711)
        // What the base has in a directory can change, so that no client may keep it.
        #expect(try tree.qid("srv").version == 0)
    }

    @Test func ownersHaveTheNamesThatPackagesGiveThem() throws {
        let a = try SamplePackage.make("a", "f 644 x =1", uid: 7)
        let b = try SamplePackage.make("b", "f 644 y =1", uid: 9)
        let tree = try UnionTree(packages: [a, b])
        #expect(tree.name(ofUser: 7) == Array("u7".utf8))
        #expect(tree.name(ofUser: 9) == Array("u9".utf8))
        #expect(tree.name(ofUser: 0) == Array("root".utf8))
        for _ in 0..<2 { #expect(tree.name(ofUser: 8) == nil) }
        #expect(tree.name(ofGroup: 8) == nil)
        #expect(try tree.stat("x").uid == 7)
    }

    @Test func onePackagesDirectoryIsTheSameInTwoTrees() throws {
        let p = try SamplePackage.make("p", "f 644 usr/lib/p/d/x =1\nf 644 usr/share/x =1")
        let q = try SamplePackage.make("q", "f 644 usr/lib/q/x =1")
        let again = try SamplePackage.make("p", "f 644 usr/lib/p/d/x =2\nf 644 usr/share/x =1")
        let first = try UnionTree(packages: [p, q])
        func areOne(_ path: String, _ packages: [Package]) throws -> Bool {
            let other = try UnionTree(packages: packages).node(path).directory
            return UnionTree.areOne(
                try #require(first.node(path).directory),
                try #require(other)
            )
        }
        let r = try SamplePackage.make("r", "f 644 usr/share/y =1")
        #expect(try areOne("usr/lib/p", [p, q, r]))
        #expect(try areOne("usr/lib/p/d", [p, q, r]))
        // Shared in one of them, of another package, shared in both.
        #expect(try !areOne("usr/share", [p, q, r]))
        #expect(try !areOne("usr/lib/p/d", [again, q]))
        #expect(try !areOne("usr/lib", [p, q, r]))
        // Shown in another way.
        var options = ViewOptions()
        options.keepsSetID = true
        let user = User(uid: 0, gid: 0, name: "root", isOwner: true)
        let masked = try first.attach(as: user, options).root
        var directory: any Directory = masked
        for name in ["usr", "lib", "p"] {
            directory = try #require(directory.lookup(Array(name.utf8).span.bytes).directory)
        }
        #expect(try !UnionTree.areOne(#require(first.node("usr/lib/p").directory), directory))
    }
}
