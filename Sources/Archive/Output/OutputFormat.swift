public import FileTree

/// A form in which a draft is written out.
public protocol OutputFormat: Sendable {
    /// What the format is called.
    var name: String { get }
    /// What its files' names end in, without a dot in front; empty for a directory.
    var suffix: String { get }

    /// Writes a draft to `path`, which has its name only once it is whole; returns what the
    /// format could not say.
    ///
    /// Errors: those of reading the members, with their paths; those of writing. Then nothing has
    /// been made.
    func write(
        _ draft: Draft,
        to path: String,
        _ options: OutputOptions
    ) throws(FileError) -> OutputReport
}

/// How an archive is written.
public struct OutputOptions: Sendable {
    /// zstd's level, 1 to 22, where the format is compressed.
    public var level: Int32 = 3

    /// Makes the everyday options.
    public init() {}
}

/// What came of writing a draft.
public struct OutputReport: Sendable {
    /// The identity of what was written: of a package that of its tar, of all else the SHA-256 of
    /// the file; nil for a directory.
    public var id: ContentID?
    /// What could not be said of a member, owners in a nar for instance.
    public var losses: [Unpacker.Loss] = []

    /// Makes a report of nothing lost.
    public init(id: ContentID? = nil) { self.id = id }

    mutating func lose(_ path: [UInt8], _ what: String) {
        losses.append(Unpacker.Loss(path: path, what: what))
    }
}

/// All formats in which a draft is written.
public enum OutputFormats {
    /// In the order in which people are told of them.
    public static let all: [any OutputFormat] = [
        PackageOutput(), TarOutput(), OCIOutput(), NarOutput(), DirectoryOutput(),
    ]

    /// The format of that name.
    ///
    /// Errors: `.invalid` with the names there are.
    public static func named(_ name: String) throws(FileError) -> any OutputFormat {
        guard let format = all.first(where: { $0.name == name }) else {
            let known = all.map(\.name).joined(separator: ", ")
            throw FileError(.invalid, "\(name): no format; there are \(known)")
        }
        return format
    }
}

/// A format that is one file, written from its start to its end.
public protocol StreamFormat: OutputFormat {
    /// Writes a draft to an empty file, open for writing at its start, or to a pipe.
    func write(
        _ draft: Draft,
        to descriptor: Int32,
        _ options: OutputOptions
    ) throws(FileError) -> OutputReport
}

extension StreamFormat {
    /// Writes the file, and gives it its name when it is on the disk.
    public func write(
        _ draft: Draft,
        to path: String,
        _ options: OutputOptions
    ) throws(FileError) -> OutputReport {
        let file = try NewFile(for: path)
        let report = try write(draft, to: file.descriptor, options)
        try file.commit()
        return report
    }
}
