internal import FileTree
internal import Synchronization

extension RemoteStore {
    /// A short text: what is remembered, or what `body` asks the server for.
    func detail(
        _ kind: RemoteMemory.Detail.Kind,
        of node: any RemoteBaseNode,
        _ body: (Fid) throws(FileError) -> [UInt8]
    ) throws(FileError) -> [UInt8] {
        let key = RemoteMemory.Detail(path: node.path, kind: kind)
        if let known = memory.withLock({ fresh($0.details.value(for: key)) }) {
            return try known.get()
        }
        let result: Result<[UInt8], FileError>
        do throws(FileError) {
            result = .success(try ask(node, body))
        } catch {
            // Linux asks for attributes that hardly any file has.
            guard error.kind == .noAttribute else { throw error }
            result = .failure(FileError(.noAttribute))
        }
        let learnt = RemoteMemory.Learnt(value: result, time: options.clock())
        let cost = 64 + ((try? result.get())?.count ?? 0)
        _ = memory.withLock { $0.details.insert(learnt, for: key, cost: cost) }
        return try result.get()
    }

    /// A page of the listing of a directory of this version, if it is still good.
    func page(_ key: RemoteMemory.PageKey, version: UInt32) -> RemotePage? {
        memory.withLock { memory in
            guard let learnt = memory.pages.value(for: key) else { return nil }
            if version != 0, learnt.value.version == version { return learnt.value }
            return fresh(learnt)
        }
    }

    func learn(_ page: RemotePage, at key: RemoteMemory.PageKey) {
        let learnt = RemoteMemory.Learnt(value: page, time: options.clock())
        _ = memory.withLock { $0.pages.insert(learnt, for: key, cost: page.cost) }
    }

    /// Takes the reader that is in the middle of a directory, for as long as it is used.
    func takeReader(_ path: UInt64) -> RemoteReader? {
        memory.withLock { $0.readers.remove(path) }
    }

    func putBack(_ reader: RemoteReader, _ path: UInt64) {
        let gone = memory.withLock { $0.readers.insert(reader, for: path) }
        withExtendedLifetime(gone) {}
    }

    func block(_ key: RemoteMemory.BlockKey) -> RemoteBlock? {
        memory.withLock { $0.blocks.value(for: key) }
    }

    func learn(_ block: RemoteBlock, at key: RemoteMemory.BlockKey) {
        let gone = memory.withLock { $0.blocks.insert(block, for: key, cost: block.count) }
        withExtendedLifetime(gone) {}
    }

    /// Whether a block was asked for that nobody has wanted yet.
    func isAhead(_ key: RemoteMemory.BlockKey) -> Bool {
        memory.withLock { $0.ahead.value(for: key) != nil }
    }

    /// Takes the request of such a block, for the one who wants it.
    func takeAhead(_ key: RemoteMemory.BlockKey) -> PendingRead? {
        memory.withLock { $0.ahead.remove(key) }
    }

    /// Keeps such a request; the oldest of more than there may be are given up.
    func putAhead(_ read: PendingRead, _ key: RemoteMemory.BlockKey, messages: Int) {
        let cost = messages * RemoteMemory.requestCost - RemoteMemory.Ahead.overhead
        let gone = memory.withLock { $0.ahead.insert(read, for: key, cost: cost) }
        withExtendedLifetime(gone) {}
    }
}
