import Synchronization

extension MemoryDirectory: Directory {
    func lookup(_ name: RawSpan) throws(FileError) -> any Node {
        guard let node = store.lock.withLock({ _ in find(name) }) else {
            throw FileError(.notFound)
        }
        return node
    }

    func entries(
        from cookie: UInt64,
        _ body: (borrowing DirectoryEntry, RawSpan) -> Bool
    ) throws(FileError) {
        var cookie = cookie
        while true {
            // One entry at a time, so that the lock is never held while `body` runs.
            let found = store.lock.withLock { _ -> (DirectoryEntry, [UInt8])? in
                guard let node = node(after: cookie) else { return nil }
                return (DirectoryEntry(stat: node.inode.stat, next: node.cookie), node.name)
            }
            guard let (entry, name) = found else { return }
            guard body(entry, name.span.bytes) else { return }
            cookie = entry.next
        }
    }

    func createFile(_ name: RawSpan, _ attributes: NewNode) throws(FileError) -> any File {
        let inode = store.makeInode(.regular, attributes)
        return try add(
            MemoryFile(name: Array(name), inode: inode, container: self, store: store)
        )
    }

    func createDirectory(
        _ name: RawSpan,
        _ attributes: NewNode
    ) throws(FileError) -> any Directory {
        let inode = store.makeInode(.directory, attributes)
        return try add(
            MemoryDirectory(name: Array(name), inode: inode, container: self, store: store)
        )
    }

    func createLink(
        _ name: RawSpan,
        to target: RawSpan,
        _ attributes: NewNode
    ) throws(FileError) -> any Node {
        guard (1..<4096).contains(target.byteCount) else { throw FileError(.nameTooLong) }
        let inode = store.makeInode(.symlink, attributes)
        inode.target = Array(target)
        inode.stat.size = UInt64(target.byteCount)
        inode.stat.mode.permissions = 0o777
        return try add(
            MemoryLink(name: Array(name), inode: inode, container: self, store: store)
        )
    }

    func createNode(
        _ name: RawSpan,
        type: FileType,
        device: UInt64,
        _ attributes: NewNode
    ) throws(FileError) -> any Node {
        guard type != .directory, type != .symlink else { throw FileError(.invalid) }
        if type == .regular { return try createFile(name, attributes) }
        let inode = store.makeInode(type, attributes)
        inode.stat.device = device
        return try add(
            MemoryNode(name: Array(name), inode: inode, container: self, store: store)
        )
    }

    func addName(_ name: RawSpan, for node: any Node) throws(FileError) {
        guard let node = node as? MemoryNode, node.store === store else {
            throw FileError(.crossDevice)
        }
        guard !(node is MemoryDirectory) else {
            // The order of link(2).
            let isTaken = store.lock.withLock { _ in find(name) != nil }
            throw FileError(isTaken ? .exists : .notPermitted)
        }
        let new = node.renamed(Array(name), in: self)
        let now = store.clock()
        try store.lock.withLock { (state) throws(FileError) in
            guard !isRemoved, node.inode.stat.links > 0 else { throw FileError(.notFound) }
            guard find(name) == nil else { throw FileError(.exists) }
            insert(new, &state, now)
            node.inode.stat.links += 1
            node.inode.stat.changed = now
        }
    }

    func remove(_ name: RawSpan, expected: Removal) throws(FileError) {
        let now = store.clock()
        try store.lock.withLock { (state) throws(FileError) in
            guard let node = find(name) else { throw FileError(.notFound) }
            let directory = node as? MemoryDirectory
            if expected == .file, directory != nil { throw FileError(.isDirectory) }
            if expected == .directory, directory == nil { throw FileError(.notDirectory) }
            try node.vanish(&state, now)
        }
    }

    func rename(
        _ name: RawSpan,
        to target: any Directory,
        _ newName: RawSpan,
        replacing: Bool
    ) throws(FileError) {
        guard let target = target as? MemoryDirectory, target.store === store else {
            throw FileError(.crossDevice)
        }
        let now = store.clock()
        let newName = Array(newName)
        try store.lock.withLock { (state) throws(FileError) in
            guard let node = find(name) else { throw FileError(.notFound) }
            guard !target.isRemoved else { throw FileError(.notFound) }
            let directory = node as? MemoryDirectory
            if let directory, target.isWithin(directory) { throw FileError(.invalid) }
            if let old = target.find(newName.span.bytes) {
                if old.inode === node.inode { return }
                guard replacing else { throw FileError(.exists) }
                let oldDirectory = old as? MemoryDirectory
                // rename(2) says this of a directory above, before it compares the types.
                if let oldDirectory, isWithin(oldDirectory) { throw FileError(.notEmpty) }
                if directory == nil, oldDirectory != nil { throw FileError(.isDirectory) }
                if directory != nil, oldDirectory == nil { throw FileError(.notDirectory) }
                try old.vanish(&state, now)
            }
            detach(node, now)
            node.name = newName
            target.insert(node, &state, now)
            node.inode.stat.changed = now
        }
    }

    private func add<Kind: MemoryNode>(_ node: Kind) throws(FileError) -> Kind {
        let now = store.clock()
        try store.lock.withLock { (state) throws(FileError) in
            guard !isRemoved else { throw FileError(.notFound) }
            guard find(node.name.span.bytes) == nil else { throw FileError(.exists) }
            try node.takeRoom()
            insert(node, &state, now)
        }
        return node
    }
}

extension MemoryNode {
    /// Another name for the same file.
    fileprivate func renamed(_ name: [UInt8], in container: MemoryDirectory) -> MemoryNode {
        switch self {
        case is MemoryFile:
            MemoryFile(name: name, inode: inode, container: container, store: store)
        case is MemoryLink:
            MemoryLink(name: name, inode: inode, container: container, store: store)
        default: MemoryNode(name: name, inode: inode, container: container, store: store)
        }
    }

    /// Takes the name out of its directory; the lock is held.
    fileprivate func vanish(
        _ state: inout MemoryStore.State,
        _ now: Timestamp
    ) throws(FileError) {
        if let directory = self as? MemoryDirectory {
            guard directory.byName.isEmpty else { throw FileError(.notEmpty) }
            directory.isRemoved = true
        }
        container?.detach(self, now)
        inode.stat.changed = now
        if inode.stat.links > 0 { inode.stat.links -= 1 }
    }
}
