import FileTree
import Glibc

extension Conversation {
    /// Finds a name in a directory: `name NUL`.
    func lookup(_ request: Request, _ reply: inout Reply) throws(FileError) {
        let name = try request.name(at: 0)
        let directory = try nodes.directory(request.node)
        let found: NamedEntry
        do throws(FileError) { found = try directory.entry(named: name.bytes) } catch {
            guard error.kind == .notFound else { throw error }
            return reply.putMissing(validity)
        }
        try putEntry(found.node, found.stat, &reply)
    }

    /// Tells the kernel of a node, which it holds until it forgets it.
    @inline(__always)
    func putEntry(_ node: any Node, _ stat: Stat, _ reply: inout Reply) throws(FileError) {
        let number = try nodes.remember(node, hasOthers: stat.links > 1 && node.file != nil)
        reply.putEntry(number, shown(stat), validity)
    }

    /// What the kernel is shown of a file: only owners that its user namespace has.
    @inline(__always)
    func shown(_ stat: Stat) -> Stat {
        guard let owners = options.owners else { return stat }
        var stat = stat
        stat.uid = owners.shown(user: stat.uid)
        stat.gid = owners.shown(group: stat.gid)
        return stat
    }

    /// Takes back what LOOKUP and its like have told: `nlookup[8]`.
    func forget(_ request: Request) -> Outcome {
        forget(request.node, request.u64(0))
        return .unanswered
    }

    /// The same for several: `count[4] pad[4] count*(nodeid[8] nlookup[8])`.
    func batchForget(_ request: Request) -> Outcome {
        let count = min(Int(request.u32(0)), (request.body.count - 8) / 16)
        for place in 0..<count {
            forget(request.u64(8 + place * 16), request.u64(16 + place * 16))
        }
        return .unanswered
    }

    private func forget(_ number: UInt64, _ lookups: UInt64) {
        guard nodes.forget(number, lookups) else { return }
        lost.remove(number)
        recent.remove(number)
    }

    /// Tells a file's attributes.
    func getattr(_ request: Request, _ reply: inout Reply) throws(FileError) {
        reply.putAnswer(shown(try stat(request.node)), validity)
    }

    /// Tells whether somebody may: `mask[4] pad[4]`.
    ///
    /// Asked only of a mount that leaves permissions to the server.
    func access(_ request: Request) throws(FileError) {
        let user = User(
            uid: request.uid,
            gid: request.gid,
            name: "",
            isOwner: request.uid == 0,
            hasUnknownGroups: true
        )
        let stat = shown(try nodes.find(request.node).stat())
        guard user.may(Access(rawValue: request.u32(0) & 7), stat) else {
            throw FileError(.permission)
        }
    }

    /// Tells what a link holds.
    func readlink(_ request: Request, _ reply: inout Reply) throws(FileError) {
        guard let link = try nodes.find(request.node).link else { throw FileError(.invalid) }
        let target = try link.target()
        guard target.count < 4096 else { throw FileError(.nameTooLong) }
        target.withUnsafeBytes { reply.put($0) }
    }

    /// Tells how much room there is: `blocks[8] bfree[8] bavail[8] files[8] ffree[8] bsize[4]
    /// namelen[4] frsize[4] pad[4] spare[24]`.
    func statfs(_ reply: inout Reply) throws(FileError) {
        let figures = try tree.statfs()
        reply.put(figures.blocks)
        reply.put(figures.free)
        reply.put(figures.free)
        reply.put(figures.files)
        reply.put(figures.freeFiles)
        reply.put(figures.blockSize)
        reply.put(figures.longestName)
        reply.put(figures.blockSize)
        for _ in 0..<7 { reply.put(UInt32(0)) }
    }
}
