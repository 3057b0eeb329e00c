public import FileTree
import Glibc

/// Makes a native package of a foreign archive or a directory.
public struct Packer {
    /// What came of it.
    public struct Report: Sendable {
        /// The package's identity.
        public var id = ContentID()
        /// What the package says of itself.
        public var manifest = Manifest()
        /// How many names it has.
        public var entryCount = 0
        /// Names that the archive has more than once; the last counts.
        public var replaced: [[UInt8]] = []
    }

    private let table: MemberTable
    private let contents: any ContentStore
    private let manifest: Manifest
    private let latestTime: Int64?

    /// Packs the archive or directory `path` to a file, which has its name only once it is whole.
    ///
    /// Errors: `.malformed` with the file, the member and the reason; those of reading and
    /// writing. Then nothing has been made.
    public static func pack(
        _ path: String,
        to output: String,
        _ options: ImportOptions = ImportOptions()
    ) throws(FileError) -> Report {
        let file = try NewFile(for: output)
        let report = try pack(path, to: file.descriptor, options)
        try file.commit()
        return report
    }

    /// Packs the archive or directory `path` to an empty file, open for writing at its start.
    public static func pack(
        _ path: String,
        to descriptor: Int32,
        _ options: ImportOptions = ImportOptions()
    ) throws(FileError) -> Report {
        do throws(FileError) {
            return try Self(path, options).write(to: descriptor, options)
        } catch {
            throw error.at(path)
        }
    }

    /// The identity of the package that the archive or directory `path` would become.
    public static func identity(
        of path: String,
        _ options: ImportOptions = ImportOptions()
    ) throws(FileError) -> ContentID {
        do throws(FileError) {
            let packer = try Self(path, options)
            var writer = try PackageWriter(
                sink: NoSink(),
                descriptor: -1,
                manifest: packer.manifest
            )
            try packer.append(to: &writer, options)
            return try writer.finishIndex().0
        } catch {
            throw error.at(path)
        }
    }

    private init(_ path: String, _ options: ImportOptions) throws(FileError) {
        let file = try HostDescriptor.openFile(path: path)
        let (type, size) = try file.typeAndSize()
        switch type {
        case .directory: try self.init(directory: file, path, options)
        case .regular: try self.init(archive: file, size, path, options)
        default: throw FileError(.invalid, "neither a file nor a directory")
        }
    }

    private init(
        directory: HostDescriptor,
        _ path: String,
        _ options: ImportOptions
    ) throws(FileError) {
        let scan = ForeignScan(options)
        // Who made the directory is nobody's business.
        let owners = DirectoryScan.Options(keepsOwners: false, checksReadable: false)
        try scan.addAll(below: directory, owners)
        try self.init(scan, "dir", path)
    }

    private init(
        archive: HostDescriptor,
        _ size: UInt64,
        _ path: String,
        _ options: ImportOptions
    ) throws(FileError) {
        let source = FileSource(archive, size: size, progress: options.progress)
        let scan = ForeignScan(options)
        let format = try ForeignFormats.matching(source)
        try format.read(source, into: scan)
        try self.init(scan, scan.format ?? format.name, path)
    }

    private init(
        _ scan: ForeignScan,
        _ format: String,
        _ path: String
    ) throws(FileError) {
        table = scan.table
        contents = scan.contents
        latestTime = scan.options.latestTime
        manifest = try scan.manifest(format, path)
    }

    private func write(
        to descriptor: Int32,
        _ options: ImportOptions
    ) throws(FileError) -> Report {
        var writer = try PackageWriter(to: descriptor, manifest: manifest, level: options.level)
        try append(to: &writer, options)
        var report = Report()
        report.id = try writer.finish()
        report.manifest = manifest
        report.entryCount = table.count
        report.replaced = table.replaced
        return report
    }

    private func append(
        to writer: inout PackageWriter,
        _ options: ImportOptions
    ) throws(FileError) {
        // A file is read with its own progress, the files of a directory are counted here.
        let progress = contents is DirectoryContents ? options.progress : nil
        let total = table.files.reduce(0) { $0 &+ $1.member.storedSize }
        var done: UInt64 = 0
        try table.forEachInOrder(latestTime: latestTime) { file, isFirst throws(FileError) in
            try writer.append(file.member)
            guard isFirst, file.member.type == .regular else { return }
            try contents.show(file) { bytes throws(FileError) in
                try writer.write(bytes)
                done &+= UInt64(bytes.count)
                progress?.report(done, of: total)
            }
        }
    }
}

/// Takes the frames of a package of which nothing but the identity is wanted.
private final class NoSink: FrameSink {
    func take(_ bytes: UnsafeRawBufferPointer) throws(FileError) {}

    func finish() throws(FileError) -> [FramePlace] { [] }
}
