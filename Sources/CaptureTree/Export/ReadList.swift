import Archive
public import FileTree

/// What a build has opened below: the paths, each with the packages that it is from.
public struct ReadList: Sendable {
    /// One file.
    public struct Line: Sendable, Hashable {
        /// The package; nil for a file of no package.
        public var package: String?
        /// The path: names parted by `/`, none in front.
        public var path: [UInt8]

        /// The line in raw bytes, without an end: the package or `-`, then the path, odd bytes as
        /// `%XX`.
        public var bytes: [UInt8] {
            Array((package ?? "-").utf8) + [UInt8(ascii: " ")] + PathText.escape(path)
        }
    }

    /// The files, sorted by package and path, those of no package first; one of several packages
    /// is there for each.
    public let lines: [Line]

    /// Lists what `layer` has noted; `owners` tells the packages of a path.
    public init(
        _ layer: Layer,
        owners: (_ path: [UInt8]) throws(FileError) -> [String]
    ) throws(FileError) {
        var lines: Set<Line> = []
        for path in layer.reads {
            let packages = try owners(path)
            if packages.isEmpty { lines.insert(Line(package: nil, path: path)) }
            for package in packages { lines.insert(Line(package: package, path: path)) }
        }
        self.lines = lines.sorted { a, b in
            if a.package != b.package { return (a.package ?? "") < (b.package ?? "") }
            return MemberPath.precedes(a.path, b.path)
        }
    }

    /// The packages that were read from, sorted.
    public var packages: [String] { Set(lines.compactMap(\.package)).sorted() }
}
