import FileTree

/// The control file of a Debian package.
///
/// See deb-control(5).
enum DebControl {
    /// Reads what the manifest wants of it.
    static func read(_ bytes: UnsafeRawBufferPointer) -> ForeignManifest {
        let fields = HeaderFields(bytes)
        var manifest = ForeignManifest()
        manifest.name = fields["Package"] ?? ""
        manifest.version = fields["Version"] ?? ""
        manifest.arch = fields["Architecture"]
        manifest.summary = fields["Description"].map(firstLine)
        manifest.source =
            fields["Source"].map { String($0.prefix { $0 != " " }) } ?? manifest.name
        manifest.run = relations(fields["Pre-Depends"]) + relations(fields["Depends"])
        manifest.provide = relations(fields["Provides"])
        manifest.conflict = relations(fields["Conflicts"]) + relations(fields["Breaks"])
        manifest.replace = relations(fields["Replaces"])
        return manifest
    }

    private static func firstLine(_ text: String) -> String {
        String(text.prefix { $0 != "\n" })
    }

    /// `a (>= 1) | b, c:any`: commas between wishes, bars between ways to fulfil one.
    private static func relations(_ text: String?) -> [String] {
        guard let text else { return [] }
        return text.parts(at: ",").compactMap { wish in
            let ways = wish.parts(at: "|").map { relation(String($0.trimmed)) }
            return ways.isEmpty || ways == [""] ? nil : ways.joined(separator: "|")
        }
    }

    private static func relation(_ text: String) -> String {
        let name = text.prefix { !" \n\t([<:".contains($0) }
        if name.isEmpty { return "" }
        guard let open = text.utf8.firstIndex(of: UInt8(ascii: "(")),
            let close = text.utf8.firstIndex(of: UInt8(ascii: ")")),
            open < close
        else { return Requirement.text(name, "", "") }
        let inside = text[text.utf8.index(after: open)..<close]
        let relation = String(inside.prefix { "<>=".contains($0) })
        let version = String(inside.dropFirst(relation.count).trimmed)
        // ">>" and "<<" are Debian's spelling of strictly later and earlier.
        return Requirement.text(
            name,
            relation == ">>" ? ">" : relation == "<<" ? "<" : relation,
            version
        )
    }
}
