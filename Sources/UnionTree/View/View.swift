import Archive
import FileTree

/// A generation as one kind of client sees it: what is masked, and where the root is.
final class View: Sendable {
    let generation: Generation
    let options: ViewOptions
    /// The place that is shown as the root; names above it cannot be reached.
    let root: Place
    /// The packages whose set-id bits are shown, by their numbers.
    private let allowed: Set<UInt32>

    init(_ generation: Generation, _ options: ViewOptions, root: Place? = nil) {
        self.generation = generation
        self.options = options
        allowed =
            options.allowed.isEmpty
            ? []
            : Set(
                generation.packages.indices.filter {
                    options.allowed.contains(generation.packages[$0].name)
                }.map(UInt32.init)
            )
        self.root = root ?? Place.shared(0, generation.table.directory(0))
    }

    /// Whether the set-id bits of a package's files are shown.
    @inline(__always)
    func allows(_ package: UInt32) -> Bool { !allowed.isEmpty && allowed.contains(package) }

    /// The root's node.
    var rootNode: UnionDirectory {
        let hash = generation.hash(ofDirectory: root)
        return UnionDirectory(self, root, hash, directoryQid(root, hash))
    }

    /// The qid of what a step came to.
    @inline(__always)
    func qid(_ step: Step) -> Qid {
        step.isDirectory ? directoryQid(step.place, step.hash) : qid(step.place, step.hash)
    }

    /// The qid of a directory, whose path is `hash`.
    ///
    /// Over a base the version is 0: what the base has in a directory can change at any time, so
    /// that no client may keep it.
    @inline(__always)
    func directoryQid(_ place: Place, _ hash: UInt64) -> Qid {
        var version: UInt32 = 0
        if generation.base == nil {
            version =
                place.entry.package == TableEntry.directory
                ? generation.table.record(place.entry.number).pointee.version
                : generation.version(ofDirectory: place.entry)
        }
        return Qid(type: .directory, version: version, path: hash)
    }

    /// The qid of anything else, in a directory of the path `hash`.
    @inline(__always)
    private func qid(_ place: Place, _ hash: UInt64) -> Qid {
        guard let inode = generation.inode(place.entry) else {
            let name = generation.hash(generation.name(place.entry))
            return Qid(type: .symlink, version: 1, path: NameHash.path(hash, name))
        }
        return qid(place.entry, inode)
    }

    /// The qid of a package's file.
    ///
    /// The path stands for the package, and so for the bytes; the version is made of size and
    /// time, too, for directories of the host, which can change while they are packages.
    @inline(__always)
    func qid(_ entry: TableEntry, _ inode: Inode) -> Qid {
        let path = generation.qidPath(entry.package, inode.number)
        let time = UInt64(bitPattern: inode.modified.seconds) << 30
        var version = StableHash(domain: path ^ time ^ UInt64(inode.modified.nanoseconds))
        version.combine(inode.size)
        return Qid(type: inode.mode.type.qidKind, version: version.qidVersion(), path: path)
    }

    /// Makes the node of a step; the one object of a walk.
    @inline(__always)
    func node(_ step: Step, _ qid: Qid) -> any Node {
        let named = UnionName(view: self, place: step.place, hash: step.hash, qid: qid)
        if step.isDirectory { return UnionDirectory(named) }
        if qid.type.contains(.symlink) { return UnionLink(named) }
        let type = generation.inode(step.place.entry)?.mode.type ?? .regular
        return type == .regular || !options.shows(type) ? UnionFile(named) : UnionDevice(named)
    }
}
