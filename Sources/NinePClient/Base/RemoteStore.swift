internal import FileTree
internal import Synchronization

/// What is remembered of another server's tree, and how the server is asked for the rest.
///
/// The lock is held for look-ups alone: neither while the server is asked, nor while a fid that has
/// to go is let go of.
final class RemoteStore: Sendable {
    let line: RemoteLine
    let options: RemoteBase.Options
    private let memory: Mutex<Memory>
    private let openFiles = Atomic(0)

    /// What was learnt at a time.
    struct Learnt<Value: Sendable>: Sendable {
        let value: Value
        let time: UInt64
    }

    /// A name in the directory with this qid path.
    struct Place: Hashable {
        let directory: UInt64
        let name: [UInt8]
    }

    /// One of several short texts of a file.
    struct Detail: Hashable {
        enum Kind: Hashable {
            case link
            case attribute([UInt8])
            case attributeNames
        }
        let path: UInt64
        let kind: Kind
    }

    /// A part of a listing, from this cookie on.
    struct PageKey: Hashable {
        let path: UInt64
        let cookie: UInt64
    }

    /// A block of one version of a file.
    struct BlockKey: Hashable {
        let path: UInt64
        let version: UInt32
        let number: UInt64
    }

    private struct Memory {
        var stats: BoundedCache<UInt64, Learnt<Stat>>
        /// The qid path behind a name; nil where there was none.
        var names: BoundedCache<Place, Learnt<UInt64?>>
        var details: BoundedCache<Detail, Learnt<Result<[UInt8], FileError>>>
        var pages: BoundedCache<PageKey, Learnt<RemotePage>>
        var blocks: BoundedCache<BlockKey, RemoteBlock>
        var fids: BoundedCache<UInt64, Fid>
        var readers: BoundedCache<UInt64, RemoteReader>
    }

    init(_ line: RemoteLine, _ options: RemoteBase.Options) {
        self.line = line
        self.options = options
        // Names are as long as they are: 64 bytes each are more than enough on most machines.
        let nameBytes = options.entries * (64 + BoundedCache<Place, Learnt<UInt64?>>.overhead)
        memory = Mutex(
            Memory(
                stats: BoundedCache(bytes: .max, entries: options.entries),
                names: BoundedCache(bytes: nameBytes, entries: options.entries),
                details: BoundedCache(bytes: options.listingBytes / 4, entries: options.entries),
                pages: BoundedCache(bytes: options.listingBytes / 4 * 3, entries: options.entries),
                blocks: BoundedCache(bytes: options.fileBytes, entries: options.entries),
                fids: BoundedCache(bytes: .max, entries: options.fids),
                readers: BoundedCache(bytes: .max, entries: 16)
            )
        )
    }

    // MARK: - Asking

    /// Asks the server about a node, by a fid of it; once more when the server had to be dialed
    /// anew.
    func ask<Answer>(
        _ node: RemoteBaseNode,
        _ body: (Fid) throws(FileError) -> Answer
    ) throws(FileError) -> Answer {
        var isFirst = true
        while true {
            let client = try line.client()
            do throws(FileError) {
                return try body(try fid(of: node, client))
            } catch {
                // A fid that the server does not know any more must not stay in the way.
                forgetFid(node.path)
                if isFirst, client.failure != nil {
                    isFirst = false
                    continue
                }
                throw line.told(error, node.text)
            }
        }
    }

    /// A fid of a node: one that is held, or found anew from the nearest directory above it.
    private func fid(of node: RemoteBaseNode, _ client: Client) throws(FileError) -> Fid {
        if let fid = held(node.path, client) { return fid }
        var names: [[UInt8]] = []
        var step = node
        var start: Fid?
        while start == nil {
            guard let parent = step.container else { break }
            names.append(step.name)
            step = parent
            start = held(parent.path, client)
        }
        let from: Fid
        if let start { from = start } else { from = try line.root(of: client) }
        if names.isEmpty {
            guard from.qid.path == node.path else {
                throw FileError(.inputOutput, "the server has another root by now")
            }
            return from
        }
        let found = try from.walk(names.reversed())
        guard found.qid.path == node.path else { throw FileError(.notFound) }
        hold(found)
        return found
    }

