import FileTree
import Glibc
import NineP

/// The limit: replies of the right kind and size, for no work.
///
/// One read(2) takes what has come, one write(2) answers it.
enum EchoServer {
    private static let entrySize = 32

    /// Serves the conversation on descriptor 0 until it ends.
    static func run() throws(FileError) {
        let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 4 << 20, alignment: 16)
        let listing = makeListing()
        var filled = 0
        while true {
            let place = UnsafeMutableRawBufferPointer(rebasing: input[filled...])
            let count = read(0, place.baseAddress, place.count)
            guard count > 0 else { return }
            filled += count
            var writer = MessageWriter(output, .linux)
            var start = 0
            while let frame = try Frame.first(
                in: UnsafeRawBufferPointer(rebasing: input[start..<filled]),
                limit: input.count
            ) {
                try answer(frame, &writer, listing)
                start += frame.size
            }
            let left = UnsafeRawBufferPointer(rebasing: input[start..<filled])
            input.copyMemory(from: left)
            filled = left.count
            var sent = 0
            while sent < writer.count {
                let rest = UnsafeRawBufferPointer(rebasing: output[sent..<writer.count])
                let count = write(0, rest.baseAddress, rest.count)
                guard count > 0 else { return }
                sent += count
            }
        }
    }

    private static func answer(
        _ frame: Frame,
        _ writer: inout MessageWriter,
        _ listing: UnsafeRawBufferPointer
    ) throws(FileError) {
        let tag = frame.tag
        switch frame.type {
        case .tversion:
            let offer = try Tversion(frame, .linux)
            try writer.write(Rversion(msize: offer.msize, version: offer.version), tag: tag)
        case .tattach: try writer.write(Rattach(), tag: tag)
        case .tflush: try writer.write(Rflush(), tag: tag)
        case .twalk:
            var qids = WalkedQids()
            let names = try Twalk(frame, .linux).names
            for _ in 0..<names.count { qids.append(Qid(type: .file, version: 1, path: 1)) }
            try writer.write(Rwalk(qids: qids), tag: tag)
        case .tgetattr: try writer.write(Rgetattr(), tag: tag)
        case .tlopen: try writer.write(Rlopen(), tag: tag)
        case .tclunk: try writer.write(Rclunk(), tag: tag)
        case .tread:
            // The bytes are whatever the buffer holds.
            let count = Int(try Tread(frame, .linux).count)
            _ = try writer.beginData(.rread, tag: tag, count: count)
            writer.finishData(count: count)
        case .treaddir:
            let request = try Treaddir(frame, .linux)
            let rest = listing.dropFirst(Int(request.offset) * entrySize)
            let count = min(rest.count, Int(request.count)) / entrySize * entrySize
            let place = try writer.beginData(.rreaddir, tag: tag, count: count)
            place.copyBytes(from: rest.prefix(count))
            writer.finishData(count: count)
        default: throw FileError(.unsupported)
        }
    }

    private static func makeListing() -> UnsafeRawBufferPointer {
        let count = Corpus.manyCount * entrySize
        let place = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
        place.initializeMemory(as: UInt8.self, repeating: 0)
        for number in 0..<Corpus.manyCount {
            let start = number * entrySize
            place.storeBytes(of: UInt64(number + 1), toByteOffset: start + 13, as: UInt64.self)
            place.storeBytes(of: UInt16(entrySize - 24), toByteOffset: start + 22, as: UInt16.self)
        }
        return UnsafeRawBufferPointer(place)
    }
}
