import FileTree
import Glibc

/// One thread's place for an answer, `len[4] error[4] unique[8]` in front; used again and again.
struct Reply: ~Copyable {
    static var headerSize: Int { 16 }
    /// The most pieces that are lent to one answer.
    static var mostPieces: Int { 64 }

    private let buffer: UnsafeMutableRawBufferPointer
    private let pieces: UnsafeMutablePointer<iovec>
    /// What the pieces are held by until they are sent.
    private var owners: [AnyObject] = []
    private var pieceCount = 1
    private var lent = 0
    /// The bytes in the buffer, the header's among them.
    private(set) var count = headerSize

    /// Makes room for answers of so many bytes behind the header.
    init(capacity: Int) {
        buffer = .allocate(byteCount: Self.headerSize + capacity, alignment: 4096)
        // The header's, those lent, and what is read behind them.
        pieces = .allocate(capacity: Self.mostPieces + 2)
        owners.reserveCapacity(Self.mostPieces)
    }

    deinit {
        buffer.deallocate()
        pieces.deallocate()
    }

    /// Empties it for the next answer.
    mutating func begin() {
        if pieceCount > 1 { owners.removeAll(keepingCapacity: true) }
        pieceCount = 1
        lent = 0
        count = Self.headerSize
    }

    /// What is free behind what has been put.
    var room: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
    }

    /// Takes `length` bytes of the room as put.
    mutating func commit(_ length: Int) { count += length }

    @inline(__always)
    mutating func put<Number: FixedWidthInteger>(_ number: Number) {
        buffer.storeBytes(of: number, toByteOffset: count, as: Number.self)
        count += MemoryLayout<Number>.size
    }

    /// Puts bytes; the caller knows that there is room.
    mutating func put(_ bytes: UnsafeRawBufferPointer) {
        room.copyMemory(from: bytes)
        count += bytes.count
    }

    /// Whether another piece can be lent.
    var takesPiece: Bool { pieceCount <= Self.mostPieces }

    /// Sends bytes from where they lie; nothing may have been put before.
    mutating func lend(_ bytes: UnsafeRawPointer, _ length: Int, owner: AnyObject) {
        pieces[pieceCount] = iovec(
            iov_base: UnsafeMutableRawPointer(mutating: bytes),
            iov_len: length
        )
        pieceCount += 1
        lent += length
        owners.append(owner)
    }

    /// Puts the header in front; afterwards the answer is whole.
    mutating func finish(_ unique: UInt64, error: Int32 = 0) {
        if error != 0 { begin() }
        buffer.storeBytes(of: UInt32(truncatingIfNeeded: count + lent), as: UInt32.self)
        buffer.storeBytes(of: -error, toByteOffset: 4, as: Int32.self)
        buffer.storeBytes(of: unique, toByteOffset: 8, as: UInt64.self)
        // What was read comes behind what is lent.
        let isSplit = pieceCount > 1
        pieces[0] = iovec(iov_base: buffer.baseAddress, iov_len: isSplit ? Self.headerSize : count)
        if isSplit, count > Self.headerSize {
            pieces[pieceCount] = iovec(
                iov_base: buffer.baseAddress.map { $0 + Self.headerSize },
                iov_len: count - Self.headerSize
            )
            pieceCount += 1
        }
    }

    /// Sends a whole answer by one call, and lets go of what was lent.
    ///
    /// Returns 0, or the number of what went wrong.
    mutating func send(to descriptor: Int32) -> Int32 {
        let sent = writev(descriptor, pieces, Int32(pieceCount))
        let number = sent < 0 ? errno : 0
        begin()
        return number
    }

    /// Shows a whole answer's pieces.
    func forEachPiece(_ body: (UnsafeRawBufferPointer) -> Void) {
        for place in 0..<pieceCount {
            body(
                UnsafeRawBufferPointer(start: pieces[place].iov_base, count: pieces[place].iov_len)
            )
        }
    }
}
