package import Archive

/// Which packages of a view need which others, as their manifests say.
package struct PackageNeeds: Sendable {
    private var below: [String: [String]] = [:]

    /// Compares what packages need with what the others are and provide.
    package init(_ manifests: [(name: String, manifest: Manifest)]) {
        var providers: [String: [String]] = [:]
        var wishes: [String: [String]] = [:]
        for (name, manifest) in manifests {
            providers[name, default: []].append(name)
            for line in manifest.all("provide") {
                providers[Self.name(line), default: []].append(name)
            }
            wishes[name] = manifest.all("run").map(Self.name)
        }
        for (name, wishes) in wishes {
            let found = Set(wishes.flatMap { providers[$0] ?? [] }).subtracting([name])
            below[name] = found.sorted()
        }
    }

    /// The packages that a package needs, sorted.
    package func needed(by name: String) -> [String] { below[name] ?? [] }

    private static func name(_ wish: String) -> String {
        String(wish.prefix { !"<>=~!| ".contains($0) })
    }
}
