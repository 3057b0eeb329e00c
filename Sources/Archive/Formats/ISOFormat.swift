import FileTree

/// ISO 9660 images, with Rock Ridge or Joliet names where they have them.
struct ISOFormat: ForeignFormat {
    let name = "iso"

    func matches(_ head: UnsafeRawBufferPointer) -> Bool { head.holds("CD001".utf8, at: 32769) }

    func read(_ source: FileSource, into scan: ForeignScan) throws(FileError) {
        try scan.addAll(of: ArchiveStream(source, as: .iso, name: ""), owners: .kept)
    }
}
