internal import FileTree
internal import Glibc
internal import NineP

/// The receiving half of a conversation.
///
/// `@unchecked Sendable`: it has one owner, and its buffer is nobody else's.
struct Incoming: ~Copyable, @unchecked Sendable {
    private let descriptor: Int32
    private(set) var messageSize = Conversation.firstMessageSize
    private var buffer: UnsafeMutableRawBufferPointer
    private var start = 0
    private var end = 0

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        buffer = .allocate(byteCount: Conversation.firstMessageSize * 4, alignment: 16)
    }

    deinit { buffer.deallocate() }

    mutating func setMessageSize(_ size: Int) {
        messageSize = size
        let capacity = max(size * 2, 1 << 18)
        guard buffer.count < capacity else { return }
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 16)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[start..<end]))
        buffer.deallocate()
        buffer = larger
        (start, end) = (0, end - start)
    }

    mutating func receive() throws(FileError) -> Frame {
        while true {
            let rest = UnsafeRawBufferPointer(rebasing: buffer[start..<end])
            if let frame = try Frame.first(in: rest, limit: messageSize) {
                start += frame.size
                return frame
            }
            try fill()
        }
    }

    var hasMessage: Bool {
        let rest = UnsafeRawBufferPointer(rebasing: buffer[start..<end])
        guard rest.count >= 4 else { return false }
        let size = UInt32(littleEndian: rest.loadUnaligned(as: UInt32.self))
        return Int(size) <= rest.count
    }

    private mutating func fill() throws(FileError) {
        if start == end {
            (start, end) = (0, 0)
        } else if buffer.count - start < messageSize {
            let left = UnsafeRawBufferPointer(rebasing: buffer[start..<end])
            buffer.copyMemory(from: left)
            (start, end) = (0, end - start)
        }
        let place = UnsafeMutableRawBufferPointer(rebasing: buffer[end...])
        while true {
            let count = read(descriptor, place.baseAddress, place.count)
            if count > 0 {
                end += count
                return
            }
            if count == 0 { throw FileError(.inputOutput, "the server has hung up") }
            if errno != EINTR { throw Conversation.failure(errno, "receive") }
        }
    }
}
