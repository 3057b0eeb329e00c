import Archive
import FileTree
import Store
import UnionTree

/// The packages of an environment by paths that stay while what they lead to changes: `NAME.ID`
/// is there as long as that package is, and its `dep/OTHER` is whatever the environment has for
/// what it needs.
package struct PackageLinks: Sendable {
    private let environment: StoredEnvironment
    /// The path of their directory in the control tree.
    private let place: String

    package init(_ environment: StoredEnvironment, at place: String) {
        self.environment = environment
        self.place = place
    }

    /// The directory of all of them.
    package var entry: ControlTree.Entry {
        .directory { [self] in
            environment.current.tree.packages.sorted { $0.name < $1.name }.map { package in
                (Self.name(package), .directory { entries(of: package) })
            }
        }
    }

    private static func name(_ package: Package) -> String {
        "\(package.name).\("\(package.id)".prefix(16))"
    }

    private func entries(of package: Package) -> [(name: String, entry: ControlTree.Entry)] {
        var entries: [(name: String, entry: ControlTree.Entry)] = [
            ("dep", .directory { needs(of: package) }),
            ("files", .bytes { Self.paths(of: package) }),
            ("manifest", .bytes { package.manifest.bytes }),
            ("self", .link("tree")),
            (
                "tree",
                .root { [environment, place] () throws(FileError) in
                    try environment.alone(package, at: place).root
                }
            ),
        ]
        // What it brings of settings; those in use are where the view has them.
        if package.index.entry(atPath: Array("etc".utf8)) != nil {
            entries.insert(("settings", .link("tree/etc")), at: 4)
        }
        return entries
    }

    /// What it needs, by name: links to whatever is there for that now.
    private func needs(of package: Package) -> [(name: String, entry: ControlTree.Entry)] {
        let shown = environment.current
        return shown.needs.needed(by: package.name).compactMap { name in
            guard let found = shown.tree.packages.first(where: { $0.name == name }) else {
                return nil
            }
            return (name, .link("../../\(Self.name(found))/tree"))
        }
    }

    private static func paths(of package: Package) -> [UInt8] {
        let index = package.index
        // Entries are by directory: their paths are sorted as a whole.
        let paths = (1..<UInt32(index.entryCount)).map { index.path($0) }
            .sorted { $0.lexicographicallyPrecedes($1) }
        return paths.flatMap { PathText.escape($0) + [UInt8(ascii: "\n")] }
    }
}
