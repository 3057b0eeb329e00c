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

    deinit {
        defer { client.releaseFid(number) }
        if isGone.load(ordering: .relaxed) { return }
        // A server frees the fid even when it answers an error, and there is nobody to be told.
        try? client.call(Tclunk(fid: number), Rclunk.self)
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
                    Rattach.self
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
        var packed: [UInt8] = []
        for name in names {
            guard let length = UInt16(exactly: name.count) else { throw FileError(.nameTooLong) }
            packed += [UInt8(truncatingIfNeeded: length), UInt8(length >> 8)] + name
        }
        let number = client.newFid()
        do throws(FileError) {
            let found = try Bytes.with(packed) { (packed) throws(FileError) in
                try client.call(
                    Twalk(
                        fid: self.number,
                        newFid: number,
                        names: PathNames(bytes: packed, count: names.count)
                    ),
                    Rwalk.self
                ) { (reply) throws(FileError) -> Qid in
                    guard reply.qids.count == names.count else {
                        // The last found is no directory, or has no such name.
                        let isDirectory =
                            reply.qids.count == 0
                            || reply.qids[reply.qids.count - 1].type.contains(.directory)
                        throw FileError(isDirectory ? .notFound : .notDirectory)
                    }
                    return names.isEmpty ? qid : reply.qids[names.count - 1]
                }
            }
            return Fid(client, number, found)
        } catch {
            client.releaseFid(number)
            throw error
        }
    }
}
