import FileTree

/// RPM packages: their own headers around a compressed cpio.
///
/// libarchive reads the payload; what is known of the package, and of the files' owners and
/// capabilities, is in the main header, which it passes over.
struct RPMFormat: ForeignFormat {
    let name = "rpm"

    func matches(_ head: UnsafeRawBufferPointer) -> Bool { head.holds([0xed, 0xab, 0xee, 0xdb]) }

    func read(_ source: FileSource, into scan: ForeignScan) throws(FileError) {
        let header = try RPMHeader.read(from: source)
        scan.foreign = header.manifest
        let stream = try ArchiveStream(source, as: .rpm, name: "payload")
        try scan.addAll(of: stream, owners: .root)
        for file in try header.files() {
            scan.table.change(file.path) { known in
                known.member.userName = file.user
                known.member.groupName = file.group
                // Once a name: those of a hard link are the same file's.
                if let capabilities = file.capabilities {
                    known.member.attributes = [capabilities]
                }
            }
        }
    }
}
