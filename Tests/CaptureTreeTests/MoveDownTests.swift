import Archive
import FileTree
import Testing
import TreeConformance
import UnionTree

@testable import CaptureTree

/// A layer and its packages as new packages are, joined again, what was captured.
@Suite struct MoveDownTests {
    /// A package of what a script makes of nothing.
    private static func package(_ name: String, _ script: String) throws -> Package {
        let captured = try Captured("")
        try Script(captured.tree).run(script)
        var options = ExportOptions()
        options.name = name
        return try Export(captured.tree, options).package()
    }

    private static func packages() throws -> [Package] {
        [
            try package(
                "tool",
                """
                mkdir usr
                mkdir usr/bin
                put usr/bin/tool one
                put usr/bin/other two
                ln usr/bin/tool usr/bin/alias
                mkdir usr/share
                mkdir usr/share/tool
                put usr/share/tool/data x
                """
            ),
            try package(
                "docs",
                """
                mkdir usr
                mkdir usr/share
                mkdir usr/share/doc
                put usr/share/doc/a 1
                put usr/share/doc/b 2
                """
            ),
            try package("still", "mkdir opt\nput opt/s s"),
        ]
    }

    private func moved(
        _ script: String,
        base: String = ""
    ) throws -> (view: String, joined: String, MoveDown) {
        let packages = try Self.packages()
        let lower = try MemoryTree.make(base)
        let union = try UnionTree(packages: packages, base: base.isEmpty ? nil : lower.root)
        let captured = try Captured(over: union.root, in: union)
        try Script(captured.tree, uid: 0, gid: 0).run(script)
        let export = try Export(captured.tree)
        let result = try MoveDown(export, named: "rest", below: packages) {
            path throws(FileError) in
            var place = MoveDown.Place(owners: [])
            for (number, package) in packages.enumerated()
            where package.index.entry(atPath: path) != nil {
                place.owners.append((number, path))
            }
            place.isInBase = try lower.root.node(atPath: path) != nil
            return place
        }
        var now = packages
        for (number, draft) in result.versions {
            now[number] = try Package(draft, path: "moved")
        }
        if let rest = result.rest { now.append(try Package(rest, path: "rest")) }
        let joined = try UnionTree(packages: now, base: base.isEmpty ? nil : lower.root)
        let fields: TreeText.Fields = [.owners, .modes, .links]
        return (
            try TreeText.describe(captured.root, fields),
            try TreeText.describe(joined.root, fields), result
        )
    }

    @Test(
        arguments: [
            ("put usr/bin/other 2", [0], false),
            ("chmod 755 usr/bin/other", [0], false),
            ("rm usr/bin/other", [0], false),
            ("rm usr/bin/tool", [0], false),
            ("put usr/bin/tool new", [0], false),
            ("ln usr/bin/other usr/share/doc/link", [0], false),
            ("put usr/share/doc/c 3", [], true),
            ("mkdir srv\nput srv/x 1\nln srv/x srv/y", [], true),
            ("rm usr/share/doc/a\nrm usr/share/doc/b", [1], false),
            ("rm usr/share/doc/a\nrm usr/share/doc/b\nrm usr/share/doc", [1], false),
            ("chmod 700 usr/share", [0, 1], false),
            ("chmod 700 usr/share/doc", [1], false),
            ("rm usr/bin/other\nmkdir usr/bin/other\nput usr/bin/other/x 1", [0], true),
            ("rm usr/share/tool/data\nrm usr/share/tool\nput usr/share/tool f", [0], false),
            ("mv usr/share/doc usr/share/manual", [1], true),
            ("put usr/share/doc/c 3\nrm usr/share/doc/c", [], false),
            ("ln usr/bin/other n\nrm usr/bin/other", [0], true),
        ] as [(String, [Int], Bool)]
    )
    func theNewPackagesAreWhatWasCaptured(script: String, changed: [Int], hasRest: Bool) throws {
        let (view, joined, result) = try moved(script)
        #expect(joined == view)
        #expect(result.versions.keys.sorted() == changed)
        #expect((result.rest != nil) == hasRest)
        if let rest = result.rest { #expect(rest.manifest.name == "rest") }
        for draft in result.versions.values { #expect(draft.manifest.holes.isEmpty) }
    }

    @Test func whatIsOfTheBaseIsHiddenByTheRest() throws {
        let (view, joined, result) = try moved(
            "rm etc/conf\nput etc/other 2\nrm usr/share/doc/a",
            base: "f 644 0 0 100 etc/conf =1\nf 644 0 0 100 etc/other =1"
        )
        #expect(joined == view)
        #expect(result.versions.keys.sorted() == [1])
        #expect(result.rest?.manifest.holes == [Array("etc/conf".utf8)])
    }

    @Test func aNewVersionHasTheFramesOfTheOld() throws {
        let scratch = try ExportScratch()
        let names = (0..<40).map { "mkdir d\(10 + $0)\nput d\(10 + $0)/f \(Self.noise($0))" }
        let draft = try Self.export(names.joined(separator: "\n"))
        _ = try PackageOutput().write(draft, to: scratch["old"], OutputOptions())
        let cache = FrameCache(capacity: 1 << 20)
        let old = try #require(try Package.native(HostFile(scratch["old"]), cache: cache))
        let union = try UnionTree(packages: [old])
        let captured = try Captured(over: union.root, in: union)
        try Script(captured.tree).run("put d49/f changed")
        let moved = try MoveDown(Export(captured.tree), named: "r", below: [old]) { path in
            MoveDown.Place(owners: [(0, path)])
        }
        let version = try #require(moved.versions[0])
        _ = try PackageOutput(reusing: old).write(version, to: scratch["new"], OutputOptions())
        let new = try #require(try Package.native(HostFile(scratch["new"]), cache: cache))
        try new.verify()
        #expect(
            try TreeText.describe(UnionTree(packages: [new]).root, .modes)
                == TreeText.describe(captured.root, .modes)
        )
    }

    private static func export(_ script: String) throws -> Draft {
        let captured = try Captured("")
        try Script(captured.tree).run(script)
        return try Export(captured.tree).draft
    }

    /// Text that does not compress well.
    private static func noise(_ seed: Int) -> String {
        var state = UInt64(seed + 1) &* 0x9e37_79b9_7f4a_7c15
        var text = ""
        for _ in 0..<2000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            text += String(state, radix: 36)
        }
        return text
    }
}
