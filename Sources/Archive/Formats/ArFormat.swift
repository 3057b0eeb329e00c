import FileTree

/// Plain ar archives, static libraries for instance.
struct ArFormat: ForeignFormat {
    let name = "ar"

    func matches(_ head: UnsafeRawBufferPointer) -> Bool { head.holds("!<arch>\n".utf8) }

    func read(_ source: FileSource, into scan: ForeignScan) throws(FileError) {
        // A package that was cut off behind the magic number looks like an archive of nothing.
        guard source.size > 8 else { throw FileError.malformed("offset 8: no member") }
        try scan.addAll(of: ArchiveStream(source, as: .ar, name: ""), owners: .root)
    }
}
