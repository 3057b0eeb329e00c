import FileTree

/// A directory of another tree that is seen at a path of a capture: what a `scratch` or a
/// `through` rule comes to.
final class Mount: Sendable {
    /// The names that lead to it.
    let path: [[UInt8]]
    let root: any Directory
    /// What qids' paths are salted with; nil where they are the other tree's own.
    private let seed: UInt64?

    init(at path: [[UInt8]], _ root: any Directory, seed: UInt64?) {
        self.path = path
        self.root = root
        self.seed = seed
    }

    var name: [UInt8] { path.last ?? [] }

    /// A qid as the capture shows it.
    ///
    /// A tree in memory counts its files from 1, as others do.
    func shown(_ qid: Qid) -> Qid {
        guard let seed else { return qid }
        var hash = StableHash(domain: seed)
        hash.combine(qid.path)
        return Qid(type: qid.type, version: qid.version, path: hash.qidPath())
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
    /// Whether any rule says `deny`.
    var denies = false

    /// The mount at a path.
    func mount(at path: [[UInt8]]) -> Mount? { list.first { $0.path == path } }

    /// Whether a mount is at a path or below it.
    func holds(_ path: [[UInt8]]) -> Bool { list.contains { $0.path.starts(with: path) } }

    /// The mounts that are names of the directory at a path.
    func mounts(in path: [[UInt8]]) -> [Mount] {
        list.filter { $0.path.count == path.count + 1 && $0.path.starts(with: path) }
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
