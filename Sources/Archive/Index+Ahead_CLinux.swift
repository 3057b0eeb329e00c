internal import CLinux

extension Index {
    /// Asks the processor for an index of which something will be read soon, without waiting for it.
    public static func prefetch(_ index: Unmanaged<Index>) {
        // Its fields up to the counts.
        pak_prefetch(index.toOpaque(), 192)
    }

    /// Asks for an entry, and the owners of files.
    public func prefetchEntry(_ entry: UInt32) {
        guard entry < entryCount else { return }
        pak_prefetch(entries + Int(entry) * IndexLayout.entrySize, IndexLayout.entrySize)
        pak_prefetch(owners, IndexLayout.ownerSize)
    }

    /// Asks for what an entry leads to, its name and its file; the entry itself is read.
    public func prefetchFile(of entry: UInt32) {
        let name = name(entry)
        if let start = name.baseAddress { pak_prefetch(start, name.count) }
        let number = inodeNumber(entry)
        guard number < inodeCount else { return }
        pak_prefetch(inodes + Int(number) * IndexLayout.inodeSize, IndexLayout.inodeSize)
    }
}
