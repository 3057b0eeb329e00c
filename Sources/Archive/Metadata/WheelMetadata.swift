import FileTree

/// The METADATA file of a Python wheel.
enum WheelMetadata {
    /// Reads what the manifest wants of it.
    ///
    /// What is wanted only with an extra, or in another environment, is left out: a manifest
    /// knows no conditions.
    static func read(_ bytes: UnsafeRawBufferPointer) -> ForeignManifest {
        let fields = HeaderFields(bytes)
        var manifest = ForeignManifest()
        manifest.name = fields["Name"].map(normalized) ?? ""
        manifest.version = fields["Version"] ?? ""
        manifest.summary = fields["Summary"].map { String($0.prefix { $0 != "\n" }) }
        manifest.license = fields["License-Expression"] ?? fields["License"]
        manifest.source = manifest.name
        for wish in fields.all("Requires-Dist") where !wish.contains(";") {
            let name = wish.prefix { $0.isLetter || $0.isNumber || "._-".contains($0) }
            var rest = wish.dropFirst(name.count).trimmed
            if rest.first == "[", let close = rest.utf8.firstIndex(of: UInt8(ascii: "]")) {
                rest = rest[rest.utf8.index(after: close)...].trimmed
            }
            let ranges = rest.filter { $0 != "(" && $0 != ")" }.parts(at: ",")
            if ranges.isEmpty { manifest.run.append(normalized(String(name))) }
            // All must hold, and each line of a manifest must.
            for range in ranges {
                manifest.run.append(Requirement.parsed(normalized(String(name)) + range.trimmed))
            }
        }
        return manifest
    }

    /// Runs of `-`, `_` and `.` are one hyphen, capitals small: Python's own rule for names.
    private static func normalized(_ name: String) -> String {
        var result = ""
        for character in name.lowercased() {
            if "-_.".contains(character) {
                if result.last != "-" { result.append("-") }
            } else {
                result.append(character)
            }
        }
        return result
    }
}
