package import Archive
package import CaptureTree
package import FileTree
import UnionTree

extension Capture {
    /// The packages that it lies over.
    package var packages: [Package] { environment.tree.packages }

    /// The packages with what has changed in them, and the rest as a package called `rest`.
    ///
    /// Errors: `.unsupported` for a view of some packages alone or of a part of them.
    package func moveDown(rest: String?) throws(FileError) -> MoveDown {
        guard base.only.isEmpty, base.sub.isEmpty else {
            throw FileError(.unsupported, "down: only= and sub= show less than the packages")
        }
        let packages = packages
        let union = environment.tree
        let below = environment.below
        return try MoveDown(
            export(name: rest),
            named: rest ?? id,
            below: packages
        ) { (path) throws(FileError) in
            var place = MoveDown.Place(owners: [])
            let owners = Set(union.owners(of: try UnionPath(path)).map(\.id))
            for (number, package) in packages.enumerated() where owners.contains(package.id) {
                place.owners.append((number, base.path(path, in: package)))
            }
            place.isInBase = try below?.node(atPath: path) != nil
            return place
        }
    }

    /// A package of a move-down.
    package struct NewPackage: Sendable {
        /// What it is called, as no other of them.
        package var name: String
        /// What it holds; nil for one in which nothing has changed.
        package var draft: Draft?
        /// How it is written, so that what is unchanged is not compressed again.
        package var format: PackageOutput
    }

    /// The packages with what has changed in them, and the rest as one more.
    ///
    /// Errors: those of `moveDown`.
    package func newPackages(rest: String?) throws(FileError) -> [NewPackage] {
        let moved = try moveDown(rest: rest)
        var new: [NewPackage] = []
        var names: Set<String> = []
        for (number, package) in packages.enumerated() {
            let draft = moved.versions[number]
            let name = draft == nil ? package.name : Self.own(package.name, &names)
            let format = PackageOutput(reusing: package)
            new.append(NewPackage(name: name, draft: draft, format: format))
        }
        if let draft = moved.rest {
            let name = Self.own(rest ?? id, &names)
            new.append(NewPackage(name: name, draft: draft, format: PackageOutput()))
        }
        return new
    }

    /// A name for a file that none of `names` is.
    private static func own(_ name: String, _ names: inout Set<String>) -> String {
        let first = PackageName.isLegal(name) ? name : "rest"
        var own = first
        var number = 2
        while !names.insert(own).inserted {
            own = "\(first).\(number)"
            number += 1
        }
        return own
    }
}

extension LayerBase {
    /// What a package calls a path, which aliases may have moved to where it is seen.
    func path(_ path: [UInt8], in package: Archive.Package) -> [UInt8] {
        if package.index.entry(atPath: path) != nil { return path }
        let slash = UInt8(ascii: "/")
        let merged = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"].map {
            (Array($0.utf8), Array("usr/\($0)".utf8))
        }
        let own = options.compactMap { option -> ([UInt8], [UInt8])? in
            let words = option.parts(at: "=", maxSplits: 1)
            let sides = words.last?.parts(at: ":", maxSplits: 1) ?? []
            guard words.first == "alias", sides.count == 2 else { return nil }
            return (PathText.unescape(sides[0].utf8), PathText.unescape(sides[1].utf8))
        }
        for (from, to) in own + merged {
            let from = Array(from.split(separator: slash).joined(separator: [slash]))
            let to = Array(to.split(separator: slash).joined(separator: [slash])) + [slash]
            guard path.starts(with: to) else { continue }
            let other = from + [slash] + path.dropFirst(to.count)
            if package.index.entry(atPath: other) != nil { return other }
        }
        return path
    }
}
