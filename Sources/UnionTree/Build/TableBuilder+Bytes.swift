import Archive
import FileTree

extension TableBuilder {
    /// The table as it is on disk and in memory.
    func storage(key: ContentID, _ census: Census) -> StoredBytes {
        let links = linkCounts()
        let counts = [
            records.count, entries.count, slots.count, owners.count, extras.count, links.count,
            heap.count,
        ]
        var offsets: [Int] = []
        var size = TableLayout.headerSize
        for (number, count) in counts.enumerated() {
            offsets.append(size)
            let record = TableLayout.Section(rawValue: number)?.recordSize ?? 1
            size += (count * record + 7) & ~7
        }
        return StoredBytes(count: size) { bytes in
            bytes.storeBytes(of: TableLayout.magic, as: UInt64.self)
            bytes.storeBytes(of: TableLayout.version, toByteOffset: 8, as: UInt32.self)
            bytes.storeBytes(of: UInt64(size), toByteOffset: 16, as: UInt64.self)
            for (number, byte) in key.bytes.enumerated() {
                bytes[TableLayout.keyOffset + number] = byte
            }
            func store(_ value: UInt64, _ offset: Int) {
                bytes.storeBytes(of: value, toByteOffset: offset, as: UInt64.self)
            }
            store(salt, TableLayout.saltOffset)
            store(census.files, TableLayout.filesOffset)
            store(census.bytes, TableLayout.bytesOffset)
            store(UInt64(packages.count), TableLayout.packagesOffset)
            for number in counts.indices {
                store(UInt64(offsets[number]), TableLayout.sectionsOffset + 16 * number)
                store(UInt64(counts[number]), TableLayout.sectionsOffset + 16 * number + 8)
            }
            func copy<Record: BitwiseCopyable>(_ records: [Record], _ section: Int) {
                records.withUnsafeBytes { source in
                    UnsafeMutableRawBufferPointer(rebasing: bytes[offsets[section]...])
                        .copyMemory(from: source)
                }
            }
            copy(records, 0)
            copy(entries, 1)
            copy(slots, 2)
            copy(owners, 3)
            copy(extras, 4)
            copy(links, 5)
            copy(heap, TableLayout.heapSection)
            store(TableSum.of(UnsafeRawBufferPointer(bytes)), TableLayout.sumOffset)
        }
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
