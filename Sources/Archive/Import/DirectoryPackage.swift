public import FileTree
import Glibc

extension Package {
    /// Opens a directory of the host as a package: its names as they are now, its files' bytes as
    /// they are when opened.
    ///
    /// Opened again, it has the names of that moment. Files belong to whom they belong on the
    /// host. Errors: those of the system calls with the path, `.permission` for a file or
    /// directory that may not be read among them; `.malformed` for a manifest that is none.
    public static func openDirectory(
        _ path: String,
        _ options: ImportOptions = ImportOptions()
    ) throws(FileError) -> Package {
        do throws(FileError) {
            let root = try HostDescriptor.openFile(path: path)
            guard try root.typeAndSize().type == .directory else { throw FileError(.notDirectory) }
            let scan = ForeignScan(options)
            let owners = DirectoryScan.Options(keepsOwners: true, checksReadable: true)
            try scan.addAll(below: root, owners)
            let manifest = try scan.manifest("dir", path)
            var builder = IndexBuilder()
            var identity = ListingHash(manifest)
            try scan.table.forEachInOrder(latestTime: nil) { file, _ throws(FileError) in
                try builder.add(file.member)
                identity.add(file.member)
            }
            var archive = IndexBuilder.Archive()
            archive.contentID = identity.finish()
            archive.holes = manifest.holes
            archive.opaques = manifest.opaques
            let index = try Index(spooling: builder.build(archive))
            return Package(
                index: index,
                id: archive.contentID,
                manifest: manifest,
                name: manifest.name ?? "package",
                path: path,
                contents: HostContents(root: root, index: index)
            )
        } catch {
            throw error.at(path)
        }
    }
}

/// The identity of a directory: what the host says of its files, not what is in them.
private struct ListingHash: ~Copyable {
    private var hash = SHA256()

    init(_ manifest: Manifest) { manifest.bytes.withUnsafeBytes { hash.update($0) } }

    mutating func add(_ member: Member) {
        member.path.withUnsafeBytes { hash.update($0) }
        (member.hardLink ?? member.linkTarget).withUnsafeBytes { hash.update($0) }
        let figures = [
            UInt64(member.path.count), UInt64(Mode(member.type, member.permissions).rawValue),
            UInt64(member.uid), UInt64(member.gid), member.size, member.device,
            UInt64(bitPattern: member.modified.seconds), UInt64(member.modified.nanoseconds),
        ].map(\.littleEndian)
        figures.withUnsafeBytes { hash.update($0) }
        for attribute in member.attributes {
            attribute.name.withUnsafeBytes { hash.update($0) }
            attribute.value.withUnsafeBytes { hash.update($0) }
        }
    }

    mutating func finish() -> ContentID { hash.finish() }
}

/// The files of a directory of the host, opened by the paths that its index has.
private final class HostContents: PackageContents {
    private let root: HostDescriptor
    /// For each file the first entry that names it.
    private let entries: [UInt32]

    init(root: HostDescriptor, index: Index) {
        self.root = root
        var entries = [UInt32](repeating: 0, count: index.inodeCount)
        for entry in (0..<UInt32(index.entryCount)).reversed() {
            let inode = Int(index.inodeNumber(entry))
            if inode < entries.count { entries[inode] = entry }
        }
        self.entries = entries
    }

    func open(_ inode: Inode, of package: Package) throws(FileError) -> any OpenFile {
        guard inode.number < entries.count else { throw FileError(.notFound) }
        let path = package.index.path(entries[Int(inode.number)])
        return OpenHostFile(try DirectoryContents.open(path, below: root))
    }
}
