import FileTree

/// Plain tar archives.
struct TarFormat: ForeignFormat {
    let name = "tar"

    func matches(_ head: UnsafeRawBufferPointer) -> Bool { head.holds("ustar".utf8, at: 257) }

    func read(_ source: FileSource, into scan: ForeignScan) throws(FileError) {
        throw FileError(.unsupported, "tar")
    }

    static func read(_ bytes: UnsafeRawBufferPointer, into scan: ForeignScan) throws(FileError) {
        throw FileError(.unsupported, "tar")
    }
}
