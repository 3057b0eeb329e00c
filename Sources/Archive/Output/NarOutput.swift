public import FileTree

/// Nix's archive: one tree of files, links and directories, and of their attributes no more than
/// whether a file may be run.
///
/// The text of the format is `nix-archive-1`, then an object in parentheses; each word is its
/// length in 8 bytes, lowest first, its bytes, and zeros up to a multiple of 8. A directory's
/// entries are sorted by the bytes of their names.
public struct NarOutput: StreamFormat {
    /// `nar`.
    public var name: String { "nar" }
    /// `nar`.
    public var suffix: String { "nar" }

    /// Makes the format.
    public init() {}

    /// Writes a nar whose root is a directory.
    ///
    /// Lost, and reported, are holes, devices, owners, set-id bits, attributes and hard links,
    /// whose names become files of their own; lost without a word are times and the rest of the
    /// permissions, which no nar has.
    public func write(
        _ draft: Draft,
        to descriptor: Int32,
        _ options: OutputOptions
    ) throws(FileError) -> OutputReport {
        let order = NarOrder(draft)
        var writer = NarWriter(draft, order, descriptor)
        var report = OutputReport(id: try writer.write())
        for hole in draft.manifest.holes { report.lose(hole, "a hole") }
        for opaque in draft.manifest.opaques { report.lose(opaque, "opaque") }
        report.losses += order.losses
        return report
    }
}
