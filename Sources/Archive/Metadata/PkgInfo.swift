/// The `.PKGINFO` of apk and pacman packages: `key = value` lines.
enum PkgInfo {
    /// Reads what the manifest wants of it; nil when no package is named in it.
    static func read(_ bytes: UnsafeRawBufferPointer) -> ForeignManifest? {
        var manifest = ForeignManifest()
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let text = String(decoding: line, as: UTF8.self)
            guard text.first != "#", let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) else {
                continue
            }
            let value = String(text[text.utf8.index(after: equals)...].trimmed)
            switch text[..<equals].trimmed {
            case "pkgname": manifest.name = value
            case "pkgver": manifest.version = value
            case "arch": manifest.arch = value
            case "license": manifest.license = [manifest.license, value].joined(" AND ")
            case "pkgdesc": manifest.summary = value
            case "origin", "pkgbase": manifest.source = value
            case "depend" where value.first == "!":
                manifest.conflict.append(Requirement.parsed(value.dropFirst()))
            case "depend": manifest.run.append(Requirement.parsed(value))
            case "provides": manifest.provide.append(Requirement.parsed(value))
            case "conflict": manifest.conflict.append(Requirement.parsed(value))
            case "replaces": manifest.replace.append(Requirement.parsed(value))
            default: break
            }
        }
        return manifest.name.isEmpty ? nil : manifest
    }
}

extension [String?] {
    fileprivate func joined(_ separator: String) -> String {
        compactMap(\.self).joined(separator: separator)
    }
}
