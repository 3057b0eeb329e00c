public import FileTree
internal import NineP
internal import Synchronization

/// A file at a server, by the number that this conversation has given it.
///
/// The server forgets it when this is let go of.
public final class Fid: Sendable {
    /// The conversation it belongs to.
    public let client: Client
    /// The number on the wire.
    public let number: UInt32
    /// The file's identity when it was found.
    public let qid: Qid
    /// Whether the server has forgotten it already.
    private let isGone = Atomic(false)

    init(_ client: Client, _ number: UInt32, _ qid: Qid) {
        self.client = client
        self.number = number
        self.qid = qid
    }

    /// Removes the file; the server forgets the fid, whatever comes of it.
    func removeFile() throws(FileError) {
        isGone.store(true, ordering: .relaxed)
        try client.call(Tremove(fid: number), Rremove.self)
    }

    /// Has the server forget the fid, and tells what the server says to that.
    func clunk() throws(FileError) {
        isGone.store(true, ordering: .relaxed)
        try client.call(Tclunk(fid: number), Rclunk.self)
    }

    deinit {
        if isGone.load(ordering: .relaxed) {
            client.releaseFid(number)
        } else {
            client.clunk(number)
        }
    }
}

extension Client {
    /// Asks for the root of a tree.
    ///
    /// `user` is the number given in 9P2000.u and 9P2000.L; nil for none.
    public func attach(
        as name: String = "nobody",
        user: UInt32? = nil,
        to tree: String = ""
    ) throws(FileError) -> Fid {
        let fid = newFid()
        do throws(FileError) {
            let qid = try Bytes.with(name, tree) { (name, tree) throws(FileError) in
                try call(
                    Tattach(
                        fid: fid,
                        authFid: Wire.noFid,
                        uname: name,
                        aname: tree,
                        userNumber: user ?? Wire.noUser
                    ),
                    Rattach.self,
                    newFid: fid
                ) { (reply) throws(FileError) in reply.qid }
            }
            return Fid(self, fid, qid)
        } catch {
            releaseFid(fid)
            throw error
        }
    }
}

extension Fid {
    /// Steps down through names, each of which is one component, `..` included; no names give
    /// another fid for the same file.
    ///
    /// Errors: `.notFound` when any is missing, whatever the server says of those before.
    public func walk(_ names: [[UInt8]]) throws(FileError) -> Fid {
        var from = self
        var rest = names[...]
        repeat {
            let step = rest.prefix(WalkedQids.limit)
            rest = rest.dropFirst(WalkedQids.limit)
            from = try from.step(step)
        } while !rest.isEmpty
        return from
    }

    /// Steps down a path with `/` between its names; empty names and `.` are left out.
    public func walk(_ path: String) throws(FileError) -> Fid {
        let names = path.utf8.split(separator: UInt8(ascii: "/")).map(Array.init)
        return try walk(names.filter { $0 != [UInt8(ascii: ".")] })
    }

    private func step(_ names: ArraySlice<[UInt8]>) throws(FileError) -> Fid {
        let number = client.newFid()
        do throws(FileError) {
            let found = try Bytes.with(Self.packed(names)) { (packed) throws(FileError) in
                let names = PathNames(bytes: packed, count: names.count)
                return try client.call(
                    Twalk(fid: self.number, newFid: number, names: names),
                    Rwalk.self,
                    newFid: number
                ) { (reply) throws(FileError) in try end(of: reply, names.count) }
            }
            return Fid(client, number, found)
        } catch {
            client.releaseFid(number)
            throw error
        }
    }

    /// Sends the request for a step to one name, where many requests are under way.
    func startStep(
        to name: [UInt8],
        _ exchange: Exchange
    ) throws(FileError) -> (request: PendingRequest, number: UInt32) {
        let number = client.newFid()
        do throws(FileError) {
            let request = try Bytes.with(Self.packed([name])) { (packed) throws(FileError) in
                let names = PathNames(bytes: packed, count: 1)
                return try exchange.start(
                    Twalk(fid: self.number, newFid: number, names: names),
                    newFid: number
                )
            }
            return (request, number)
        } catch {
            client.releaseFid(number)
            throw error
        }
    }

    /// Waits for the end of such a step; nil when there is no file of that name.
    func finishStep(
        _ step: (request: PendingRequest, number: UInt32),
        _ exchange: Exchange
    ) throws(FileError) -> Fid? {
        let dialect = client.dialect
        do throws(FileError) {
            let found = try exchange.finish(step.request) { (frame) throws(FileError) in
                try Client.decode(frame, dialect) { (reply: Rwalk) throws(FileError) in
                    try end(of: reply, 1)
                }
            }
            return Fid(client, step.number, found)
        } catch {
            client.releaseFid(step.number)
            guard error.kind == .notFound else { throw error }
            return nil
        }
    }

    /// What a walk came to.
    private func end(of reply: Rwalk, _ count: Int) throws(FileError) -> Qid {
        guard reply.qids.count == count else {
            // The last found is no directory, or has no such name.
            let isDirectory =
                reply.qids.count == 0
                || reply.qids[reply.qids.count - 1].type.contains(.directory)
            throw FileError(isDirectory ? .notFound : .notDirectory)
        }
        return count == 0 ? qid : reply.qids[count - 1]
    }

    /// Names as a walk has them on the wire.
    private static func packed(_ names: ArraySlice<[UInt8]>) throws(FileError) -> [UInt8] {
        var packed: [UInt8] = []
        for name in names {
            guard let length = UInt16(exactly: name.count) else { throw FileError(.nameTooLong) }
            packed += [UInt8(truncatingIfNeeded: length), UInt8(length >> 8)] + name
        }
        return packed
    }
}
