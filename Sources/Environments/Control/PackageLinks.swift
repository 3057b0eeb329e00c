import Archive
import FileTree
import Store
import UnionTree

/// The packages of an environment by paths that stay while what they lead to changes: `NAME.ID`
/// is there as long as that package is, and its `dep/OTHER` is whatever the environment has for
/// what it needs.
package struct PackageLinks: Sendable {
    /// Packages of one state, and which of them need which.
    private struct State {
        let packages: [Package]
        let needs: () -> PackageNeeds
    }

    private let current: @Sendable () -> State
    private let alone: @Sendable (Package) throws(FileError) -> UnionTree

    /// Makes those of an environment of a store; `place` is the path of their directory in the
    /// control tree.
    package init(_ environment: StoredEnvironment, at place: String) {
        current = {
            let shown = environment.current
            return State(packages: shown.tree.packages) { shown.needs }
        }
        alone = { (package) throws(FileError) in try environment.alone(package, at: place) }
    }

    /// Makes those of a folder.
    package init(_ folder: FolderEnvironment, at place: String) {
        current = {
            let shown = folder.current
            return State(packages: shown.tree.packages) { shown.needs }
        }
        alone = { (package) throws(FileError) in try folder.alone(package, at: place) }
    }

    /// The directory of all of them.
    package var entry: ControlTree.Entry {
        .directory { [self] in
            current().packages.sorted { $0.name < $1.name }.compactMap { package in
                Self.name(package).map { ($0, .directory { entries(of: package) }) }
            }
        }
    }

    /// Nil where it can be no file's: in a folder a package may call itself anything.
    private static func name(_ package: Package) -> String? {
        let name = "\(package.name).\("\(package.id)".prefix(16))"
        return Array(name.utf8).withUnsafeBytes(FileName.isLegal) ? name : nil
    }

    private func entries(of package: Package) -> [(name: String, entry: ControlTree.Entry)] {
        var entries: [(name: String, entry: ControlTree.Entry)] = [
            ("dep", .directory { needs(of: package) }),
            ("files", .bytes { Self.paths(of: package) }),
            ("manifest", .bytes { package.manifest.bytes }),
            ("self", .link("tree")),
            (
                "tree",
                .root { [alone] () throws(FileError) in try alone(package).root }
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
        let now = current()
        return now.needs().needed(by: package.name).compactMap { name in
            guard let found = now.packages.first(where: { $0.name == name }),
                let link = Self.name(found)
            else { return nil }
            return (name, .link("../../\(link)/tree"))
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
