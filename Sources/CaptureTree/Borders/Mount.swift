import FileTree

/// A directory of another tree that is seen at a path of a capture: what a `scratch` or a
/// `through` rule comes to.
final class Mount: Sendable {
    /// The names that lead to it.
    let path: [[UInt8]]
    let root: any Directory
    /// What qids' paths are salted with; nil where they are the other tree's own.
    private let seed: UInt64?
    /// Whether it is there for what is mounted below it alone.
    let isWay: Bool

    init(at path: [[UInt8]], _ root: any Directory, seed: UInt64?) {
        self.path = path
        self.root = root
        self.seed = seed
        isWay = false
    }

    /// An empty directory that leads to a mount, of which nobody can change anything.
    init(wayAt path: [[UInt8]], domain: UInt64) {
        self.path = path
        // It is the same one in each view.
        root = MemoryTree(clock: { Timestamp(seconds: 0, nanoseconds: 0) }).root
        var hash = StableHash(domain: domain)
        for name in path { name.withUnsafeBytes { hash.combine($0) } }
        seed = hash.finish()
        isWay = true
    }

    var name: [UInt8] { path.last ?? [] }

    /// A qid as the capture shows it.
    ///
    /// A tree in memory counts its files from 1, as others do.
    func shown(_ qid: Qid) -> Qid {
        Qid(type: qid.type, version: qid.version, path: shown(path: qid.path))
    }

    /// The path of a qid as the capture shows it.
    func shown(path: UInt64) -> UInt64 {
        guard let seed else { return path }
        var hash = StableHash(domain: seed)
        hash.combine(path)
        return hash.qidPath()
    }

    func shown(_ stat: Stat) -> Stat {
        var stat = stat
        stat.qid = shown(stat.qid)
        return stat
    }
}

/// What a ruled tree shows where, at one time.
struct Mounts: Sendable {
    var rules = Rules()
    /// The mounts, whose paths differ.
    var list: [Mount] = []
    /// Directories that lead to mounts, each seen where there is nothing of its name.
    var ways: [Mount] = []
    /// Whether any rule says `deny`.
    var denies = false

    /// The mount at a path.
    func mount(at path: [[UInt8]]) -> Mount? { list.first { $0.path == path } }

    /// The directory that leads to mounts, at a path where there is nothing else.
    func way(at path: [[UInt8]]) -> Mount? { ways.first { $0.path == path } }

    /// Whether a mount is at a path or below it.
    func holds(_ path: [[UInt8]]) -> Bool { list.contains { $0.path.starts(with: path) } }

    /// The mounts that are names of the directory at a path, and after them what leads to mounts.
    func mounts(in path: [[UInt8]]) -> [Mount] {
        (list + ways).filter { $0.path.count == path.count + 1 && $0.path.starts(with: path) }
    }

    /// Has each mount be reached, also where the tree has no directory above it.
    mutating func addWays(domain: UInt64) {
        for mount in list {
            for count in 1..<max(1, mount.path.count) {
                let path = Array(mount.path.prefix(count))
                if self.mount(at: path) == nil, way(at: path) == nil {
                    ways.append(Mount(wayAt: path, domain: domain))
                }
            }
        }
    }

    /// Whether a folder below a path may not be changed, so that the path may not move either.
    func deniesBelow(_ path: [[UInt8]]) -> Bool {
        guard denies else { return false }
        let start = Array(path.joined(separator: [UInt8(ascii: "/")])) + [UInt8(ascii: "/")]
        return rules.list.contains { rule in
            guard rule.action == .deny, let folder = rule.pattern.folder else { return false }
            return folder.starts(with: start) && rules.action(for: folder) == .deny
        }
    }

    /// Whether a path may not be changed.
    func denies(_ path: [[UInt8]]) -> Bool {
        denies && rules.action(for: Array(path.joined(separator: [UInt8(ascii: "/")]))) == .deny
    }
}
