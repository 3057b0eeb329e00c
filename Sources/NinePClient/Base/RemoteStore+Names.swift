internal import FileTree
internal import Synchronization

extension RemoteStore {
    /// A node's attributes.
    func stat(_ node: any RemoteBaseNode) throws(FileError) -> Stat {
        if let stat = memory.withLock({ fresh($0.stats.value(for: node.path)) }) { return stat }
        return try ask(node) { (fid) throws(FileError) in
            let stat = try fid.stat().stat
            guard stat.qid.path == node.path else { throw FileError(.notFound) }
            return learn(stat)
        }
    }

    /// What a directory has under a name.
    func lookup(
        _ name: [UInt8],
        in directory: RemoteBaseDirectory
    ) throws(FileError) -> any Node {
        let place = RemoteMemory.Place(directory: directory.path, name: name)
        let known = memory.withLock { memory -> Result<Stat, FileError>? in
            guard let path = fresh(memory.names.value(for: place)) else { return nil }
            guard let path else { return .failure(FileError(.notFound)) }
            return fresh(memory.stats.value(for: path)).map { .success($0) }
        }
        if let known { return node(try known.get(), name, in: directory) }
        let found = try ask(directory) { (fid) throws(FileError) -> Stat? in
            let child: Fid
            do throws(FileError) { child = try fid.walk([name]) } catch {
                guard error.kind == .notFound else { throw error }
                return nil
            }
            let stat = try child.stat().stat
            guard stat.qid.path == child.qid.path else {
                throw FileError(.inputOutput, "one file has two qids")
            }
            hold(child)
            return learn(stat)
        }
        learn(found?.qid.path, at: place)
        guard let found else { throw FileError(.notFound) }
        return node(found, name, in: directory)
    }

    func node(
        _ stat: Stat,
        _ name: [UInt8],
        in directory: RemoteBaseDirectory
    ) -> any Node {
        let named = RemoteBaseName(self, name: name, in: directory, stat.qid)
        return switch stat.mode.type {
        case .directory: RemoteBaseDirectory(named)
        case .symlink: RemoteBaseLink(named)
        case .regular: RemoteBaseFile(named)
        case .characterDevice, .blockDevice, .fifo, .socket: RemoteBaseDevice(named)
        }
    }

    /// The attributes that are known of a file, if they are still believed.
    func known(_ path: UInt64) -> Stat? {
        memory.withLock { fresh($0.stats.value(for: path)) }
    }

    /// Remembers attributes, in the form in which all trees give them.
    @discardableResult
    func learn(_ told: Stat) -> Stat {
        let stat = Self.shown(told)
        let learnt = RemoteMemory.Learnt(value: stat, time: options.clock())
        _ = memory.withLock { $0.stats.insert(learnt, for: stat.qid.path) }
        return stat
    }

    /// Attributes in the form in which all trees give them.
    static func shown(_ told: Stat) -> Stat {
        var stat = told
        stat.qid.type = stat.mode.type.qidKind
        if stat.mode.type == .directory {
            stat.links = 1
            stat.size = 0
            stat.allocated = 0
        }
        return stat
    }

    /// Remembers what a name leads to.
    func learn(_ path: UInt64?, at place: RemoteMemory.Place) {
        let learnt = RemoteMemory.Learnt(value: path, time: options.clock())
        _ = memory.withLock { $0.names.insert(learnt, for: place, cost: place.name.count) }
    }

    /// What was learnt, if it is still believed.
    func fresh<Value>(_ learnt: RemoteMemory.Learnt<Value>?) -> Value? {
        guard let learnt else { return nil }
        let age = options.clock() &- learnt.time
        return age <= UInt64(max(0, options.freshness)) &* 1_000_000 ? learnt.value : nil
    }
}
