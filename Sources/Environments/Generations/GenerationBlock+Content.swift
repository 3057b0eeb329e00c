import FileTree
import Store

extension GenerationBlock.Content {
    /// Makes numbers of the packages, and of the roots among them, which are none of it then; they
    /// were that many bytes.
    ///
    /// Errors: as of `PackageNumbers.of`.
    mutating func number(
        _ numbers: inout PackageNumbers,
        _ length: Int
    ) throws(FileError) -> GenerationBlock.Known {
        guard packages.count <= NumberRuns.limit, length <= GenerationLog.limit else {
            throw FileError(.tooBig, "\(packages.count) packages")
        }
        let all = zip(try numbers.of(packages), packages).sorted { $0.0 < $1.0 }
        let asked = Set(roots)
        let places = all.indices.filter { asked.contains(all[$0].1.name) }
        let named = Set(places.map { all[$0].1.name })
        roots.removeAll { named.contains($0) }
        packages = []
        return GenerationBlock.Known(
            length: length,
            numbers: NumberRuns.word(all.map(\.0)),
            roots: NumberRuns.word(places)
        )
    }

    /// The lines behind the hash.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        for root in roots { bytes += "root \(root)\n".utf8 }
        for root in lostRoots { bytes += "-root \(root)\n".utf8 }
        for package in packages { EnvironmentText.write(package, to: &bytes) }
        for package in lostPackages {
            bytes.append(UInt8(ascii: "-"))
            EnvironmentText.write(package, to: &bytes)
        }
        if let rules {
            bytes += (["rules"] + rules.map(\.line)).inRow("\n").utf8 + [10]
        }
        return bytes
    }
}
