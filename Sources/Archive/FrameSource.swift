import FileTree

/// The uncompressed tar of a package in frames, or of some of its frames.
///
/// Frames are decoded one after the other and not put into the cache.
final class FrameSource: TarSource {
    private let contents: FramedContents
    private var last: (number: UInt32, bytes: CachedFrame)?
    let size: UInt64

    init(_ contents: FramedContents, frames: Range<UInt32>) {
        self.contents = contents
        let end = frames.upperBound
        let frame = end > 0 ? contents.index.frame(end - 1) : nil
        size = frame.map { $0.tarOffset + UInt64($0.tarSize) } ?? 0
    }

    var path: String { contents.file.path }

    func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: UInt64
    ) throws(FileError) -> Int {
        var done = 0
        while done < buffer.count, offset + UInt64(done) < size {
            let place = offset + UInt64(done)
            guard let (number, frame) = contents.number(at: place, from: 0) else {
                throw .malformed("\(path): offset \(place) of the tar is in no frame")
            }
            if last?.number != number { last = (number, try contents.decode(number)) }
            let skipped = Int(place - frame.tarOffset)
            guard let bytes = last?.bytes.bytes, skipped < bytes.count else {
                throw .malformed("\(path): frame \(number) has changed")
            }
            let part = bytes[skipped...].prefix(buffer.count - done)
            UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: part))
            done += part.count
        }
        return done
    }
}
