internal import FileTree
internal import Glibc
internal import NineP

/// The sending half of a conversation.
///
/// `@unchecked Sendable`: it has one owner, and its buffer is nobody else's.
struct Outgoing: ~Copyable, @unchecked Sendable {
    private let descriptor: Int32
    var dialect = Dialect.plain
    private var messageSize = Conversation.firstMessageSize
    private var buffer: UnsafeMutableRawBufferPointer
    private var queued = 0

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        buffer = .allocate(byteCount: Conversation.firstMessageSize * 2, alignment: 16)
    }

    deinit { buffer.deallocate() }

    mutating func setMessageSize(_ size: Int) {
        messageSize = size
        let capacity = max(size * 2, 1 << 18)
        guard buffer.count < capacity else { return }
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 16)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[..<queued]))
        buffer.deallocate()
        buffer = larger
    }

    mutating func queue(_ message: some Message, tag: UInt16) throws(FileError) {
        if buffer.count - queued < messageSize { try flush() }
        let place = UnsafeMutableRawBufferPointer(rebasing: buffer[queued...])
        var writer = MessageWriter(place, dialect)
        try writer.write(message, tag: tag, limit: messageSize)
        queued += writer.count
    }

    mutating func queue(bytes: UnsafeRawBufferPointer) throws(FileError) {
        var bytes = bytes
        while !bytes.isEmpty {
            if queued == buffer.count { try flush() }
            let count = min(bytes.count, buffer.count - queued)
            UnsafeMutableRawBufferPointer(rebasing: buffer[queued..<queued + count])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
            queued += count
            bytes = UnsafeRawBufferPointer(rebasing: bytes[count...])
        }
    }

    mutating func flush() throws(FileError) {
        var sent = 0
        while sent < queued {
            let rest = UnsafeRawBufferPointer(rebasing: buffer[sent..<queued])
            var count = send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
            if count < 0, errno == ENOTSOCK {
                count = write(descriptor, rest.baseAddress, rest.count)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw Conversation.failure(errno, "send")
            }
            sent += count
        }
        queued = 0
    }
}
