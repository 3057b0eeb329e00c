public import Archive
public import FileTree

/// What a layer has changed, ready to be written as an archive.
///
/// Equal trees over equal bases give equal archives: members are sorted, no file is later than the
/// options say, nobody's own number is on a file. Every file is listed under all of its names.
/// Directories are listed when they were made or when their attributes have changed; what is only
/// on the way to a change is implied. A directory that the lower tree had before has the latest
/// time: when names came and went in it is no part of what a build made.
public struct Export: Sendable {
    /// The archive.
    public let draft: Draft
    /// What is not in it as it is in the view, with the reason.
    public let warnings: [Unpacker.Loss]

    /// Finds out what a layer has changed; it should be sealed.
    ///
    /// No file is read but those that may be as they were before. Errors: `.inputOutput` for a
    /// lower file that was changed underneath, with its path; those of reading.
    public init(
        _ tree: CaptureTree,
        _ options: ExportOptions = ExportOptions()
    ) throws(FileError) {
        var builder = try ExportBuilder(tree, options)
        try builder.addMembers()
        draft = try builder.draft()
        warnings = builder.warnings
    }

    /// The archive as a package, to be put over the base again, or unpacked.
    public func package() throws(FileError) -> Package { try Package(draft, path: "export") }

    /// Writes the archive to `path`, which has its name only once it is whole; returns what the
    /// format could not say, and what is not in the archive.
    public func write(
        _ format: any OutputFormat,
        to path: String,
        _ options: OutputOptions = OutputOptions()
    ) throws(FileError) -> OutputReport {
        var report = try format.write(draft, to: path, options)
        report.losses = warnings + report.losses
        return report
    }
}
