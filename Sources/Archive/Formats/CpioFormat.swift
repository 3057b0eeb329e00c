import FileTree

/// cpio archives: the new format with and without sums, the old portable one, and the binary one.
struct CpioFormat: ForeignFormat {
    let name = "cpio"

    func matches(_ head: UnsafeRawBufferPointer) -> Bool {
        head.holds("070701".utf8) || head.holds("070702".utf8) || head.holds("070707".utf8)
            || head.holds([0xc7, 0x71]) || head.holds([0x71, 0xc7])
    }

    func read(_ source: FileSource, into scan: ForeignScan) throws(FileError) {
        try Self.read(source, into: scan)
    }

    /// Reads one from any source.
    static func read(_ source: any ByteSource, into scan: ForeignScan) throws(FileError) {
        try scan.addAll(of: ArchiveStream(source, as: .cpio, name: ""), owners: .kept)
    }
}
