extension RPMHeader {
    /// What the manifest wants of the header.
    var manifest: ForeignManifest {
        var manifest = ForeignManifest()
        manifest.name = string(.name) ?? ""
        let release = string(.release).map { "-\($0)" } ?? ""
        let epoch = numbers(.epoch).first.map { "\($0):" } ?? ""
        manifest.version = epoch + (string(.version) ?? "") + release
        manifest.arch = string(.arch)
        manifest.license = string(.license)
        manifest.summary = string(.summary)
        manifest.source = string(.sourcePackage) ?? manifest.name
        manifest.run = relations(.requireName, .requireFlags, .requireVersion)
        manifest.provide = relations(.provideName, .provideFlags, .provideVersion)
        manifest.conflict = relations(.conflictName, .conflictFlags, .conflictVersion)
        manifest.replace = relations(.obsoleteName, .obsoleteFlags, .obsoleteVersion)
        let scripts: [(Tag, String)] = [
            (.preInstall, "prein"), (.postInstall, "postin"), (.preUninstall, "preun"),
            (.postUninstall, "postun"), (.triggerScripts, "trigger"),
            (.preTransaction, "pretrans"), (.postTransaction, "posttrans"),
        ]
        manifest.scripts = scripts.filter { !strings($0.0).isEmpty }.map(\.1)
        return manifest
    }

    /// One wish a line, each once: rpm repeats a library for every version of a symbol.
    private func relations(_ names: Tag, _ flags: Tag, _ versions: Tag) -> [String] {
        let flags = numbers(flags)
        let versions = strings(versions)
        var seen: Set<String> = []
        var result: [String] = []
        for (number, bytes) in strings(names).enumerated() {
            let name = String(decoding: bytes, as: UTF8.self)
            // What rpm itself must be able to do, and what only its scripts need.
            if name.utf8.starts(with: "rpmlib(".utf8) || name.utf8.starts(with: "config(".utf8) {
                continue
            }
            let version = number < versions.count ? versions[number] : []
            let relation = number < flags.count ? Self.relation(flags[number]) : ""
            let text = Requirement.text(
                Self.capability(name),
                relation,
                relation.isEmpty ? "" : String(decoding: version, as: UTF8.self)
            )
            if seen.insert(text).inserted { result.append(text) }
        }
        return result
    }

    /// The corresponding constants are `RPMSENSE_LESS`, `RPMSENSE_GREATER`, `RPMSENSE_EQUAL`.
    private static func relation(_ flags: UInt32) -> String {
        (flags & 2 != 0 ? "<" : "") + (flags & 4 != 0 ? ">" : "") + (flags & 8 != 0 ? "=" : "")
    }

    /// `libm.so.6(GLIBC_2.29)(64bit)` is the library, `pkgconfig(x)` has a kind in front.
    private static func capability(_ name: String) -> String {
        guard let open = name.utf8.firstIndex(of: UInt8(ascii: "(")), name.first != "/",
            name.first != "("
        else {
            return name.contains(".so") && name.first != "/" ? "so:\(name)" : name
        }
        let outer = name[..<open]
        if outer.contains(".so") { return "so:\(outer)" }
        let inner = name[name.utf8.index(after: open)...].prefix { $0 != ")" }
        return inner.isEmpty || inner.contains("-bit") || ["x86-64", "x86-32"].contains(inner)
            ? String(outer) : "\(outer):\(inner)"
    }
}
