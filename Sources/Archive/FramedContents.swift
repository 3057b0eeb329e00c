import FileTree

/// The bytes of a package's files in compressed frames.
final class FramedContents: PackageContents {
    let file: HostFile
    let index: Index
    private let cache: FrameCache
    private let archive = FrameCache.newArchive()

    init(file: HostFile, index: Index, cache: FrameCache) {
        self.file = file
        self.index = index
        self.cache = cache
    }

    func open(_ inode: Inode, of package: Package) throws(FileError) -> any OpenFile {
        FramedFile(inode, self)
    }

    /// The number of the frame that holds the byte of the tar at `offset`; nil when none does.
    ///
    /// `first` is where the payload starts: it is right for small files, and a step per 128 KiB
    /// away for large ones; only archives cut otherwise need the search.
    func number(at offset: UInt64, from first: UInt32) -> (number: UInt32, frame: FramePlace)? {
        guard let start = index.frame(first), offset >= start.tarOffset else { return nil }
        let distance = offset - start.tarOffset
        if distance < UInt64(start.tarSize) { return (first, start) }
        let guess = UInt64(first) + distance / UInt64(FrameCutter.piece)
        if guess < UInt64(index.frameCount), let frame = index.frame(UInt32(guess)),
            frame.holds(offset)
        {
            return (UInt32(guess), frame)
        }
        var low = first
        var high = UInt32(index.frameCount)
        while low < high {
            let middle = low + (high - low) / 2
            guard let frame = index.frame(middle) else { return nil }
            if frame.holds(offset) { return (middle, frame) }
            if frame.tarOffset > offset { high = middle } else { low = middle + 1 }
        }
        return nil
    }

    /// How many frames may be read ahead of a reader: not so many that they drive each other out.
    var mostAhead: Int { max(1, min(4, cache.capacity >> 20)) }

    func isCached(_ number: UInt32) -> Bool { cache.has(key(number)) }

    func cached(_ number: UInt32) -> CachedFrame? { cache.cached(key(number)) }

    /// The frame, from the cache or decoded into it.
    func frame(_ number: UInt32) throws(FileError) -> CachedFrame {
        try cache.frame(key(number)) { () throws(FileError) in try decode(number) }
    }

    /// The path of the first file that starts in a frame, or of the last that starts before it.
    private func firstMember(inFrame number: UInt32) -> String {
        var best: (frame: UInt32, entry: UInt32)?
        for entry in 0..<UInt32(index.entryCount) {
            let inode = index.inode(index.inodeNumber(entry))
            guard inode.mode.type == .regular, inode.size > 0, inode.firstFrame <= number else {
                continue
            }
            if best.map({ inode.firstFrame > $0.frame }) ?? true {
                best = (inode.firstFrame, entry)
            }
        }
        return PathText.display(best.map { index.path($0.entry) } ?? Manifest.path)
    }

    /// The frame, decoded.
    ///
    /// Errors: `.malformed` with the file, a member that has bytes in the frame, and the frame.
    func decode(_ number: UInt32) throws(FileError) -> CachedFrame {
        guard let frame = index.frame(number) else {
            throw .malformed("\(file.path): frame \(number) is not in the index")
        }
        do {
            return try FrameDecoder.shared.decode(frame, of: file)
        } catch {
            guard error.kind == .malformed else { throw error }
            let member = firstMember(inFrame: number)
            throw error.at("\(file.path): \(member): frame \(number) at \(frame.offset)")
        }
    }

    func readAhead(_ number: UInt32) {
        if cache.hasOrAwaits(key(number)) { return }
        cache.readAhead { [self] in
            // Whoever asks for the frame decodes it again, and hears what is wrong.
            _ = try? frame(number)
        }
    }

    private func key(_ number: UInt32) -> FrameCache.Key {
        FrameCache.Key(archive: archive, frame: number)
    }
}

extension FramePlace {
    func holds(_ offset: UInt64) -> Bool {
        offset >= tarOffset && offset - tarOffset < UInt64(tarSize)
    }
}
