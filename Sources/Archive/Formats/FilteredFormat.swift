import FileTree

/// A compressed stream around a tar or cpio archive: `.tar.*`, `.cpio.*`, apk and pacman packages.
struct FilteredFormat: ForeignFormat {
    let name = "tar"

    private static let magics: [[UInt8]] = [
        [0x1f, 0x8b],  // gzip
        Array("BZh".utf8),
        [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],  // xz
        [0x28, 0xb5, 0x2f, 0xfd],  // zstd
        [0x04, 0x22, 0x4d, 0x18],  // lz4
        Array("LZIP".utf8),
        [0x1f, 0x9d],  // compress
        [0x5d, 0x00, 0x00],  // lzma
    ]

    func matches(_ head: UnsafeRawBufferPointer) -> Bool {
        // A skippable frame of zstd may stand in front.
        Self.magics.contains { head.holds($0) }
            || head.count >= 4 && head[0] & 0xf0 == 0x50 && head.holds([0x2a, 0x4d, 0x18], at: 1)
    }

    func read(_ source: FileSource, into scan: ForeignScan) throws(FileError) {
        let unpacked = Spool()
        let stream = try ArchiveStream(source, as: .filtered, name: "")
        try Self.unpack(stream, into: unpacked)
        let bytes = try unpacked.bytes()
        let archive = SpoolSource(unpacked, called: "tar")
        if TarFormat().matches(bytes) {
            scan.contents = SpoolContents(spool: unpacked)
            try TarFormat.read(archive, into: scan)
        } else if CpioFormat().matches(bytes) {
            scan.format = "cpio"
            try CpioFormat.read(archive, into: scan)
        } else {
            throw FileError.malformed("a compressed file that holds neither tar nor cpio")
        }
    }

    /// Unpacks all of `stream`, as long as it does not grow beyond reason.
    static func unpack(_ stream: ArchiveStream, into spool: Spool) throws(FileError) {
        guard try stream.next() != nil else { throw FileError.malformed("nothing in it") }
        try stream.forEachBlock { block throws(FileError) in
            try spool.append(block)
            try Growth.check(spool.size, from: stream.taken)
        }
    }
}
