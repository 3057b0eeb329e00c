import FileTree

/// Where frames go once they are cut.
protocol FrameSink: AnyObject {
    /// Takes the next frame of the tar; the bytes are the callee's only while it runs.
    func take(_ bytes: UnsafeRawBufferPointer) throws(FileError)
    /// Waits for all frames, and tells where they are.
    func finish() throws(FileError) -> [FramePlace]
}

/// Cuts a tar into frames, by a rule that looks at the tar alone: equal tars give equal frames.
///
/// Whole members are put together until a frame holds 64 KiB; one that would take it past 192 KiB
/// starts the next. A payload over 128 KiB starts a frame of its own, is cut every 128 KiB, and
/// its last piece ends its frame.
struct FrameCutter {
    static let enough = 64 << 10
    static let limit = 192 << 10
    static let piece = 128 << 10

    /// The bytes of the tar by now.
    private(set) var offset: UInt64 = 0
    /// The number of the frame that the next byte goes to.
    private(set) var number: UInt32 = 0
    private let sink: any FrameSink
    private var frame: [UInt8] = []
    private var identity = SHA256Box()
    private var isLarge = false

    init(_ sink: any FrameSink) {
        self.sink = sink
        frame.reserveCapacity(Self.limit + Self.piece)
    }

    /// Starts a member with its headers, whose payload will be `payload` bytes.
    mutating func begin(_ header: [UInt8], payload: UInt64) throws(FileError) {
        isLarge = payload > UInt64(Self.piece)
        let padded = isLarge ? 0 : (Int(payload) + 511) & ~511
        if frame.count >= Self.enough || frame.count + header.count + padded > Self.limit {
            try cut()
        }
        append(header)
        if isLarge { try cut() }
    }

    /// Adds bytes of the payload.
    mutating func payload(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        guard isLarge else {
            frame.append(contentsOf: bytes)
            offset += UInt64(bytes.count)
            return
        }
        var rest = bytes
        while rest.count > 0 {
            if frame.count == Self.piece { try cut() }
            let count = min(rest.count, Self.piece - frame.count)
            frame.append(contentsOf: rest[..<count])
            offset += UInt64(count)
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// Ends the payload: pads it to whole blocks.
    mutating func end() throws(FileError) {
        let rest = Int(offset % UInt64(TarEncoder.blockSize))
        if rest > 0 { append([UInt8](repeating: 0, count: TarEncoder.blockSize - rest)) }
        if isLarge { try cut() }
    }

    /// Ends the frame, if there is anything in it.
    mutating func cut() throws(FileError) {
        if frame.isEmpty { return }
        let sink = sink
        identity.update(frame)
        try frame.withBytes { bytes throws(FileError) in try sink.take(bytes) }
        frame.removeAll(keepingCapacity: true)
        number += 1
    }

    /// Ends the tar with two blocks of zeros in a frame of their own; returns its identity.
    mutating func finish() throws(FileError) -> (ContentID, [FramePlace]) {
        try cut()
        append([UInt8](repeating: 0, count: 2 * TarEncoder.blockSize))
        try cut()
        return (identity.finish(), try sink.finish())
    }

    private mutating func append(_ bytes: [UInt8]) {
        frame += bytes
        offset += UInt64(bytes.count)
    }
}

/// A running SHA-256 that can be kept in a copyable type.
final class SHA256Box {
    private var hash = SHA256()

    func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { hash.update($0) } }
    func update(_ bytes: UnsafeRawBufferPointer) { hash.update(bytes) }
    func finish() -> ContentID { hash.finish() }
}
