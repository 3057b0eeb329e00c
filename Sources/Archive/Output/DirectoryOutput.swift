public import FileTree

/// A directory of the host, as if the package had been unpacked.
public struct DirectoryOutput: OutputFormat {
    /// `dir`.
    public var name: String { "dir" }
    /// Nothing: it is no file.
    public var suffix: String { "" }

    /// Makes the format.
    public init() {}

    /// Writes the files below `path`, which must be missing or empty.
    ///
    /// Lost are holes, and what the caller may not give a file, owners for instance.
    public func write(
        _ draft: Draft,
        to path: String,
        _ options: OutputOptions
    ) throws(FileError) -> OutputReport {
        var report = OutputReport()
        for hole in draft.manifest.holes { report.lose(hole, "a hole") }
        for opaque in draft.manifest.opaques { report.lose(opaque, "opaque") }
        report.losses += try Unpacker.unpack(Package(draft, path: path), to: path)
        return report
    }
}
