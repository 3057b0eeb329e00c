import FileTree

/// Zip archives, Python wheels among them, by the directory at their end.
///
/// A wheel's files keep the paths they have in it.
struct ZipFormat: ForeignFormat {
    let name = "zip"

    func matches(_ head: UnsafeRawBufferPointer) -> Bool {
        head.holds([0x50, 0x4b, 3, 4]) || head.holds([0x50, 0x4b, 5, 6])
    }

    func read(_ source: FileSource, into scan: ForeignScan) throws(FileError) {
        try scan.addAll(of: ArchiveStream(source, as: .zip, name: ""), owners: .root)
        try ZipTimes.forEach(of: source) { name, time in
            // A name that is none belongs to no member.
            guard let path = try? MemberPath.normalize(name) else { return }
            scan.table.change(path) { $0.member.modified = time }
        }
        let folder = Array(".dist-info/METADATA".utf8)
        let slash = UInt8(ascii: "/")
        let metadata = scan.table.paths.first { path in
            path.suffix(folder.count).elementsEqual(folder)
                && path.firstIndex(of: slash) == path.lastIndex(of: slash)
        }
        guard let metadata, let file = scan.table.file(metadata) else { return }
        scan.format = "whl"
        scan.foreign = try scan.contents.small(file.member, at: file.place, WheelMetadata.read)
    }
}
