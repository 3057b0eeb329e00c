import Archive
import FileTree

extension TableBuilder {
    /// The table as it is on disk and in memory.
    func storage(key: ContentID, _ census: Census, _ flags: TableFlags) -> StoredBytes {
        var parts = parts
        parts.links = linkCounts()
        return parts.storage(key: key, files: census.files, bytes: census.bytes, flags)
    }

    /// The files of several names that have fewer in the view.
    private func linkCounts() -> [LinkCount] {
        hiddenNames.map { key, hidden in
            let index = packages[Int(key.package)].index
            let links = index.inode(key.number).links
            return LinkCount(
                package: key.package,
                inode: key.number,
                names: links > hidden ? links - hidden : 1
            )
        }
        .sorted { ($0.package, $0.inode) < ($1.package, $1.inode) }
    }
}
