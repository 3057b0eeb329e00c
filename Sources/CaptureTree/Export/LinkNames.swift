import Archive
import FileTree
import Synchronization

/// Finds the names of lower files that nobody has touched, but one of whose other names somebody
/// has.
///
/// A file is exported under all of its names. Where the lower tree has more of them than the layer
/// knows, they are looked for: beside those known, and then in the whole tree, which only such a
/// file is worth, as far as the limit of names goes. A name that is outside of the tree would not be
/// found in all of it.
struct LinkNames {
    /// A lower file with several names.
    private struct File {
        var known: Set<[UInt8]> = []
        var links: UInt64 = 0
    }

    private let tree: CaptureTree
    private let rules: Rules
    private var files: [UInt64: File] = [:]
    /// Those that an export will hold: they have changed, or have a name that they had not.
    private var wanted: Set<UInt64> = []
    /// What was done to files of several names, be it nothing in the end.
    private let touched: [UInt64: LinkTouch]
    private var unchanged: Set<UInt64> = []
    private var left = 0
    /// How many names are looked at, at most; what a directory has is looked at as a whole.
    private let limit: Int
    private var looked = 0
    /// Whether the search ended at the limit.
    private(set) var isCutShort = false

    init(_ tree: CaptureTree, limit: Int) {
        self.tree = tree
        self.limit = limit
        rules = tree.layer.rules
        touched = tree.layer.touchedLinks
        // A file may have been changed by a name that it has no more.
        for (file, touch) in touched { files[file] = File(links: touch.links) }
    }

    mutating func note(_ visit: Visit) {
        if let stat = visit.stat, stat.mode.type != .directory {
            if visit.isInPlace {
                if visit.verdict == .same {
                    unchanged.insert(stat.qid.path)
                } else {
                    wanted.insert(stat.qid.path)
                }
            } else {
                // What nobody touched is the lower file, wherever it is now.
                let links = visit.entry?.originLinks ?? stat.links
                if links > 1 {
                    wanted.insert(stat.qid.path)
                    files[stat.qid.path, default: File()].links = links
                }
            }
        }
        guard let stat = visit.belowStat, stat.mode.type != .directory, stat.links > 1 else {
            return
        }
        files[stat.qid.path, default: File()].links = min(stat.links, RecordLimits.links)
        files[stat.qid.path]?.known.insert(visit.path)
    }

    private func isMissing(_ number: UInt64, _ file: File) -> Bool {
        guard UInt64(file.known.count) < file.links else { return false }
        return wanted.contains(number)
            || touched[number]?.isChanged == true && !unchanged.contains(number)
    }

    /// Whether all names of the files that matter are known.
    var isWhole: Bool { !files.contains { isMissing($0.key, $0.value) } }

    /// The other names that the view still has.
    mutating func rest() throws(FileError) -> [Visit] {
        files = files.filter { isMissing($0.key, $0.value) }
        left = files.values.reduce(0) { $0 + Int($1.links) - $1.known.count }
        var found: [Visit] = []
        let folders = Set(
            files.values.flatMap {
                $0.known.map { Array($0[..<MemberPath.nameStart($0)].dropLast()) }
            }
        )
        for folder in folders.sorted(by: MemberPath.precedes) {
            guard let node = try tree.lower.node(atPath: folder),
                let directory = node.directory
            else { continue }
            _ = try search(folder, directory, &found)
        }
        // Depth first without recursion, as the walk before it.
        var waiting: [Step] = []
        var next: (path: [UInt8], directory: any Directory)? = ([], tree.lower)
        while let (path, directory) = next {
            // Where the search ends does not hang on how the host lists a directory.
            let folders = try search(path, directory, &found).sorted(by: MemberPath.precedes)
            for name in folders.reversed() {
                waiting.append(Step(directory: directory, name: name, path: path))
            }
            next = nil
            while next == nil, left > 0, !isCutShort, let step = waiting.popLast() {
                next = try step.taken()
            }
        }
        return found
    }

    /// A directory that is yet to be looked at.
    private struct Step {
        /// What it is in, by what name, and the path of that.
        var directory: any Directory
        var name: [UInt8]
        var path: [UInt8]

        /// The directory; nil when it is gone.
        func taken() throws(FileError) -> (path: [UInt8], directory: any Directory)? {
            let name = self.name
            guard let next = try directory.node(named: name.span.bytes)?.directory else {
                return nil
            }
            return (ChangeWalk.join(path, name), next)
        }
    }

    /// Looks at one directory; returns the names of those in it.
    private mutating func search(
        _ path: [UInt8],
        _ directory: any Directory,
        _ found: inout [Visit]
    ) throws(FileError) -> [[UInt8]] {
        if left == 0 || rules.leavesOutAll(below: path) { return [] }
        guard looked < limit else {
            isCutShort = true
            return []
        }
        var folders: [[UInt8]] = []
        var names: [(name: [UInt8], file: UInt64)] = []
        do throws(FileError) {
            try directory.entries(from: 0) { entry, name in
                looked += 1
                if entry.stat.mode.type == .directory {
                    folders.append(name.withUnsafeBytes { Array($0) })
                } else if files[entry.stat.qid.path] != nil {
                    names.append((name.withUnsafeBytes { Array($0) }, entry.stat.qid.path))
                }
                return true
            }
        } catch  where error.kind == .permission {
            // Nobody could have linked what is in there.
            return []
        }
        for (name, file) in names {
            let path = ChangeWalk.join(path, name)
            guard files[file]?.known.insert(path).inserted == true else { continue }
            left -= 1
            guard let node = try tree.root.node(atPath: path),
                node.qid.path == file,
                let below = try directory.node(named: name.span.bytes)
            else { continue }
            let entry = TouchedEntry(
                name: name,
                node: node,
                lower: below,
                origin: below,
                originPath: path,
                originLinks: touched[file]?.links ?? 0,
                isInPlace: true,
                bytes: touched[file]?.hasData == true ? .unknown : .same,
                declared: touched[file]?.declared ?? []
            )
            found.append(try Visit(path: path, node: node, below: below, entry: entry))
        }
        return folders
    }
}

/// What was done to a lower file of several names.
private struct LinkTouch {
    /// How many names it had below.
    var links: UInt64
    var hasData: Bool
    var declared: TouchedEntry.Declared

    var isChanged: Bool { hasData || !declared.isEmpty }
}

extension Layer {
    /// The lower files of several names that have been touched, by their qids' paths.
    fileprivate var touchedLinks: [UInt64: LinkTouch] {
        state.withLock { state in
            var found: [UInt64: LinkTouch] = [:]
            for object in state.objects.values where object.type != .directory {
                guard let mark = object.lower?.mark, mark.links > 1 else { continue }
                let declared = object.attributes.declared.rawValue
                found[object.qidPath] = LinkTouch(
                    links: mark.links,
                    hasData: object.hasData,
                    declared: TouchedEntry.Declared(rawValue: declared)
                )
            }
            return found
        }
    }
}
