import FileTree

/// 7-Zip archives.
struct SevenZipFormat: ForeignFormat {
    let name = "7z"

    func matches(_ head: UnsafeRawBufferPointer) -> Bool {
        head.holds([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c])
    }

    func read(_ source: FileSource, into scan: ForeignScan) throws(FileError) {
        try scan.addAll(of: ArchiveStream(source, as: .sevenZip, name: ""), owners: .root)
    }
}
