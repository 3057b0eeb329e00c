import FileTree
import NineP
import Synchronization

/// What a conversation has agreed on and what its fids stand for; a new Tversion starts afresh.
///
/// A handler is a function from a T-message to its R-message, and lies in the file of its concern.
/// All checks of the protocol are made here, so that a tree is asked only what makes sense.
/// It belongs to its conversation's thread.
struct Session: ~Copyable {
    let connection: Connection
    let server: Server
    var fids: FidTable
    var output: Output
    /// Nil until a Tversion has been answered.
    var dialect: Dialect?
    /// The largest message either side may send.
    var messageSize = firstMessageSize
    /// What Ropen and its like say: bytes of data that a message carries, by whole pages; or 0.
    var iounit: UInt32 = 0
    /// Bytes that attributes announced or read hold.
    var attributeBytes = 0

    /// Before a Tversion no message is longer.
    static var firstMessageSize: Int { 8192 }

    init(_ connection: Connection) {
        self.connection = connection
        server = connection.server
        fids = FidTable(limit: server.configuration.limits.fids)
        output = Output(descriptor: connection.output, isSocket: connection.isSocket)
        output.reserve(messageSize: Self.firstMessageSize)
    }

    /// The most data that a message carries.
    var dataSize: Int { messageSize - Wire.ioHeaderSize }

    /// What a fid stands for; good until the next change of the table.
    @inline(__always)
    func find(_ number: UInt32) throws(FileError) -> UnsafeMutablePointer<Fid> {
        guard let fid = fids.find(number) else { throw FileError(.unknownFid) }
        return fid
    }

    /// Sends all replies that wait.
    mutating func send() {
        guard !output.isEmpty else { return }
        if connection.late.outstanding.load(ordering: .acquiring) == 0 {
            output.send()
        } else {
            connection.late.sending.lock()
            output.send()
            connection.late.sending.unlock()
        }
    }

    /// Lets go of everything, as if each fid were clunked.
    mutating func end() {
        fids.forEach { fid in
            guard let opened = fid.opened else { return }
            if opened.hasLocks {
                server.locks.releaseAll(heldBy: ObjectIdentifier(opened), of: fid.node.qid.path)
            }
            // Nobody is left to be told that it could not be removed.
            if opened.removesOnClose { try? Self.remove(fid) }
        }
        fids.removeAll()
        attributeBytes = 0
    }
}
