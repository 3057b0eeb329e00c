import Archive
import FileTree

/// A generation as one kind of client sees it: what is masked, and where the root is.
final class View: Sendable {
    let generation: Generation
    let options: ViewOptions
    /// The place that is shown as the root; names above it cannot be reached.
    let root: Place

    init(_ generation: Generation, _ options: ViewOptions, root: Place? = nil) {
        self.generation = generation
        self.options = options
        self.root = root ?? Place.shared(0, generation.table.directory(0))
    }

    /// The qid of a place: of a directory `hash` is the path, else that of its directory.
    @inline(__always)
    func qid(_ place: Place, _ hash: UInt64) -> Qid {
        switch place.entry.package {
        case TableEntry.directory:
            return directoryQid(hash, generation.table.directory(place.entry.number).version)
        case TableEntry.link:
            let name = generation.hash(generation.name(place.entry))
            return Qid(type: .symlink, version: 1, path: NameHash.path(hash, name))
        default:
            guard let inode = generation.inode(place.entry) else {
                return Qid(type: .file, version: 0, path: 0)
            }
            return qid(place.entry, inode, hash)
        }
    }

    /// The qid of a package's entry.
    @inline(__always)
    func qid(_ entry: TableEntry, _ inode: Inode, _ hash: UInt64) -> Qid {
        let path = generation.qidPath(entry.package, inode.number)
        if inode.mode.type == .directory {
            return directoryQid(hash, UInt32(truncatingIfNeeded: path) | 1)
        }
        // The path stands for the package, and so for the bytes; size and time are for
        // directories of the host, which can change while they are packages.
        var version = StableHash(domain: path)
        version.combine(inode.size)
        version.combine(
            UInt64(bitPattern: inode.modified.seconds) ^ UInt64(inode.modified.nanoseconds) << 32
        )
        return Qid(
            type: inode.mode.type.qidKind,
            version: version.qidVersion(),
            path: path
        )
    }

    /// Directories over a base have the version 0: what the base has in them can change at any
    /// time, so that no client may keep them.
    @inline(__always)
    private func directoryQid(_ path: UInt64, _ version: UInt32) -> Qid {
        Qid(type: .directory, version: generation.base == nil ? version : 0, path: path)
    }

    /// Makes the node of a step; the one object of a walk.
    func node(_ step: Step) -> any Node {
        if step.isDirectory { return UnionDirectory(self, step.place, step.hash) }
        if step.place.entry.package == TableEntry.link {
            return UnionLink(self, step.place, step.hash)
        }
        let type = generation.inode(step.place.entry)?.mode.type ?? .regular
        switch type {
        case .symlink: return UnionLink(self, step.place, step.hash)
        case .regular: return UnionFile(self, step.place, step.hash)
        default:
            return options.shows(type)
                ? UnionNode(self, step.place, step.hash) : UnionFile(self, step.place, step.hash)
        }
    }
}
