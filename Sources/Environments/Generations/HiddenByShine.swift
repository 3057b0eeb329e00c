package import FileTree
package import UnionTree

extension UnionTree {
    /// Something of packages that the real disk hides.
    package struct Hidden: Sendable, Hashable {
        /// Its path.
        package var path: UnionPath
        /// A package that has it.
        package var package: String
    }

    /// What is not seen where the disk is seen: all entries of packages at these paths and below,
    /// a line a package, sorted by path.
    ///
    /// A directory that the disk has, too, is in both; whether it has is not looked at here.
    package func hidden(by shines: [ShinePath]) throws(FileError) -> [Hidden] {
        var found: [Hidden] = []
        for shine in shines { try add(shine.path, to: &found) }
        var seen: Set<Hidden> = []
        return found.filter { seen.insert($0).inserted }.sorted {
            $0.path.bytes.lexicographicallyPrecedes($1.path.bytes)
        }
    }

    private func add(_ path: UnionPath, to found: inout [Hidden]) throws(FileError) {
        guard let node = try root.node(at: path.names) else { return }
        for owner in owners(of: path) { found.append(Hidden(path: path, package: owner.package)) }
        for name in try node.directory?.names() ?? [] {
            var below = path
            below.names.append(name)
            try add(below, to: &found)
        }
    }
}
