import FileTree

/// One kind of foreign archive.
protocol ForeignFormat: Sendable {
    /// What people call it; the first word of the manifest's `origin`.
    var name: String { get }

    /// Whether a file that begins with these bytes is one; a file's name says nothing.
    func matches(_ head: UnsafeRawBufferPointer) -> Bool

    /// Hands every member of the archive to `scan`, contents included.
    ///
    /// Errors: `.malformed` with member and reason.
    func read(_ source: FileSource, into scan: ForeignScan) throws(FileError)
}

/// The list of formats; a new one is a file beside this and a line here.
enum ForeignFormats {
    /// An ISO image may begin with zeros as the end of a tar does, so tar comes last.
    static let all: [any ForeignFormat] = [
        DebFormat(), ArFormat(), RPMFormat(), ZipFormat(), SevenZipFormat(), CpioFormat(),
        FilteredFormat(), ISOFormat(), TarFormat(),
    ]

    /// Bytes from the start that show what a file is; an ISO image says so behind its first 32 KiB.
    static let headSize = 40 << 10

    /// The format of a file, by its first bytes.
    ///
    /// Errors: `.malformed` for a file that is none of them.
    static func matching(_ source: FileSource) throws(FileError) -> any ForeignFormat {
        if source.size == 0 { throw FileError.malformed("an empty file") }
        let head = try source.head(headSize)
        let format = head.withUnsafeBytes { head in all.first { $0.matches(head) } }
        guard let format else { throw FileError.malformed("no archive of a known format") }
        return format
    }
}

extension UnsafeRawBufferPointer {
    /// Whether `bytes` stand at `offset`.
    func holds(_ bytes: some Collection<UInt8>, at offset: Int = 0) -> Bool {
        count >= offset + bytes.count && self[offset...].starts(with: bytes)
    }
}
