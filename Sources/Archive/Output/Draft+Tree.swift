public import FileTree

extension Draft {
    /// What a tree of any kind holds, to be written out; the tree shall not change meanwhile.
    ///
    /// Names of one object are one file. Sockets are left out: they are nothing without their
    /// process. Errors: those of reading the tree, with the path.
    public init(
        tree root: any Directory,
        manifest: Manifest = Manifest()
    ) throws(FileError) {
        var found: [(path: [UInt8], node: any Node)] = []
        var open: [(path: [UInt8], directory: any Directory)] = [([], root)]
        while let next = open.popLast() {
            do throws(FileError) {
                for (path, node) in try Self.entries(of: next.directory, at: next.path) {
                    found.append((path, node))
                    if let directory = node.directory { open.append((path, directory)) }
                }
            } catch {
                throw error.at(PathText.display(next.path))
            }
        }
        try self.init(nodes: found, manifest: manifest)
    }

    /// The same of some nodes of trees, each by a path; a path on the way that is none of them is a
    /// plain directory.
    public init(
        nodes: [(path: [UInt8], node: any Node)],
        manifest: Manifest = Manifest()
    ) throws(FileError) {
        let found = nodes.sorted { MemberPath.precedes($0.path, $1.path) }
        var firstNames: [UInt64: [UInt8]] = [:]
        var members: [Member] = []
        var files: [(any File)?] = []
        for (path, node) in found {
            do throws(FileError) {
                let stat = try node.stat()
                if stat.mode.type == .socket { continue }
                var member = try Member(path, node, stat)
                if stat.mode.type != .directory, stat.links > 1 {
                    member.hardLink = firstNames[stat.qid.path]
                    if member.hardLink == nil { firstNames[stat.qid.path] = path }
                }
                members.append(member)
                files.append(node.file)
            } catch {
                throw error.at(PathText.display(path))
            }
        }
        self.init(manifest: manifest, members: members, contents: TreeContents(files))
    }

    private static func entries(
        of directory: any Directory,
        at path: [UInt8]
    ) throws(FileError) -> [(path: [UInt8], node: any Node)] {
        let prefix = path.isEmpty ? [] : path + [UInt8(ascii: "/")]
        var entries: [(path: [UInt8], node: any Node)] = []
        for name in try directory.names() {
            guard prefix.count + name.count <= MemberPath.limit else {
                throw FileError(.nameTooLong, PathText.display(name))
            }
            entries.append((prefix + name, try directory.lookup(name.span.bytes)))
        }
        return entries
    }
}

extension Member {
    /// What a node says of itself.
    fileprivate init(_ path: [UInt8], _ node: any Node, _ stat: Stat) throws(FileError) {
        self.init(path: path, type: stat.mode.type, permissions: stat.mode.permissions)
        uid = stat.uid
        gid = stat.gid
        modified = stat.modified
        switch stat.mode.type {
        case .regular: size = stat.size
        case .symlink: linkTarget = try node.link?.target() ?? []
        case .characterDevice, .blockDevice: device = stat.device
        default: break
        }
        if stat.mode.type != .symlink { attributes = try ExtendedAttribute.portable(of: node) }
    }
}

/// The bytes of a tree's files.
private final class TreeContents: DraftContents {
    private let files: [(any File)?]

    init(_ files: [(any File)?]) { self.files = files }

    func open(_ number: Int) throws(FileError) -> any OpenFile {
        guard let file = files[number] else { throw FileError(.invalid, "no file") }
        return try file.open(.read)
    }
}
