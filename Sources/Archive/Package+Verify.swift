public import FileTree
import Glibc

extension Package {
    /// Whether its identity is the hash of its canonical tar; that of an archive or a directory
    /// which is read where it lies is a hash of names, sizes and times.
    public var isFramed: Bool { contents is FramedContents }

    /// Reads all of the package and checks that it is what it says.
    ///
    /// Of a native package every frame is decoded, and the tar written anew from its own headers
    /// must give the same bytes, frames, identity and index. Of any other, every file is read.
    /// Errors: `.malformed` or `.inputOutput` with the file, the frame or member, and the reason.
    public func verify() throws(FileError) {
        if let framed = contents as? FramedContents {
            try PackageCheck(framed, manifest).run()
            return
        }
        for number in 0..<UInt32(index.inodeCount)
        where index.inode(number).mode.type == .regular {
            _ = try readHash(number)
        }
    }
}

/// The check of a native package against what its own tar says.
private struct PackageCheck {
    private let contents: FramedContents
    private let manifest: Manifest
    private var index: Index { contents.index }
    private var path: String { contents.file.path }

    init(_ contents: FramedContents, _ manifest: Manifest) {
        self.contents = contents
        self.manifest = manifest
    }

    func run() throws(FileError) {
        guard index.isIntact else {
            throw .malformed("\(path): the index is not what its hash says")
        }
        let source = FrameSource(contents, frames: 0..<UInt32(index.frameCount))
        let sink = FrameComparer(contents)
        var writer = try PackageWriter(sink: sink, descriptor: -1, manifest: manifest)
        var reader = TarReader(source)
        _ = try reader.read()  // the manifest, which the writer has written by itself
        while let member = try reader.read() {
            do {
                try writer.append(member)
            } catch {
                throw error.at(path)
            }
            try copy(member, from: source, at: reader.dataOffset, to: &writer)
        }
        let (id, frames, rebuilt) = try writer.finishIndex()
        guard frames.count == index.frameCount else {
            throw .malformed("\(path): \(index.frameCount) frames instead of \(frames.count)")
        }
        guard id == index.contentID else {
            throw .malformed("\(path): the tar's hash is \(id), not \(index.contentID)")
        }
        try rebuilt.withBytes { bytes throws(FileError) in
            guard !bytes.elementsEqual(index.bytes) else { return }
            throw .malformed("\(path): \(difference(try Index(rebuilt)))")
        }
        try checkEnd(frames)
    }

    private func copy(
        _ member: Member,
        from source: FrameSource,
        at offset: UInt64,
        to writer: inout PackageWriter
    ) throws(FileError) {
        var offset = offset
        let end = offset + member.storedSize
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: FrameCutter.piece,
            alignment: 16
        )
        defer { buffer.deallocate() }
        while offset < end {
            let wanted = Int(min(UInt64(buffer.count), end - offset))
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
            let count = try source.read(into: part, at: offset)
            guard count > 0 else {
                throw .malformed("\(path): \(member.displayPath): the tar ends inside")
            }
            try writer.write(UnsafeRawBufferPointer(rebasing: part[..<count]))
            offset += UInt64(count)
        }
    }

    /// What the index says other than the tar.
    private func difference(_ other: Index) -> String {
        guard other.entryCount == index.entryCount, other.inodeCount == index.inodeCount else {
            return "the index has \(index.entryCount) names, the tar \(other.entryCount)"
        }
        for entry in 0..<UInt32(index.entryCount) {
            let name = PathText.display(other.path(entry))
            guard index.path(entry) == other.path(entry) else {
                return "\(name): the index has another name"
            }
            let ours = index.inode(index.inodeNumber(entry))
            let theirs = other.inode(other.inodeNumber(entry))
            if index.hash(ours) != other.hash(theirs) {
                return "\(name): the index has another SHA-256"
            }
            if ours != theirs { return "\(name): the index has other attributes" }
        }
        return "the index is not the tar's"
    }

    /// All bytes behind the frames follow from them and from the index.
    private func checkEnd(_ frames: [FramePlace]) throws(FileError) {
        var offset = frames.last.map { $0.offset + UInt64($0.size) } ?? 0
        for part in try SeekTable.end(frames: frames, index: Array(index.bytes)) {
            guard UInt64(part.count) <= contents.file.size - min(offset, contents.file.size),
                try TarReader.bytes(of: contents.file, at: offset, part.count) == part
            else { throw .malformed("\(path): offset \(offset): no seek table of these frames") }
            offset += UInt64(part.count)
        }
        guard offset == contents.file.size else {
            throw .malformed("\(path): offset \(offset): bytes behind the end")
        }
    }
}

/// Takes the frames of a tar written anew, and compares them with those of the package.
private final class FrameComparer: FrameSink {
    private let contents: FramedContents
    private var frames: [FramePlace] = []
    private var offset: UInt64 = 0

    init(_ contents: FramedContents) { self.contents = contents }

    func take(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        let number = UInt32(frames.count)
        let path = contents.file.path
        guard let frame = contents.index.frame(number), frame.offset == offset else {
            throw .malformed("\(path): frame \(number) is not in its place")
        }
        let decoded = try contents.decode(number)
        let isSame = withExtendedLifetime(decoded) {
            guard let a = decoded.bytes.baseAddress, let b = bytes.baseAddress else { return false }
            return decoded.bytes.count == bytes.count && memcmp(a, b, bytes.count) == 0
        }
        guard isSame else {
            throw .malformed("\(path): frame \(number): its tar is not canonical")
        }
        frames.append(frame)
        offset += UInt64(frame.size)
    }

    func finish() throws(FileError) -> [FramePlace] { frames }
}
