import FileTree
import Synchronization

extension CaptureDirectory: Directory {
    func lookup(_ name: RawSpan) throws(FileError) -> any Node {
        guard let node = try find(name) else { throw FileError(.notFound) }
        return node
    }

    func walk(_ names: PathNames, _ qids: inout WalkedQids) throws(FileError) -> any Node {
        var names = names
        var node: CaptureNode = self
        while names.count > 0 {
            guard let directory = node as? CaptureDirectory else {
                throw FileError(.notDirectory)
            }
            // Below a directory that nobody has touched, nobody has touched anything.
            if let below = directory.untouched?.directory {
                return try walkBelow(below, names, &qids)
            }
            guard let name = names.next() else { break }
            guard let next = try directory.find(name.bytes) else { throw FileError(.notFound) }
            node = next
            qids.append(next.qid)
        }
        return node
    }

    /// Steps down in the lower tree alone.
    private func walkBelow(
        _ below: any Directory,
        _ names: PathNames,
        _ qids: inout WalkedQids
    ) throws(FileError) -> any Node {
        let first = qids.count
        let node = CaptureNode.make(layer, try below.walk(names, &qids))
        // The last may be another name of a file that has been touched.
        let qid = node.qid
        if qids.count > first, qids[qids.count - 1] != qid {
            var same = WalkedQids()
            for step in 0..<qids.count - 1 { same.append(qids[step]) }
            same.append(qid)
            qids = same
        }
        return node
    }

    func entries(
        from cookie: UInt64,
        _ body: (borrowing DirectoryEntry, RawSpan) -> Bool
    ) throws(FileError) {
        try list(from: cookie, body)
    }

    func createFile(_ name: RawSpan, _ attributes: NewNode) throws(FileError) -> any File {
        let node = try create(name, .regular, attributes)
        guard let file = node.file else { throw FileError(.inputOutput) }
        return file
    }

    func createDirectory(
        _ name: RawSpan,
        _ attributes: NewNode
    ) throws(FileError) -> any Directory {
        let node = try create(name, .directory, attributes)
        guard let directory = node.directory else { throw FileError(.inputOutput) }
        return directory
    }

    func createLink(
        _ name: RawSpan,
        to target: RawSpan,
        _ attributes: NewNode
    ) throws(FileError) -> any Node {
        guard (1..<4096).contains(target.byteCount) else { throw FileError(.nameTooLong) }
        var attributes = attributes
        attributes.permissions = 0o777
        return try create(name, .symlink, attributes, target: Array(target))
    }

    func createNode(
        _ name: RawSpan,
        type: FileType,
        device: UInt64,
        _ attributes: NewNode
    ) throws(FileError) -> any Node {
        guard type != .directory, type != .symlink else { throw FileError(.invalid) }
        let isDevice = type == .characterDevice || type == .blockDevice
        return try create(name, type, attributes, device: isDevice ? device : 0)
    }

    private func create(
        _ name: RawSpan,
        _ type: FileType,
        _ attributes: NewNode,
        device: UInt64 = 0,
        target: [UInt8] = []
    ) throws(FileError) -> CaptureNode {
        try layer.checkOpen()
        if try find(name) != nil { throw FileError(.exists) }
        let object = try layer.adopt(self)
        let name = Array(name)
        let now = layer.clock()
        let new = NewAttributes(
            permissions: attributes.permissions & 0o7777,
            uid: attributes.uid,
            gid: attributes.gid
        )
        return try layer.change { (state) throws(FileError) in
            try Layer.checkFree(name, in: object)
            let serial = state.next
            try layer.commit(
                .made(
                    serial,
                    type: type,
                    in: object.serial,
                    name: name,
                    new,
                    device: device,
                    detail: target,
                    at: now
                ),
                in: &state
            )
            guard let made = state.objects[serial] else { throw FileError(.inputOutput) }
            return CaptureNode.make(layer, made, made.names.first)
        }
    }

