import FileTree

/// What a file's name tells of a package that says nothing itself.
package enum ArchiveFileName {
    private static let endings = [
        ".pkg.tar", ".pak.tar", ".tar", ".cpio", ".zip", ".whl", ".7z", ".iso", ".deb", ".rpm",
        ".apk", ".a", ".ar", ".tgz", ".txz", ".tbz2", ".tbz", ".tzst", ".pak",
    ]
    private static let filters = [".gz", ".xz", ".zst", ".bz2", ".lz4", ".lzma", ".lz", ".Z"]

    /// Whether a name ends as archives' do.
    package static func isOne(_ name: String) -> Bool {
        let filter = filters.first { name.hasSuffix($0) } ?? ""
        let stem = name.dropLast(filter.count)
        return endings.contains { stem.hasSuffix($0) && stem.utf8.count > $0.utf8.count }
    }

    /// Reads `NAME-VERSION` off the last component of a path, without its endings; a name with no
    /// version has version 0.
    static func read(_ path: String) -> ForeignManifest {
        var name = String(path.parts(at: "/").last ?? "")
        for filter in filters where name.hasSuffix(filter) {
            name.removeLast(filter.count)
            break
        }
        for ending in endings where name.hasSuffix(ending) {
            name.removeLast(ending.count)
            break
        }
        var manifest = ForeignManifest()
        manifest.version = "0"
        manifest.name = name
        let hyphens = name.indices.dropFirst().filter { name[$0] == "-" }
        for hyphen in hyphens {
            let version = name[name.utf8.index(after: hyphen)...]
            if version.first?.isNumber == true {
                manifest.name = String(name[..<hyphen])
                manifest.version = String(version)
                break
            }
        }
        return manifest
    }
}
