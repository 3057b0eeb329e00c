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
    }

    /// Whether the attributes of its directories count when packages are joined.
    public var ownsDirectories: Bool { manifest.ownsDirectories }

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
    /// Errors: those of `open` and of the reads.
    public func hash(_ inode: UInt32) throws(FileError) -> ContentID {
        if let known = index.hash(index.inode(inode)) { return known }
        return try readHash(inode)
    }

    func readHash(_ inode: UInt32) throws(FileError) -> ContentID {
        let file = try open(inode)
        var hash = SHA256()
        var offset: UInt64 = 0
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 << 10, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = try file.read(into: buffer, at: offset)
            if count == 0 { return hash.finish() }
            hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            offset += UInt64(count)
        }
    }
}

/// Where the bytes of a package's files come from.
public protocol PackageContents: AnyObject, Sendable {
    /// Opens a regular file of `package`, whose contents these are.
    func open(_ inode: Inode, of package: Package) throws(FileError) -> any OpenFile
}
