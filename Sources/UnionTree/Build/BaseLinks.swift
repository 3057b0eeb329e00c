import Archive
import FileTree

/// Finds the links of the base that stand where packages have directories: they act as aliases.
///
/// On a host with a merged /usr, `bin` is a link to `usr/bin`, and a package's `bin/x` has to
/// appear there, not take the link's place. Each path of the base is looked up once; later
/// changes of the base move nothing.
struct BaseLinks {
    private let base: any Directory
    private let packages: [Package]
    /// Aliases that were asked for, which come first.
    private let asked: [UnionPath: UnionPath]
    private var known: [[UInt8]: Found] = [:]
    private(set) var aliases: [UnionRules.Alias] = []
    private(set) var conflicts: [Conflict] = []

    private enum Found {
        case nothing
        case directory(any Directory)
        case alias(UnionPath)
    }

    /// Looks below `base` for all directories of `packages`.
    init(
        _ base: any Directory,
        _ packages: [Package],
        _ rules: UnionRules
    ) throws(FileError) {
        self.base = base
        self.packages = packages
        asked = Dictionary(
            rules.aliases.map { ($0.from, $0.to) },
            uniquingKeysWith: { first, _ in first }
        )
        known[[]] = .directory(base)
        for number in packages.indices {
            try look(TableEntry(package: UInt32(number), number: 0), UnionPath(), base)
        }
        aliases.sort { $0.from < $1.from }
        conflicts.sort()
    }

    /// Looks for what is in the way of the directories in `entry`, which is at `path`.
    private mutating func look(
        _ entry: TableEntry,
        _ path: UnionPath,
        _ directory: any Directory
    ) throws(FileError) {
        let index = packages[Int(entry.package)].index
        for child in index.children(entry.number)
        where index.isDirectory(child) && index.parent(child) == entry.number {
            let below = TableEntry(package: entry.package, number: child)
            try follow(below, path.appending(Array(index.name(child))), directory)
        }
    }

    /// Goes on where the base has the directory `path`: there, or where a link leads.
    private mutating func follow(
        _ entry: TableEntry,
        _ path: UnionPath,
        _ container: any Directory
    ) throws(FileError) {
        if let target = asked[path] {
            if let next = try directory(target) { try look(entry, target, next) }
            return
        }
        switch try found(path, container, entry) {
        case .nothing: return
        case .directory(let next): try look(entry, path, next)
        case .alias(let target):
            if let next = try directory(target) { try look(entry, target, next) }
        }
    }

    private mutating func found(
        _ path: UnionPath,
        _ container: any Directory,
        _ entry: TableEntry
    ) throws(FileError) -> Found {
        let key = path.bytes
        if let found = known[key] { return found }
        let name = path.names.last ?? []
        let node = try container.node(named: name.span.bytes)
        var found = Found.nothing
        if let directory = node?.directory {
            found = .directory(directory)
        } else if let link = node?.link {
            found = try resolve(link, at: path, entry)
        }
        known[key] = found
        return found
    }

    /// Where a link of the base leads: an alias if that is a directory of the base.
    private mutating func resolve(
        _ link: any Link,
        at path: UnionPath,
        _ entry: TableEntry
    ) throws(FileError) -> Found {
        var rest = try link.target()
        var place = UnionPath(names: path.names.dropLast())
        // Links on the way are followed as the kernel would, below the base.
        for _ in 0..<40 {
            guard let target = place.resolve(rest) else {
                let package = packages[Int(entry.package)]
                conflicts.append(
                    Conflict(
                        .alias,
                        path,
                        [Conflict.Side(package: package.name, id: package.id, mode: nil)],
                        detail: "a link of the base that leaves it is in the way"
                    )
                )
                return .nothing
            }
            var node: any Node = base
            var step = UnionPath()
            var next: UnionPath?
            for (number, name) in target.names.enumerated() {
                guard let directory = node.directory,
                    let found = try directory.node(named: name.span.bytes)
                else { return .nothing }
                if let link = found.link {
                    rest = try link.target()
                    place = step
                    let tail = target.names.dropFirst(number + 1)
                    if !tail.isEmpty { rest += tail.flatMap { [UInt8(ascii: "/")] + $0 } }
                    next = target
                    break
                }
                step = step.appending(name)
                node = found
            }
            if next != nil { continue }
            guard node.directory != nil, !target.starts(with: path), !path.starts(with: target)
            else { return .nothing }
            aliases.append(UnionRules.Alias(from: path, to: target))
            return .alias(target)
        }
        return .nothing
    }

    private func directory(_ path: UnionPath) throws(FileError) -> (any Directory)? {
        var directory = base
        for name in path.names {
            guard let next = try directory.node(named: name.span.bytes)?.directory else {
                return nil
            }
            directory = next
        }
        return directory
    }
}
