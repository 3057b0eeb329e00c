import FileTree

/// Tar archives, which are read by our own reader; apk and pacman packages are such, with a
/// `.PKGINFO` among their first members.
struct TarFormat: ForeignFormat {
    let name = "tar"

    func matches(_ head: UnsafeRawBufferPointer) -> Bool {
        guard head.count >= TarEncoder.blockSize else { return false }
        let block = TarBlock(UnsafeRawBufferPointer(rebasing: head[..<TarEncoder.blockSize]))
        if block.hasChecksum { return true }
        // An empty tar is its end alone, in one record of GNU tar's or without padding.
        return [1024, 10240].contains(head.count) && head.allSatisfy { $0 == 0 }
    }

    func read(_ source: FileSource, into scan: ForeignScan) throws(FileError) {
        scan.contents = FileContents(source: source)
        try Self.read(source as any TarSource, into: scan)
    }

    /// Reads a tar whose stored bytes are where `scan` looks for contents.
    static func read(_ source: any TarSource, into scan: ForeignScan) throws(FileError) {
        var reader = TarReader(source)
        while let member = try reader.read() {
            if member.path == Manifest.path {
                scan.own = try scan.contents.small(member, at: reader.dataOffset) {
                    bytes throws(FileError) in try Manifest(bytes)
                }
            } else {
                try scan.add(member, at: reader.dataOffset)
            }
        }
        try readPackageInfo(of: scan)
    }

    /// Reads what apk and pacman packages say about themselves, and takes it out of the files.
    private static func readPackageInfo(of scan: ForeignScan) throws(FileError) {
        guard let file = scan.table.file(Array(".PKGINFO".utf8)),
            let manifest = try scan.contents.small(file.member, at: file.place, PkgInfo.read)
        else { return }
        let own = scan.table.paths.filter { path in
            path.first == UInt8(ascii: ".") && !path.contains(UInt8(ascii: "/"))
                && isOwn(String(decoding: path, as: UTF8.self))
        }
        scan.foreign = manifest
        scan.foreign?.scripts = own.map { String(decoding: $0, as: UTF8.self) }.filter {
            scripts.contains($0)
        }.sorted().map { String($0.dropFirst()) }
        scan.format = own.contains(Array(".BUILDINFO".utf8)) ? "pacman" : "apk"
        for path in own { scan.table.remove(path) }
    }

    private static let scripts = [
        ".INSTALL", ".pre-install", ".post-install", ".pre-upgrade", ".post-upgrade",
        ".pre-deinstall", ".post-deinstall", ".trigger",
    ]

    private static func isOwn(_ name: String) -> Bool {
        scripts.contains(name) || name.utf8.starts(with: ".SIGN.".utf8)
            || [".PKGINFO", ".MTREE", ".BUILDINFO", ".CHANGELOG"].contains(name)
    }
}
