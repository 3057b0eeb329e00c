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
final class TarFile: MemberFile {
    let inode: Inode
    private let index: Index
    private let file: HostFile

    init(_ inode: Inode, _ index: Index, _ file: HostFile) {
        self.inode = inode
        self.index = index
        self.file = file
    }

    var segments: SegmentList? { index.segments(inode) }

    func extent(at offset: UInt64, count: Int) throws(FileError) -> Extent? {
        guard let run = run(at: offset, count: count) else { return nil }
        let place = inode.tarOffset &+ run.stored
        // The file may have been cut since: what is not there cannot be promised.
        guard place < file.size, UInt64(run.count) <= file.size - place else { return nil }
        let descriptor = try file.descriptor()
        return Extent(
            place: .descriptor(descriptor.number, offset: place),
            count: run.count,
            owner: descriptor
        )
    }

    func copy(_ stored: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(FileError) {
        let place = inode.tarOffset &+ stored
        guard try file.read(into: buffer, at: place) == buffer.count else {
            throw FileError(.inputOutput, "\(file.path): the file was cut short")
        }
    }
}
