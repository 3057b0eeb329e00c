import Archive
import FileTree
import Testing
import UnionTree

/// What becomes of a view's paths when another takes its place.
struct ChangesTests {
    private static let packages = [
        "a": "f 755 usr/bin/a =1\nf 644 usr/share/both =same\nf 644 opt/x/y/z =1",
        "b": "f 755 usr/bin/b =1\nf 644 usr/share/both =same\nl 777 opt/link >a",
        "b2": "f 755 usr/bin/b =2\nf 644 usr/share/both =same\nl 777 opt/link >b",
        "c": "f 755 usr/bin/a =other",
        "mode": "f 700 usr/bin/b =1\nf 644 usr/share/both =same\nl 777 opt/link >a",
        "setid": "f 4755 usr/bin/su =1",
        "lib": "f 644 lib/x =1",
    ]

    private func root(_ words: String) throws -> any Directory {
        var names: [String] = []
        var rules = UnionRules()
        var options = ViewOptions()
        for word in words.split(separator: " ") {
            let parts = word.split(separator: ":").map(String.init)
            switch parts[0] {
            case "block": try rules.block(parts[1], Array(parts[2].utf8))
            case "alias": try rules.alias(Array(parts[1].utf8), Array(parts[2].utf8))
            case "prefer": try rules.prefer(Array(parts[1].utf8), parts[2])
            case "allow": options.allowed.insert(parts[1])
            default: names.append(parts[0])
            }
        }
        let tree = try UnionTree(
            packages: names.map { try SamplePackage.make($0, Self.packages[$0] ?? "") },
            rules: rules
        )
        return try tree.attach(as: .superuser, options).root
    }

    @Test(arguments: [
        ("a", "a", ""),
        // A path that another package has, too, is neither new nor gone.
        ("a", "a b", "A opt/link, A usr/bin/b"),
        ("a b", "a", "D opt/link, D usr/bin/b"),
        ("b", "b2", "M opt/link, M usr/bin/b"),
        ("b", "mode", "M usr/bin/b"),
        (
            "b", "",
            "D opt, D opt/link, D usr, D usr/bin, D usr/bin/b, D usr/share, D usr/share/both"
        ),
        // Rules alone make other views of the same packages.
        ("a b", "a b block:b:usr/bin/b", "D usr/bin/b"),
        ("a b block:a:usr/share/both", "a b block:b:usr/share/both", ""),
        ("a c prefer:usr/bin/a:a", "a c prefer:usr/bin/a:c", "M usr/bin/a"),
        ("a c prefer:usr/bin/a:a", "a", ""),
        ("lib", "lib alias:lib:usr/lib", "M lib, D lib/x, A usr, A usr/lib, A usr/lib/x"),
        ("setid", "setid allow:setid", "M usr/bin/su"),
        ("a", "a alias:srv:opt", "A srv"),
    ])
    func pathsAreComparedAsTheViewsHaveThem(old: String, new: String, changes: String) throws {
        let found = try UnionTree.changes(from: root(old), to: root(new)).map { change in
            let letter =
                switch change.kind {
                case .added: "A"
                case .gone: "D"
                case .changed: "M"
                }
            return "\(letter) " + String(decoding: change.path, as: UTF8.self)
        }
        #expect(found.joined(separator: ", ") == changes)
    }
}
