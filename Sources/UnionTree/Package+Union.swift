import Archive

extension Package {
    /// The packages whose files this one's replace where both have a path.
    ///
    /// A wish for certain versions counts only when it asks for one alone: which is earlier of
    /// two versions is not known here.
    var replaced: [(name: String, version: String?)] {
        manifest.all("replace").compactMap { wish in
            let name = wish.prefix { !"<>=~!| ".contains($0) }
            let rest = wish.dropFirst(name.count)
            if rest.isEmpty { return (String(name), nil) }
            guard rest.first == "=" else { return nil }
            return (String(name), String(rest.dropFirst()))
        }
    }

    /// Whether it comes of Debian's format, and so expects a merged /usr.
    var isDebian: Bool {
        manifest.first("origin")?.split(separator: " ").first == "deb"
    }
}
