import FileTree
import Glibc

/// The replies of one batch on their way out.
///
/// Replies are written at their final place, one behind the other; adjacent ones are one entry of
/// the vector. Bytes that lie in memory already are sent from where they lie, and what keeps them
/// there is held until they are gone. A whole batch leaves by one sendmsg(2).
struct Output: ~Copyable {
    /// More bytes than this are not kept waiting: the peer starts on the first replies.
    static let enough = 256 << 10
    private static let pieces = 64

    private let descriptor: Int32
    private let isSocket: Bool
    private var base = UnsafeMutableRawPointer.allocate(byteCount: 0, alignment: 16)
    private var capacity = 0
    /// Bytes written, and those of them that no piece covers yet.
    private var used = 0
    private var covered = 0
    private let vector = UnsafeMutablePointer<iovec>.allocate(capacity: pieces)
    private var vectorCount = 0
    private let held = UnsafeMutablePointer<AnyObject>.allocate(capacity: pieces)
    private var heldCount = 0
    /// All bytes that wait, wherever they lie.
    private var lent = 0
    /// Whether the peer takes no more.
    private(set) var isBroken = false
    /// System calls made, for the statistics and the tests.
    private(set) var calls: UInt64 = 0

    init(descriptor: Int32, isSocket: Bool) {
        self.descriptor = descriptor
        self.isSocket = isSocket
    }

    deinit {
        held.deinitialize(count: heldCount)
        base.deallocate()
        vector.deallocate()
        held.deallocate()
    }

    /// Bytes written since the last sending, for `withReplies`.
    var written: Int { used }

    /// Whether one more piece can be lent.
    var hasPlace: Bool { vectorCount &+ 4 <= Self.pieces }

    /// Shows the replies written from `start` on; of one with lent bytes, the head alone.
    func withReplies(from start: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
        var start = start
        while start < used {
            let left = UnsafeRawBufferPointer(start: base + start, count: used - start)
            let size = Int(UInt32(littleEndian: left.loadUnaligned(as: UInt32.self)))
            let shown = UnsafeRawBufferPointer(rebasing: left.prefix(size))
            body(shown)
            start += shown.count
        }
    }

    /// Whether nothing waits.
    var isEmpty: Bool { used == 0 }

    /// Whether it is time to send.
    @inline(__always)
    var isFull: Bool {
        used &+ lent >= Self.enough || vectorCount &+ 4 > Self.pieces
    }

    /// Makes room for messages of this size, whatever waits already; nothing may wait.
    mutating func reserve(messageSize: Int) {
        let wanted = Self.enough + 2 * messageSize
        guard wanted > capacity else { return }
        base.deallocate()
        // Large memory comes untouched from the kernel: what no reply reaches costs nothing.
        base = UnsafeMutableRawPointer.allocate(byteCount: wanted, alignment: 16)
        capacity = wanted
    }

    /// Where the next reply goes.
    @inline(__always)
    var room: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: base + used, count: capacity &- used)
    }

    /// Keeps the first `count` bytes of the room: a reply, or the head of one.
    @inline(__always)
    mutating func commit(_ count: Int) { used &+= count }

    /// Puts bytes behind what is written, from where they lie; `owner` keeps them there.
    mutating func lend(_ bytes: UnsafeRawPointer, _ count: Int, owner: AnyObject) {
        cover()
        vector[vectorCount] = iovec(
            iov_base: UnsafeMutableRawPointer(mutating: bytes),
            iov_len: count
        )
        vectorCount += 1
        (held + heldCount).initialize(to: owner)
        heldCount += 1
        lent += count
    }

    /// Sends what waits, then `count` bytes of a file.
    ///
    /// When the file turns out shorter, the conversation is broken: the length went out already.
    mutating func send(file: Int32, offset: UInt64, count: Int) {
        send(more: true)
        var offset = off_t(truncatingIfNeeded: offset)
        var left = count
        while left > 0, !isBroken {
            calls &+= 1
            let sent = sendfile(descriptor, file, &offset, left)
            if sent > 0 {
                left -= sent
            } else if sent == 0 || !mayGoOn() {
                isBroken = true
            }
        }
    }

    /// Sends what waits.
    mutating func send(more: Bool = false) {
        cover()
        var first = 0
        while first < vectorCount, !isBroken {
            calls &+= 1
            var sent = write(vector + first, vectorCount - first, more: more)
            if sent < 0 {
                if !mayGoOn() { isBroken = true }
                continue
            }
            while first < vectorCount, sent >= vector[first].iov_len {
                sent -= vector[first].iov_len
                first += 1
            }
            if first < vectorCount {
                // By a pointer of its own: the thread sanitizer's compiler fails on the other.
                let piece = vector + first
                piece.pointee.iov_base += sent
                piece.pointee.iov_len -= sent
            }
        }
        drop()
    }

    private func write(_ from: UnsafeMutablePointer<iovec>, _ count: Int, more: Bool) -> Int {
        guard isSocket else { return writev(descriptor, from, Int32(count)) }
        let flags = Int32(MSG_NOSIGNAL) | (more ? Int32(MSG_MORE) : 0)
        if count == 1 {
            return Glibc.send(descriptor, from.pointee.iov_base, from.pointee.iov_len, flags)
        }
        var message = msghdr()
        message.msg_iov = from
        message.msg_iovlen = count
        return sendmsg(descriptor, &message, flags)
    }

    /// Whether a failed call is worth another; waits if the descriptor does not by itself.
    private func mayGoOn() -> Bool {
        if errno == EINTR { return true }
        guard errno == EAGAIN else { return false }
        var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&wanted, 1, -1) >= 0 || errno == EINTR
    }

    @inline(__always)
    private mutating func cover() {
        guard used > covered else { return }
        vector[vectorCount] = iovec(iov_base: base + covered, iov_len: used - covered)
        vectorCount += 1
        covered = used
    }

    private mutating func drop() {
        if heldCount > 0 { held.deinitialize(count: heldCount) }
        heldCount = 0
        vectorCount = 0
        used = 0
        covered = 0
        lent = 0
    }
}
