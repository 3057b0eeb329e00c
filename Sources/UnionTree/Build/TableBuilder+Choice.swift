import Archive
import FileTree

extension TableBuilder {
    /// What the candidates of one name come to.
    enum Choice {
        case nothing
        /// One file, link or device.
        case file(TableEntry)
        /// The directories that make up one, and whether more below them is hidden, too.
        case directories([TableEntry], hidesBase: Bool)
    }

    /// Packages beside each other: they agree, or a rule decides, or it is a conflict.
    mutating func chooseOfSet(
        _ candidates: [TableEntry],
        _ spot: Spot
    ) throws(FileError) -> Choice {
        let directories = candidates.filter { file($0).inode.mode.type == .directory }
        guard directories.count < candidates.count else {
            return directories.isEmpty ? .nothing : .directories(directories, hidesBase: false)
        }
        let files = candidates.filter { file($0).inode.mode.type != .directory }
        let winner = smallest(files)
        guard candidates.count > 1 else { return .file(winner) }
        if directories.isEmpty, try areIdentical(files) {
            for other in files where other != winner { hide(other) }
            return .file(winner)
        }
        let path = path(spot)
        if let chosen = preferred(candidates, path) {
            if directories.contains(chosen) {
                files.forEach { hide($0) }
                return .directories(directories, hidesBase: false)
            }
            for other in candidates where other != chosen { hide(other) }
            return .file(chosen)
        }
        let rest = candidates.filter { candidate in
            !candidates.contains { replaces($0.package, candidate.package) }
        }
        if rest.count < candidates.count, !rest.isEmpty {
            for other in candidates where !rest.contains(other) { hide(other) }
            return try chooseOfSet(rest, spot)
        }
        conflicts.append(
            Conflict(directories.isEmpty ? .file : .type, path, try sides(candidates))
        )
        // What is below is compared, too, so that all conflicts are told at once.
        return directories.isEmpty
            ? .file(winner) : .directories(directories, hidesBase: false)
    }

    /// Layers over each other: the topmost wins, and directories merge down to the first layer
    /// that has something else.
    mutating func chooseOfStack(
        _ candidates: [TableEntry],
        _ spot: Spot
    ) throws(FileError) -> Choice {
        guard let top = candidates.last else { return .nothing }
        if reportsLayers { try report(candidates, spot) }
        guard file(top).inode.mode.type == .directory else {
            for other in candidates.dropLast() { hide(other) }
            return .file(top)
        }
        let cut = candidates.lastIndex { file($0).inode.mode.type != .directory }
        guard let cut else { return .directories(candidates, hidesBase: false) }
        for other in candidates[...cut] { hide(other) }
        return .directories(Array(candidates[(cut + 1)...]), hidesBase: true)
    }

    private mutating func report(
        _ candidates: [TableEntry],
        _ spot: Spot
    ) throws(FileError) {
        let directories = candidates.count { file($0).inode.mode.type == .directory }
        if directories == candidates.count || candidates.count < 2 { return }
        if directories == 0, try areIdentical(candidates) { return }
        let kind = directories == 0 ? Conflict.Kind.file : .type
        conflicts.append(Conflict(kind, path(spot), try sides(candidates)))
    }

    /// The object that identical files are: that of the smallest content id.
    private func smallest(_ files: [TableEntry]) -> TableEntry {
        files.min { a, b in
            let ids = (packages[Int(a.package)].id, packages[Int(b.package)].id)
            return ids.0 == ids.1 ? a.number < b.number : ids.0 < ids.1
        } ?? TableEntry(package: 0, number: 0)
    }

    /// Whether files agree in type, bytes, target, mode, owner and attributes; times aside.
    private func areIdentical(_ files: [TableEntry]) throws(FileError) -> Bool {
        guard let first = files.first else { return true }
        let package = packages[Int(first.package)]
        let inode = file(first).inode
        for other in files.dropFirst() {
            let another = packages[Int(other.package)]
            guard try package.hasFile(inode, like: file(other).inode, of: another) else {
                return false
            }
        }
        return true
    }

    private func hash(_ entry: TableEntry) throws(FileError) -> ContentID {
        let package = packages[Int(entry.package)]
        return try package.unionHash(package.index.inodeNumber(entry.number))
    }

    /// What each of `candidates` has, with hashes where types and sizes are equal.
    func sides(_ candidates: [TableEntry]) throws(FileError) -> [Conflict.Side] {
        var sides = candidates.map(side)
        for place in sides.indices where sides[place].mode?.type == .regular {
            let twins = sides.count {
                $0.mode?.type == .regular && $0.size == sides[place].size
            }
            if twins > 1 { sides[place].hash = try hash(candidates[place]) }
        }
        return sides
    }

    /// What a package has at an entry.
    func side(_ entry: TableEntry) -> Conflict.Side {
        let package = packages[Int(entry.package)]
        let (index, inode) = file(entry)
        let target = index.linkTarget(inode)
        return Conflict.Side(
            package: package.name,
            id: package.id,
            mode: inode.mode,
            uid: inode.uid,
            gid: inode.gid,
            size: inode.size,
            target: inode.mode.type == .symlink ? Array(target) : nil
        )
    }

    /// Notes that all of `candidates` but some are not to be seen.
    mutating func hide(_ candidates: [TableEntry], but shown: [TableEntry]) {
        guard shown.count < candidates.count else { return }
        let shown = Set(shown)
        for candidate in candidates where !shown.contains(candidate) { hide(candidate) }
    }

    /// Notes that an entry and all below it are not to be seen: files of several names have
    /// fewer then.
    mutating func hide(_ entry: TableEntry) {
        var pending = [entry.number]
        let index = packages[Int(entry.package)].index
        while let next = pending.popLast() {
            let inode = index.inode(index.inodeNumber(next))
            if inode.mode.type == .directory {
                pending += index.children(next).filter { index.parent($0) == next }
            } else if inode.links > 1 {
                let key = TableEntry(package: entry.package, number: inode.number)
                hiddenNames[key, default: 0] += 1
            }
        }
    }
}
