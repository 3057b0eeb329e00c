import FileTree

/// Debian packages: an ar archive with a tar of metadata and a tar of files, each compressed.
///
/// See deb(5).
struct DebFormat: ForeignFormat {
    let name = "deb"

    /// Scripts that dpkg would run.
    private static let scripts = ["config", "postinst", "postrm", "preinst", "prerm"]

    func matches(_ head: UnsafeRawBufferPointer) -> Bool {
        head.holds("!<arch>\ndebian-binary".utf8)
    }

    func read(_ source: FileSource, into scan: ForeignScan) throws(FileError) {
        let outer = try ArchiveStream(source, as: .ar, name: "")
        var hasFiles = false
        while let entry = try outer.next() {
            let name = String(decoding: entry.path, as: UTF8.self)
            if name == "debian-binary" {
                let version = try outer.nextBlock()
                guard version.holds("2.".utf8) else {
                    throw FileError.malformed("debian-binary: not version 2 of the format")
                }
            } else if name.utf8.starts(with: "control.tar".utf8), scan.foreign == nil {
                scan.foreign = try Self.control(outer, name)
            } else if name.utf8.starts(with: "data.tar".utf8), !hasFiles {
                try Self.unpack(outer, name, into: scan.spool)
                hasFiles = true
            }
        }
        guard scan.foreign != nil else { throw FileError.malformed("control.tar: missing") }
        guard hasFiles else { throw FileError.malformed("data.tar: missing") }
        try TarFormat.read(SpoolSource(scan.spool, called: "data.tar"), into: scan)
    }

    /// Unpacks the part that `outer` stands at.
    private static func unpack(
        _ outer: ArchiveStream,
        _ name: String,
        into spool: Spool
    ) throws(FileError) {
        do throws(FileError) {
            let stream = try ArchiveStream(outer, as: .filtered, name: "")
            try FilteredFormat.unpack(stream, into: spool)
        } catch {
            throw error.at(name)
        }
    }

    private static func control(
        _ outer: ArchiveStream,
        _ name: String
    ) throws(FileError) -> ForeignManifest {
        // The same way as any tar's, into a table that is thrown away.
        let inner = ForeignScan(ImportOptions())
        try unpack(outer, name, into: inner.spool)
        try TarFormat.read(SpoolSource(inner.spool, called: name), into: inner)
        guard let control = inner.table.file(Array("control".utf8)) else {
            throw FileError.malformed("\(name): no control file in it")
        }
        var manifest = try inner.contents.small(control.member, at: control.place, DebControl.read)
        guard !manifest.name.isEmpty, !manifest.version.isEmpty else {
            throw FileError.malformed("\(name): control: no Package or no Version")
        }
        manifest.scripts = scripts.filter { inner.table.file(Array($0.utf8)) != nil }
        return manifest
    }
}
