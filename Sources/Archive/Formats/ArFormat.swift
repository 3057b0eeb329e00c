import FileTree

/// Plain ar archives, static libraries for instance.
struct ArFormat: ForeignFormat {
    let name = "ar"

    func matches(_ head: UnsafeRawBufferPointer) -> Bool { head.holds("!<arch>\n".utf8) }

    func read(_ source: FileSource, into scan: ForeignScan) throws(FileError) {
        try scan.addAll(of: ArchiveStream(source, as: .ar, name: ""), owners: .root)
    }
}
