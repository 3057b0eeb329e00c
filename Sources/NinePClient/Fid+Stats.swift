internal import FileTree
internal import NineP

extension Fid {
    /// The attributes of several files of this directory; nil for those that are not there.
    ///
    /// Where the client has many requests under way, all are asked for at a time.
    func stats(of names: [[UInt8]]) throws(FileError) -> [RemoteStat?] {
        guard let exchange = client.exchange, client.dialect == .linux else {
            var stats: [RemoteStat?] = []
            for name in names { stats.append(try stat(of: name)) }
            return stats
        }
        var stats: [RemoteStat?] = []
        var rest = names[...]
        while !rest.isEmpty {
            stats += try self.stats(of: rest.prefix(32), exchange)
            rest = rest.dropFirst(32)
        }
        return stats
    }

    private func stat(of name: [UInt8]) throws(FileError) -> RemoteStat? {
        do throws(FileError) { return try walk([name]).stat() } catch {
            guard error.kind == .notFound else { throw error }
            return nil
        }
    }

    private func stats(
        of names: ArraySlice<[UInt8]>,
        _ exchange: Exchange
    ) throws(FileError) -> [RemoteStat?] {
        var walks: [(request: PendingRequest, number: UInt32)] = []
        defer {
            // What was sent before an error: its fids are the exchange's to see to.
            for (request, _) in walks { exchange.giveUp(request) }
        }
        for name in names { walks.append(try startStep(to: name, exchange)) }
        var found: [Fid?] = []
        while !walks.isEmpty {
            found.append(try finishStep(walks.removeFirst(), exchange))
        }
        var asked: [PendingRequest?] = []
        defer { for case let request? in asked { exchange.giveUp(request) } }
        for fid in found {
            guard let fid else {
                asked.append(nil)
                continue
            }
            let message = Tgetattr(fid: fid.number, mask: AttributeMask.basic.rawValue)
            asked.append(try exchange.start(message))
        }
        var stats: [RemoteStat?] = []
        let dialect = client.dialect
        while !asked.isEmpty {
            guard let request = asked.removeFirst() else {
                stats.append(nil)
                continue
            }
            stats.append(
                try exchange.finish(request) { (frame) throws(FileError) in
                    try Client.decode(frame, dialect) { (reply: Rgetattr) throws(FileError) in
                        RemoteStat(reply.stat)
                    }
                }
            )
        }
        return stats
    }
}
