import FileTree
import Glibc

/// Where the bytes of a scanned archive's files are.
protocol ContentStore {
    /// Shows the stored bytes of `file`, first to last.
    ///
    /// Errors: `.malformed` when there are fewer than the file should have.
    func show(
        _ file: MemberTable.File,
        _ body: (UnsafeRawBufferPointer) throws(FileError) -> Void
    ) throws(FileError)
}

extension ContentStore {
    /// The longest small file, in bytes.
    private var smallSize: UInt64 { 1 << 20 }

    /// Shows a small file in one piece.
    ///
    /// Errors: `.malformed` when it is no small file.
    func small<T>(
        _ member: Member,
        at place: UInt64,
        _ body: (UnsafeRawBufferPointer) throws(FileError) -> T
    ) throws(FileError) -> T {
        guard member.type == .regular, member.segments == nil, member.size <= smallSize else {
            throw FileError.malformed("\(member.displayPath): not a small file")
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Int(member.size),
            alignment: 16
        )
        defer { buffer.deallocate() }
        var done = 0
        try show(MemberTable.File(member: member, place: place)) { bytes in
            UnsafeMutableRawBufferPointer(rebasing: buffer[done...]).copyMemory(from: bytes)
            done += bytes.count
        }
        return try body(UnsafeRawBufferPointer(rebasing: buffer[..<done]))
    }
}

/// Bytes in a spool.
struct SpoolContents: ContentStore {
    let spool: Spool

    func show(
        _ file: MemberTable.File,
        _ body: (UnsafeRawBufferPointer) throws(FileError) -> Void
    ) throws(FileError) {
        let bytes = try spool.bytes()
        let size = file.member.storedSize
        guard file.place <= UInt64(bytes.count), size <= UInt64(bytes.count) - file.place else {
            throw FileError.malformed("\(file.member.displayPath): truncated")
        }
        let start = Int(file.place)
        try body(UnsafeRawBufferPointer(rebasing: bytes[start..<start + Int(size)]))
    }
}

/// Bytes of an archive that is read where they lie.
struct FileContents: ContentStore {
    let source: FileSource

    func show(
        _ file: MemberTable.File,
        _ body: (UnsafeRawBufferPointer) throws(FileError) -> Void
    ) throws(FileError) {
        try Self.show(file.member, body) { buffer, offset throws(FileError) in
            try source.read(into: buffer, at: file.place + offset)
        }
    }

    /// Reads the bytes of `member` piece by piece.
    static func show(
        _ member: Member,
        _ body: (UnsafeRawBufferPointer) throws(FileError) -> Void,
        read: (UnsafeMutableRawBufferPointer, UInt64) throws(FileError) -> Int
    ) throws(FileError) {
        let size = member.storedSize
        if size == 0 { return }
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Int(min(size, 256 << 10)),
            alignment: 16
        )
        defer { buffer.deallocate() }
        var offset: UInt64 = 0
        while offset < size {
            let wanted = Int(min(UInt64(buffer.count), size - offset))
            let count = try read(UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]), offset)
            guard count > 0 else {
                throw FileError.malformed("\(member.displayPath): \(offset) bytes of \(size)")
            }
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            offset += UInt64(count)
        }
    }
}

/// Bytes of a directory's files, read when they are wanted.
struct DirectoryContents: ContentStore {
    let root: HostDescriptor

    func show(
        _ file: MemberTable.File,
        _ body: (UnsafeRawBufferPointer) throws(FileError) -> Void
    ) throws(FileError) {
        do throws(FileError) {
            let open = try Self.open(file.member.path, below: root)
            try FileContents.show(file.member, body) { buffer, offset throws(FileError) in
                try open.read(into: buffer, at: offset)
            }
        } catch {
            let name = file.member.displayPath
            throw error.context?.hasPrefix(name) == true ? error : error.at(name)
        }
    }

    /// The manifest that an unpacked package has brought along; nil where there is none.
    static func manifest(below root: HostDescriptor) throws(FileError) -> Manifest? {
        let file: HostDescriptor
        do throws(FileError) {
            file = try open(Manifest.path, below: root)
        } catch  where error.kind == .notFound {
            return nil
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Manifest.sizeLimit + 1,
            alignment: 1
        )
        defer { buffer.deallocate() }
        let count = try file.read(into: buffer, at: 0)
        return try Manifest(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }

    /// Opens a regular file, through no link and with no effect on what is none.
    static func open(_ path: [UInt8], below root: HostDescriptor) throws(FileError)
        -> HostDescriptor
    {
        let file = try root.open(path + [0], O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
        guard try file.typeAndSize().type == .regular else {
            throw FileError(.invalid, "no longer a regular file")
        }
        return file
    }
}
