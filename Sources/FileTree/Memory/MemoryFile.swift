import Synchronization

/// A file of bytes in memory.
///
/// `@unchecked Sendable`: the language has an heir say it again; nothing is added to what the
/// store's lock guards.
final class MemoryFile: MemoryNode, File, @unchecked Sendable {
    override var file: (any File)? { self }

    func open(_ mode: OpenMode) throws(FileError) -> any OpenFile {
        if mode.contains(.truncate) {
            let now = store.clock()
            try store.lock.withLock { (state) throws(FileError) in
                try inode.resize(0)
                inode.modify(now)
            }
        }
        return OpenMemoryFile(inode, store, isAppending: mode.contains(.append))
    }
}

/// A file in memory that has been opened.
final class OpenMemoryFile: OpenFile {
    private let inode: MemoryInode
    private let store: MemoryStore
    private let isAppending: Bool

    init(_ inode: MemoryInode, _ store: MemoryStore, isAppending: Bool) {
        self.inode = inode
        self.store = store
        self.isAppending = isAppending
    }

    func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: UInt64
    ) throws(FileError) -> Int {
        store.lock.withLock { _ in
            let bytes = inode.bytes
            guard offset < UInt64(bytes.count) else { return 0 }
            let start = Int(offset)
            let end = start + min(buffer.count, bytes.count - start)
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes.storage[start..<end]))
            return end - start
        }
    }

    func extent(at offset: UInt64, count: Int) throws(FileError) -> Extent? {
        store.lock.withLock { _ -> Extent? in
            let bytes = inode.bytes
            guard let base = bytes.storage.baseAddress, offset < UInt64(bytes.count) else {
                return nil
            }
            let start = Int(offset)
            return Extent(
                place: .memory(UnsafeRawPointer(base) + start),
                count: min(count, bytes.count - start),
                owner: bytes
            )
        }
    }

    func write(_ bytes: RawSpan, at offset: UInt64) throws(FileError) {
        let now = store.clock()
        try store.lock.withLock { (state) throws(FileError) in
            let start = isAppending ? UInt64(inode.bytes.count) : offset
            let (end, overflow) = start.addingReportingOverflow(UInt64(bytes.byteCount))
            guard !overflow, end <= UInt64(Int.max / 4) else { throw FileError(.tooBig) }
            let size = max(Int(end), inode.bytes.count)
            try inode.resize(size)
            bytes.withUnsafeBytes { source in
                inode.bytes.storage[Int(start)..<Int(end)].copyBytes(from: source)
            }
            inode.modify(now)
        }
    }
}

/// A symbolic link in memory.
///
/// `@unchecked Sendable`: the language has an heir say it again; nothing is added to what the
/// store's lock guards.
final class MemoryLink: MemoryNode, Link, @unchecked Sendable {
    override var link: (any Link)? { self }

    // The target never changes once the link is made.
    func target() throws(FileError) -> [UInt8] { inode.target }
}
