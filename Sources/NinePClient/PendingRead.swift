internal import FileTree
internal import NineP
internal import Synchronization

/// Bytes of an open file that a server was asked for, in as many messages as they take.
///
/// What nobody has waited for is given up with the object. One thread waits at most.
final class PendingRead: Sendable {
    /// The messages that are under way for one read at most.
    static let limit = 32

    private let fid: Fid
    private let exchange: Exchange
    private let requests: Mutex<[Piece]>

    private struct Piece {
        let request: PendingRequest
        let wanted: Int
    }

    /// The messages that so many bytes take.
    static func messages(_ count: Int, of client: Client) -> Int {
        min(limit, (count + client.largestData - 1) / client.largestData)
    }

    /// Asks for bytes, or for as many of them as `limit` messages bring.
    init(
        _ fid: Fid,
        _ exchange: Exchange,
        at offset: UInt64,
        count: Int
    ) throws(FileError) {
        self.fid = fid
        self.exchange = exchange
        var pieces: [Piece] = []
        var next = 0
        do throws(FileError) {
            while next < count, pieces.count < Self.limit {
                let (position, overflow) = offset.addingReportingOverflow(UInt64(next))
                guard !overflow else { break }
                let wanted = min(fid.client.largestData, count - next)
                let message = Tread(fid: fid.number, offset: position, count: UInt32(wanted))
                pieces.append(Piece(request: try exchange.start(message), wanted: wanted))
                next += wanted
            }
        } catch {
            for piece in pieces { exchange.giveUp(piece.request) }
            throw error
        }
        requests = Mutex(pieces)
    }

    deinit {
        for piece in requests.withLock({ $0 }) { exchange.giveUp(piece.request) }
    }

    /// Waits for the bytes up to the first piece that is short; `isEnd` when the file ends there.
    ///
    /// Errors: `.interrupted` when `cancellation` fired.
    func finish(
        into buffer: UnsafeMutableRawBufferPointer,
        until cancellation: Cancellation?
    ) throws(FileError) -> (count: Int, isEnd: Bool) {
        var done = 0
        while let piece = requests.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) {
            let end = min(buffer.count, done + piece.wanted)
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[done..<end])
            let got = try receive(piece, into: room, cancellation)
            done += got
            // Those behind a short piece were asked for at the wrong place.
            if got < piece.wanted { return (done, got == 0) }
        }
        return (done, false)
    }

    private func receive(
        _ piece: Piece,
        into room: UnsafeMutableRawBufferPointer,
        _ cancellation: Cancellation?
    ) throws(FileError) -> Int {
        let dialect = fid.client.dialect
        return try exchange.finish(piece.request, until: cancellation) {
            (frame) throws(FileError) in
            try Client.decode(frame, dialect) { (reply: Rread) throws(FileError) -> Int in
                let count = reply.data.count
                guard count <= piece.wanted, count <= room.count else {
                    throw FileError(.protocolBotch, "\(count) bytes for \(piece.wanted)")
                }
                room.copyMemory(from: reply.data)
                return count
            }
        }
    }
}
