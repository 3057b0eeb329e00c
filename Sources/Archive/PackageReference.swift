/// Finds an open native package again for as long as somebody has it, and does not keep it.
///
/// It knows what the package is made of, and gives another one of the same parts. Whoever is known
/// weakly himself has his users counted slowly from then on, and those of a thousand packages are
/// counted whenever one comes to them.
package struct PackageReference: Sendable {
    private weak var contents: FramedContents?
    private let manifest: Manifest

    /// Makes one; nil of a package that is not native.
    package init?(_ package: Package) {
        guard let contents = package.contents as? FramedContents else { return nil }
        self.contents = contents
        manifest = package.manifest
    }

    /// Whether nobody has the package any more.
    package var isGone: Bool { contents == nil }

    /// Whether it is that package which is found.
    package func isOf(_ package: Package) -> Bool {
        contents.map { $0 === package.contents } == true
    }

    /// The package; nil where nobody has it any more.
    package var package: Package? { contents.map { Package($0, manifest) } }
}

extension Package {
    /// Makes a native package of its parts.
    convenience init(_ contents: FramedContents, _ manifest: Manifest) {
        self.init(
            index: contents.index,
            id: contents.index.contentID,
            manifest: manifest,
            name: manifest.name ?? Self.stem(contents.file.path),
            path: contents.file.path,
            contents: contents
        )
    }
}