    func addName(_ name: RawSpan, for node: any Node) throws(FileError) {
        guard let node = node as? CaptureNode, node.layer === layer else {
            throw FileError(.crossDevice)
        }
        try layer.checkOpen()
        // The order of link(2).
        if try find(name) != nil { throw FileError(.exists) }
        guard node.directory == nil else { throw FileError(.notPermitted) }
        let object = try layer.adopt(node)
        let directory = try layer.adopt(self)
        let name = Array(name)
        let now = layer.clock()
        try layer.change { (state) throws(FileError) in
            guard object.links > 0 else { throw FileError(.notFound) }
            try Layer.checkFree(name, in: directory)
            try layer.commit(
                .linked(object.serial, in: directory.serial, name: name, at: now),
                in: &state
            )
        }
    }

    func remove(_ name: RawSpan, expected: Removal) throws(FileError) {
        try layer.checkOpen()
        guard let node = try find(name) else { throw FileError(.notFound) }
        if expected == .file, node.directory != nil { throw FileError(.isDirectory) }
        if expected == .directory, node.directory == nil { throw FileError(.notDirectory) }
        if let directory = node as? CaptureDirectory, try !directory.isEmpty() {
            throw FileError(.notEmpty)
        }
        let directory = try layer.adopt(self, forRemoval: true)
        let object = try layer.adopt(node, as: Array(name), in: directory, forRemoval: true)
        let name = Array(name)
        let now = layer.clock()
        try layer.change { (state) throws(FileError) in
            try Layer.check(name, in: directory, is: object)
            guard object.entries.liveCount == 0 else { throw FileError(.notEmpty) }
            try layer.commit(.removed(from: directory.serial, name: name, at: now), in: &state)
        }
    }

    func rename(
        _ name: RawSpan,
        to target: any Directory,
        _ newName: RawSpan,
        replacing: Bool
    ) throws(FileError) {
        guard let target = target as? CaptureDirectory, target.layer === layer else {
            throw FileError(.crossDevice)
        }
        try layer.checkOpen()
        guard let node = try find(name) else { throw FileError(.notFound) }
        // In the order of rename(2): what is moved into itself, what is replaced by a part of
        // itself, then the types.
        if node.directory != nil, target.isWithin(node) { throw FileError(.invalid) }
        let old = try target.find(newName)
        if let old {
            if old.qidPath == node.qidPath { return }
            guard replacing else { throw FileError(.exists) }
            if old.directory != nil, isWithin(old) { throw FileError(.notEmpty) }
            if node.directory == nil, old.directory != nil { throw FileError(.isDirectory) }
            if node.directory != nil, old.directory == nil { throw FileError(.notDirectory) }
            if let old = old as? CaptureDirectory, try !old.isEmpty() {
                throw FileError(.notEmpty)
            }
        }
        let (name, newName) = (Array(name), Array(newName))
        let source = try layer.adopt(self)
        let sink = try layer.adopt(target)
        let object = try layer.adopt(node, as: name, in: source)
        let replaced = try old.map { (old) throws(FileError) in
            try layer.adopt(old, as: newName, in: sink)
        }
        let now = layer.clock()
        try layer.change { (state) throws(FileError) in
            try Layer.check(name, in: source, is: object)
            if object.type == .directory, state.isWithin(sink, object) {
                throw FileError(.invalid)
            }
            if let replaced {
                try Layer.check(newName, in: sink, is: replaced)
                guard replaced.entries.liveCount == 0 else { throw FileError(.notEmpty) }
            } else {
                try Layer.checkFree(newName, in: sink)
            }
            try layer.commit(
                .renamed(
                    from: source.serial,
                    name: name,
                    to: sink.serial,
                    newName: newName,
                    at: now
                ),
                in: &state
            )
        }
    }

    /// Whether this directory is another, or below it, as far as is known without the lock.
    private func isWithin(_ other: any Node) -> Bool {
        let path = other.qidPath
        var step: (any Directory)? = self
        while let directory = step {
            if directory.qidPath == path { return true }
            step = directory.parent
        }
        return false
    }
}
