import FileTree

extension ForeignManifest {
    /// The manifest that a package made of it gets.
    ///
    /// `format` is the word in front of the origin. What a package provides is left out from where
    /// the manifest would be too long: a kernel names thousands of symbols.
    func manifest(
        format: String,
        ownsDirectories: Bool,
        holes: Set<[UInt8]> = [],
        opaques: Set<[UInt8]> = []
    ) throws(FileError) -> Manifest {
        var text: [UInt8] = []
        func add(_ key: String, _ value: String?) {
            // One line: a licence may have paragraphs.
            let words = (value ?? "").split { $0.isWhitespace }.joined(separator: " ")
            let bytes = PathText.escape(words.utf8) { $0 < 0x20 || $0 == 0x7f || $0 == 0x25 }
            if !bytes.isEmpty { text += Array(key.utf8) + [0x20] + bytes.prefix(4096) + [0x0a] }
        }
        add("name", PackageName.legal(name))
        add("version", version.isEmpty ? "0" : version)
        add("arch", arch)
        add("license", license)
        add("summary", summary)
        add("origin", source.map { "\(format) \($0)" } ?? format)
        if !ownsDirectories { add("directories", "any") }
        for (key, values) in [("run", run), ("conflict", conflict), ("replace", replace)] {
            for value in values { add(key, value) }
        }
        for script in scripts { add("script", script) }
        for (key, paths) in [("hole", holes), ("opaque", opaques)] {
            for path in paths {
                text += Array(key.utf8) + [0x20] + PathText.escape(path) + [0x0a]
            }
        }
        for value in provide where text.count + value.utf8.count < Manifest.foreignLimit - 4096 {
            add("provide", value)
        }
        return try Manifest(text)
    }
}
