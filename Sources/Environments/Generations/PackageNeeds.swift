package import Archive
import FileTree
import UnionTree

/// Which packages of a view need which others, as their manifests say.
package struct PackageNeeds: Sendable {
    private var below: [String: [String]] = [:]

    /// Compares what the packages of a tree need with what the others are and provide.
    init(of tree: UnionTree) { self.init(tree.packages.map { ($0.name, $0.manifest) }) }

    /// Compares what packages need with what the others are and provide.
    package init(_ manifests: [(name: String, manifest: Manifest)]) {
        var providers: [String: [String]] = [:]
        var wishes: [String: [String]] = [:]
        for (name, manifest) in manifests {
            providers[name, default: []].append(name)
            for line in manifest.all("provide") {
                providers[Self.name(line), default: []].append(name)
            }
            wishes[name] = manifest.all("run")
        }
        for (name, wishes) in wishes {
            // Of alternatives the first counts that there is.
            let names = wishes.compactMap { wish in
                wish.parts(at: "|").map(Self.name).first { providers[$0] != nil }
            }
            let found = Set(names.flatMap { providers[$0] ?? [] }).subtracting([name])
            below[name] = found.sorted()
        }
    }

    /// The packages that a package needs, sorted.
    package func needed(by name: String) -> [String] { below[name] ?? [] }

    private static func name(_ wish: some StringProtocol) -> String {
        String(wish.drop { $0 == " " }.prefix { !"<>=~!| ".contains($0) })
    }
}
