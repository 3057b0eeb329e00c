public import FileTree

/// A package as trees see it, whatever its form: an index, a manifest, and the bytes behind them.
///
/// All methods may be called from any thread.
public final class Package: Sendable {
    /// Its names and files.
    public let index: Index
    /// Its identity: of a native package the SHA-256 of its tar; of a plain tar or a directory,
    /// which are not read for it, a hash of what the host says of them.
    public let id: ContentID
    /// What it says of itself.
    public let manifest: Manifest
    /// Its name: the manifest's, else that of its file.
    public let name: String
    /// Where it was opened.
    public let path: String
    /// Whether the attributes of its directories count when packages are joined.
    public let ownsDirectories: Bool
    /// Whether its identity is that of all it says, its name among it.
    package let isNative: Bool
    /// Whether it comes of Debian's format.
    package let isDebian: Bool
    let contents: any PackageContents

    /// Makes a package of its parts.
    public init(
        index: Index,
        id: ContentID,
        manifest: Manifest,
        name: String,
        path: String,
        contents: any PackageContents
    ) {
        self.index = index
        self.id = id
        self.manifest = manifest
        self.name = name
        self.path = path
        self.contents = contents
        // Asked of a thousand packages whenever one comes to them.
        ownsDirectories = manifest.ownsDirectories
        isNative = contents is FramedContents && manifest.name != nil
        isDebian = manifest.first("origin")?.parts(at: " ").first == "deb"
    }

    /// What the host said of its file when it was opened; nil for one that is no native package.
    package var fileIdentity: ContentID? { (contents as? FramedContents)?.file.identity }

    /// Opens the bytes of a regular file.
    ///
    /// Errors: `.isDirectory`, `.invalid` for what has no bytes; those of the host.
    public func open(_ inode: UInt32) throws(FileError) -> any OpenFile {
        let inode = index.inode(inode)
        switch inode.mode.type {
        case .regular: return try contents.open(inode, of: self)
        case .directory: throw FileError(.isDirectory)
        default: throw FileError(.invalid)
        }
    }

    /// The SHA-256 of a regular file's bytes: the index's, or computed by reading them all.
    ///
    /// Of a file that is over a thousand times what is stored of it, it is that of its size, its
    /// runs and their bytes instead: zeros would be hashed for hours. Errors: those of `open` and
    /// of the reads.
    public func hash(_ inode: UInt32) throws(FileError) -> ContentID {
        if let known = index.hash(index.inode(inode)) { return known }
        return try readHash(inode)
    }

    func readHash(_ number: UInt32) throws(FileError) -> ContentID {
        let inode = index.inode(number)
        let file = try open(number)
        var hash = SHA256()
        if let segments = index.segments(inode),
            inode.size > SparseRuns.hashedSize(stored: segments.storedSize)
        {
            var words = [inode.size.littleEndian]
            for run in 0..<segments.count {
                words += [segments[run].offset.littleEndian, segments[run].length.littleEndian]
            }
            words.withUnsafeBytes { hash.update($0) }
            for run in 0..<segments.count {
                let start = segments[run].offset
                try Self.read(file, from: start, to: start &+ segments[run].length, &hash)
            }
        } else {
            try Self.read(file, from: 0, to: inode.size, &hash)
        }
        return hash.finish()
    }

    private static func read(
        _ file: any OpenFile,
        from start: UInt64,
        to end: UInt64,
        _ hash: inout SHA256
    ) throws(FileError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 << 10, alignment: 16)
        defer { buffer.deallocate() }
        var offset = start
        while offset < end {
            let wanted = Int(min(UInt64(buffer.count), end - offset))
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
            let count = try file.read(into: part, at: offset)
            if count == 0 { return }
            hash.update(UnsafeRawBufferPointer(rebasing: part[..<count]))
            offset += UInt64(count)
        }
    }
}

/// Where the bytes of a package's files come from.
public protocol PackageContents: AnyObject, Sendable {
    /// Opens a regular file of `package`, whose contents these are.
    func open(_ inode: Inode, of package: Package) throws(FileError) -> any OpenFile
}
