internal import FileTree
internal import NineP

/// A directory in another server's tree.
final class RemoteBaseDirectory: RemoteBaseNode, Directory {
    let named: RemoteBaseName

    init(_ named: consuming RemoteBaseName) { self.named = named }

    func lookup(_ name: RawSpan) throws(FileError) -> any Node {
        try store.lookup(Array(name), in: self)
    }

    /// Shows the entries page by page, each remembered or asked for.
    ///
    /// Cookies are the server's own in 9P2000.L; else they count entries, since such a listing can
    /// be read from its start alone. What cannot be a file's name is left out.
    func entries(
        from cookie: UInt64,
        _ body: (borrowing DirectoryEntry, RawSpan) -> Bool
    ) throws(FileError) {
        let isLinux = try store.line.client().dialect == .linux
        let size = RemotePage.size
        var guardian = ListingGuard()
        var next = cookie
        while true {
            let start = isLinux ? next : next / size * size
            let page = isLinux ? try linuxPage(start) : try countedPage(start)
            for (number, entry) in page.entries.enumerated() {
                if !isLinux, start + UInt64(number) < next { continue }
                guard let stat = try stat(of: entry, page) else { continue }
                let shown = DirectoryEntry(stat: stat, next: entry.next)
                guard body(shown, entry.name.span.bytes) else { return }
            }
            guard let following = page.next else {
                // A position behind the last entry is one that was given, any other is none.
                if !isLinux, page.entries.isEmpty, next > start {
                    throw FileError(.badDirectoryOffset)
                }
                return
            }
            next = following
            guard guardian.admits(next) else {
                let why = FileError(.inputOutput, "a listing that goes round in circles")
                throw store.line.told(why, text)
            }
        }
    }

    /// The attributes of an entry; nil when it has gone since.
    private func stat(of entry: RemotePage.Entry, _ page: RemotePage) throws(FileError) -> Stat? {
        if let stat = entry.stat { return stat }
        if let path = entry.path, let stat = store.known(path) { return stat }
        do throws(FileError) { return try store.lookup(entry.name, in: self).stat() } catch {
            guard error.kind == .notFound else { throw error }
            return nil
        }
    }

    // MARK: - Pages

    private func linuxPage(_ cookie: UInt64) throws(FileError) -> RemotePage {
        let version = try stat().qid.version
        let key = RemoteMemory.PageKey(path: path, cookie: cookie)
        let page: RemotePage
        if let known = store.page(key, version: version) {
            page = known
        } else {
            page = try store.ask(self) { (fid) throws(FileError) in
                let open = try fid.walk([])
                try open.open(.read)
                let (told, next) = try open.entries(at: cookie, count: RemotePage.bytes)
                let entries = told.filter { RemotePage.isShown($0.name) }.map {
                    RemotePage.Entry(name: $0.name, path: $0.qid.path, next: $0.next ?? next)
                }
                let isOver = next == cookie
                // Linux has no way to ask for more than the largest signed number; file systems
                // have that one at the end.
                let largest = UInt64(Int64.max)
                guard isOver || next <= largest, entries.allSatisfy({ $0.next <= largest }) else {
                    throw FileError(.inputOutput, "a listing with positions beyond 2^63")
                }
                return RemotePage(version: version, entries, next: isOver ? nil : next)
            }
            store.learn(page, at: key)
        }
        try learnStats(page)
        return page
    }

    /// Asks for the attributes of all entries of which they are not known, many at a time.
    private func learnStats(_ page: RemotePage) throws(FileError) {
        let unknown = page.entries.filter { $0.path.map { store.known($0) == nil } ?? true }
        guard !unknown.isEmpty else { return }
        let stats = try store.ask(self) { (fid) throws(FileError) in
            try fid.stats(of: unknown.map(\.name))
        }
        for (entry, stat) in zip(unknown, stats) {
            guard let stat else { continue }
            store.learn(stat.stat)
            let place = RemoteMemory.Place(directory: path, name: entry.name)
            store.learn(stat.stat.qid.path, at: place)
        }
    }

    /// The page whose first entry has this number, a multiple of a page's size.
    private func countedPage(_ first: UInt64) throws(FileError) -> RemotePage {
        let version = try stat().qid.version
        let key = RemoteMemory.PageKey(path: path, cookie: first)
        if let known = store.page(key, version: version) { return known }
        return try store.ask(self) { (fid) throws(FileError) in
            var reader = store.takeReader(path)
            if reader == nil || reader?.fid.client !== fid.client || reader?.number != first {
                // Where no reader has come just so far, the listing has to be read from its start.
                let open = try fid.walk([])
                try open.open(.read)
                reader = RemoteReader(open, limit: store.options.names)
            }
            guard let reader else { throw FileError(.inputOutput) }
            while true {
                let start = reader.number
                let page = try reader.page(version: version)
                let key = RemoteMemory.PageKey(path: path, cookie: start)
                for entry in page.entries {
                    guard let stat = entry.stat else { continue }
                    store.learn(stat)
                    let place = RemoteMemory.Place(directory: path, name: entry.name)
                    store.learn(stat.qid.path, at: place)
                }
                store.learn(page, at: key)
                if start == first {
                    if page.next != nil { store.putBack(reader, path) }
                    return page
                }
                if page.next == nil { return RemotePage(version: version, [], next: nil) }
            }
        }
    }
}
