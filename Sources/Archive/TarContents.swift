import FileTree

/// The bytes of files in a plain tar, read where they lie.
final class TarContents: PackageContents {
    private let file: HostFile

    init(_ file: HostFile) { self.file = file }

    func open(_ inode: Inode, of package: Package) throws(FileError) -> any OpenFile {
        TarFile(inode, package.index, file)
    }
}

/// An open file of a plain tar; its extents are places in the tar, for sendfile(2).
final class TarFile: OpenFile {
    private let inode: Inode
    private let index: Index
    private let file: HostFile

    init(_ inode: Inode, _ index: Index, _ file: HostFile) {
        self.inode = inode
        self.index = index
        self.file = file
    }

    func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: UInt64
    ) throws(FileError) -> Int {
        guard offset < inode.size else { return 0 }
        let count = Int(min(UInt64(buffer.count), inode.size - offset))
        let buffer = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
        guard let segments = index.segments(inode) else {
            try copy(offset, into: buffer)
            return count
        }
        try segments.read(into: buffer, at: offset) { stored, part throws(FileError) in
            try copy(stored, into: part)
        }
        return count
    }

    func extent(at offset: UInt64, count: Int) throws(FileError) -> Extent? {
        guard offset < inode.size, count > 0 else { return nil }
        var stored = offset
        var most = min(UInt64(count), inode.size - offset)
        if let segments = index.segments(inode) {
            guard let run = segments.run(at: offset) else { return nil }
            stored = run.stored
            most = min(most, run.left)
        }
        let place = inode.tarOffset &+ stored
        // The file may have been cut since: what is not there cannot be promised.
        guard place < file.size, most <= file.size - place else { return nil }
        let descriptor = try file.descriptor()
        return Extent(
            place: .descriptor(descriptor.number, offset: place),
            count: Int(most),
            owner: descriptor
        )
    }

    private func copy(
        _ stored: UInt64,
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(FileError) {
        let place = inode.tarOffset &+ stored
        guard try file.read(into: buffer, at: place) == buffer.count else {
            throw FileError(.inputOutput, "\(file.path): the file was cut short")
        }
    }
}
