public import FileTree

extension Package {
    /// Opens a native package, frames and index in one file; nil for what is none.
    ///
    /// The file is not read but for its end and its first frame: `verify` reads it all. Errors:
    /// `.malformed` for what looks like one and is broken; those of the host.
    public static func native(
        _ file: HostFile,
        cache: FrameCache
    ) throws(FileError) -> Package? {
        guard let place = try SeekTable.indexPlace(in: file) else { return nil }
        let index: Index
        let descriptor = try file.descriptor()
        defer { withExtendedLifetime(descriptor) {} }
        do {
            index = try Index(
                mapping: descriptor.number,
                at: place.offset,
                length: place.length
            )
        } catch {
            throw error.at(file.path)
        }
        let contents = FramedContents(file: file, index: index, cache: cache)
        return Package(contents, try Self.manifest(contents))
    }

    /// Opens a plain tar, whose files are read where they lie; nil for what is none.
    ///
    /// `index` is one that was made of the same file, by `indexOfTar`; without one the tar's
    /// headers are read. Errors: `.malformed` with member and offset; those of the host.
    public static func tar(_ file: HostFile, index: Index? = nil) throws(FileError) -> Package? {
        guard try looksLikeTar(file) else { return nil }
        var index = index
        if index == nil { index = try Index(indexOfTar(file)) }
        var known = try tarManifest(file)
        if known == nil {
            let foreign = ArchiveFileName.read(file.path)
            known = try foreign.manifest(format: "tar", ownsDirectories: false)
        }
        guard let index, let manifest = known else { return nil }
        return Package(
            index: index,
            id: index.contentID,
            manifest: manifest,
            name: manifest.name ?? Self.stem(file.path),
            path: file.path,
            contents: TarContents(file)
        )
    }

    /// Whether a file begins as a plain tar does: with a header whose checksum is right, or with
    /// the end of an empty one.
    public static func looksLikeTar(_ file: HostFile) throws(FileError) -> Bool {
        guard file.size >= 512 else { return false }
        return try withUnsafeTemporaryBytes(512) { block throws(FileError) in
            guard try file.read(into: block, at: 0) == 512 else { return false }
            let header = TarBlock(UnsafeRawBufferPointer(block))
            if header.isZero { return file.size == 1024 || file.size % 10240 == 0 }
            return header.hasChecksum
        }
    }

    /// The bytes of an index of a plain tar, by its headers alone; no hashes are in it.
    ///
    /// Its identity is that of the file on this host. Errors: `.malformed` with member and offset.
    public static func indexOfTar(_ file: HostFile) throws(FileError) -> [UInt8] {
        var builder = IndexBuilder()
        var reader = TarReader(file)
        while let member = try reader.read() {
            if MemberPath.isPrivate(member.path) { continue }
            do {
                try builder.add(member, dataOffset: reader.dataOffset)
                try builder.checkSize(ofTar: file.size)
            } catch {
                throw error.at("\(file.path): offset \(reader.headerOffset)")
            }
        }
        var archive = IndexBuilder.Archive()
        archive.contentID = file.identity
        archive.tarSize = file.size
        if let manifest = try tarManifest(file) {
            archive.holes = manifest.holes
            archive.opaques = manifest.opaques
        }
        return builder.build(archive)
    }

    /// The manifest that a tar has as its first member; nil when it has none.
    private static func tarManifest(_ source: any TarSource) throws(FileError) -> Manifest? {
        var reader = TarReader(source)
        guard let member = try reader.read(), member.path == Manifest.path else { return nil }
        return try manifest(of: source, member, at: reader.dataOffset)
    }

    private static func manifest(_ contents: FramedContents) throws(FileError) -> Manifest {
        // One that is longer than a piece lies in frames of its own, behind its header's.
        let first = FrameSource(contents, frames: 0..<1)
        let size = try withUnsafeTemporaryBytes(TarEncoder.blockSize) { block throws(FileError) in
            let count = try first.read(into: block, at: 0)
            let header = TarBlock(UnsafeRawBufferPointer(block))
            return count == block.count ? Int(clamping: header.number(124, 12) ?? 0) : 0
        }
        var source = first
        if size > FrameCutter.piece {
            let most = min(Manifest.sizeLimit / FrameCutter.piece + 1, contents.index.frameCount)
            let count = min(most, 2 + size / FrameCutter.piece)
            source = FrameSource(contents, frames: 0..<UInt32(count))
        }
        var reader = TarReader(source)
        guard let member = try reader.read(), member.path == Manifest.path else {
            throw .malformed("\(source.path): the first member is no manifest")
        }
        return try manifest(of: source, member, at: reader.dataOffset)
    }

    private static func manifest(
        of source: any TarSource,
        _ member: Member,
        at offset: UInt64
    ) throws(FileError) -> Manifest {
        guard member.size <= UInt64(Manifest.sizeLimit), member.segments == nil else {
            throw .malformed("\(source.path): a manifest of \(member.size) bytes")
        }
        let bytes = try TarReader.bytes(of: source, at: offset, Int(member.size))
        do {
            return try Manifest(bytes)
        } catch {
            throw error.at(source.path)
        }
    }

    /// A file's name without its folder and without what says which format it is.
    static func stem(_ path: String) -> String {
        var name = path.parts(at: "/").last.map(String.init) ?? path
        for suffix in [".pak.zst", ".tar"] where name.hasSuffix(suffix) && name != suffix {
            name.removeLast(suffix.count)
        }
        return name
    }
}

/// Room on the stack, or the heap, while `body` runs.
func withUnsafeTemporaryBytes<R>(
    _ count: Int,
    _ body: (UnsafeMutableRawBufferPointer) throws(FileError) -> R
) throws(FileError) -> R {
    let result = withUnsafeTemporaryAllocation(byteCount: count, alignment: 16) { buffer in
        Result { () throws(FileError) in try body(buffer) }
    }
    return try result.get()
}