    private func held(_ path: UInt64, _ client: Client) -> Fid? {
        memory.withLock { memory in
            memory.fids.value(for: path).flatMap { $0.client === client ? $0 : nil }
        }
    }

    private func hold(_ fid: Fid) {
        let gone = memory.withLock { $0.fids.insert(fid, for: fid.qid.path) }
        withExtendedLifetime(gone) {}
    }

    private func forgetFid(_ path: UInt64) {
        let gone = memory.withLock { $0.fids.remove(path) }
        withExtendedLifetime(gone) {}
    }

    // MARK: - Attributes and names

    /// A node's attributes.
    func stat(_ node: RemoteBaseNode) throws(FileError) -> Stat {
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
    ) throws(FileError) -> RemoteBaseNode {
        let place = Place(directory: directory.path, name: name)
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
    ) -> RemoteBaseNode {
        switch stat.mode.type {
        case .directory: RemoteBaseDirectory(self, name: name, in: directory, stat.qid)
        case .symlink: RemoteBaseLink(self, name: name, in: directory, stat.qid)
        case .regular: RemoteBaseFile(self, name: name, in: directory, stat.qid)
        case .characterDevice, .blockDevice, .fifo, .socket:
            RemoteBaseNode(self, name: name, in: directory, stat.qid)
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
        let learnt = Learnt(value: stat, time: options.clock())
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
    func learn(_ path: UInt64?, at place: Place) {
        let learnt = Learnt(value: path, time: options.clock())
        _ = memory.withLock { $0.names.insert(learnt, for: place, cost: place.name.count) }
    }

    private func fresh<Value>(_ learnt: Learnt<Value>?) -> Value? {
        guard let learnt else { return nil }
        let age = options.clock() &- learnt.time
        return age <= UInt64(max(0, options.freshness)) &* 1_000_000 ? learnt.value : nil
    }

    // MARK: - Details, pages, blocks

    /// A short text: what is remembered, or what `body` asks the server for.
    func detail(
        _ kind: Detail.Kind,
        of node: RemoteBaseNode,
        _ body: (Fid) throws(FileError) -> [UInt8]
    ) throws(FileError) -> [UInt8] {
        let key = Detail(path: node.path, kind: kind)
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
        let learnt = Learnt(value: result, time: options.clock())
        let cost = 64 + ((try? result.get())?.count ?? 0)
        _ = memory.withLock { $0.details.insert(learnt, for: key, cost: cost) }
        return try result.get()
    }

    /// A page of the listing of a directory of this version, if it is still good.
    func page(_ key: PageKey, version: UInt32) -> RemotePage? {
        memory.withLock { memory in
            guard let learnt = memory.pages.value(for: key) else { return nil }
            if version != 0, learnt.value.version == version { return learnt.value }
            return fresh(learnt)
        }
    }

    func learn(_ page: RemotePage, at key: PageKey) {
        let learnt = Learnt(value: page, time: options.clock())
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

    func block(_ key: BlockKey) -> RemoteBlock? {
        memory.withLock { $0.blocks.value(for: key) }
    }

    func learn(_ block: RemoteBlock, at key: BlockKey) {
        let gone = memory.withLock { $0.blocks.insert(block, for: key, cost: block.count) }
        withExtendedLifetime(gone) {}
    }

    // MARK: - Open files

    /// Counts one more open file.
    ///
    /// Errors: `.tooManyFiles`.
    func beginOpen() throws(FileError) {
        let count = openFiles.add(1, ordering: .relaxed).newValue
        guard count > options.openFiles else { return }
        endOpen()
        throw FileError(.tooManyFiles, "\(line.name): \(options.openFiles) files are open")
    }

    func endOpen() { openFiles.subtract(1, ordering: .relaxed) }

    /// What is remembered: entries of all kinds, and bytes of listings, texts and files.
    var extent: (entries: Int, bytes: Int) {
        memory.withLock { memory in
            (
                memory.stats.count + memory.names.count + memory.details.count
                    + memory.pages.count + memory.blocks.count + memory.fids.count,
                memory.names.bytes + memory.details.bytes + memory.pages.bytes
                    + memory.blocks.bytes
            )
        }
    }
}
