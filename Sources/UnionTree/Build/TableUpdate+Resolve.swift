import Archive
import FileTree

extension TableUpdate {
    /// Adds what those who have a name now come to; false where a merge of all has to say.
    mutating func resolve(_ asked: Name) throws(FileError) -> Bool {
        var name = asked
        var before = name.rivals
        if before.isEmpty, let was = name.was {
            switch was.package {
            case TableEntry.directory: before = old.owners(old.directory(was.number))
            case TableEntry.link, TableEntry.hole: return false
            default: before = [was]
            }
        }
        let kept = before.compactMap { mapped($0) }
        let lost = before.filter { mapped($0) == nil }
        // All that the packages have which went was there.
        let went = name.group.filter { !changed[Int($0.package)].isNew }.map {
            TableEntry(package: changed[Int($0.package)].number, number: $0.number)
        }
        guard went.sorted(by: TableEntry.precedes) == lost.sorted(by: TableEntry.precedes) else {
            return false
        }
        let came = name.group.compactMap { changedEntry($0) }
        name.now = (kept + came).sorted(by: TableEntry.precedes)
        let wasDirectory = name.was?.package == TableEntry.directory
        if name.now.isEmpty {
            // It may be there for what aliases move below it.
            if name.isUsr { return false }
            guard let was = name.was else { return true }
            return try remove(was)
        }
        if name.now.count == 1, !name.isPlanned {
            if kept.isEmpty {
                if let was = name.was, try !remove(was) { return false }
                countIn(name.now[0], in: name.directory)
            } else if wasDirectory {
                guard name.rivals.isEmpty, let was = name.was, try forget(was.number) else {
                    return false
                }
            } else if try !areAlike(kept, lost) {
                return false
            }
            parts.append(name.now[0], name.name)
            return true
        }
        // Those of a shared directory are directories, however many: they are not opened.
        let isShared = wasDirectory && name.rivals.isEmpty
        var directories = try countDirectories(isShared ? came : name.now)
        if isShared { directories += kept.count }
        if directories == name.now.count, name.rivals.isEmpty {
            if let was = name.was, !wasDirectory, mapped(was) == nil { countOut(was) }
            var next = Pending(depth: pending[name.directory].depth + 1)
            next.isUsr = name.isUsr
            guard wasDirectory || !name.isUsr else { return false }
            if wasDirectory, let was = name.was {
                guard take(was.number) else { return false }
                next.old = was.number
                next.changes = name.group
            } else {
                next.fresh = name.now
            }
            return try add(next, name)
        }
        guard directories == 0, !name.isPlanned, try areAlike(name.now, lost) else { return false }
        if before.isEmpty { countIn(name.now[0], in: name.directory) }
        addAlike(name)
        return true
    }

    /// The same in a directory that was none: what was there is counted already.
    mutating func resolveFresh(_ name: Name) throws(FileError) -> Bool {
        let came = name.now.filter { isNew($0) }
        if name.now.count == 1 {
            if !came.isEmpty { countIn(name.now[0], in: name.directory) }
            parts.append(name.now[0], name.name)
            return true
        }
        let directories = try countDirectories(name.now)
        if directories == name.now.count {
            var next = Pending(depth: pending[name.directory].depth + 1)
            next.fresh = name.now
            return try add(next, name)
        }
        guard directories == 0, try areAlike(name.now, []) else { return false }
        if came.count == name.now.count { countIn(name.now[0], in: name.directory) }
        addAlike(name)
        return true
    }

    private func isNew(_ entry: TableEntry) -> Bool {
        changed.contains { $0.isNew && $0.number == entry.package }
    }

    /// The one object that identical files are: that of the smallest content id.
    private mutating func addAlike(_ name: Name) {
        parts.addRivals(name.now, in: name.directory)
        parts.append(name.now[0], name.name)
    }

    private mutating func add(_ next: Pending, _ name: Name) throws(FileError) -> Bool {
        guard next.depth <= TableBuilder.depthLimit else { return false }
        name.name.withUnsafeBytes {
            parts.append(DirectoryRecord(), $0, in: name.directory)
        }
        pending.append(next)
        return try setOwners(parts.records.count - 1)
    }

    /// Counts out what a name stood for, whom it all belonged to having gone.
    private mutating func remove(_ was: TableEntry) throws(FileError) -> Bool {
        if was.package == TableEntry.directory { return try forget(was.number) }
        countOut(was)
        return true
    }

    private mutating func countDirectories(_ entries: [TableEntry]) throws(FileError) -> Int {
        var count = 0
        for entry in entries where try package(entry.package).index.isDirectory(entry.number) {
            count += 1
        }
        return count
    }

    /// Whether files that are there, and such that went, are all the same, and of one name each.
    mutating func areAlike(
        _ here: [TableEntry],
        _ lost: [TableEntry]
    ) throws(FileError) -> Bool {
        var files: [(package: Package, entry: UInt32)] = []
        for entry in here { files.append((try package(entry.package), entry.number)) }
        for entry in lost {
            guard let package = lostPackage(entry.package) else { return false }
            files.append((package, entry.number))
        }
        guard let first = files.first else { return false }
        let inode = first.package.index.inode(first.package.index.inodeNumber(first.entry))
        for file in files {
            let index = file.package.index
            let other = index.inode(index.inodeNumber(file.entry))
            guard other.mode.type != .directory, other.links <= 1,
                try first.package.hasFile(inode, like: other, of: file.package)
            else { return false }
        }
        return true
    }

    private func lostPackage(_ number: UInt32) -> Package? {
        changed.firstIndex { !$0.isNew && $0.number == number }.map { changedPackages[$0] }
    }

    // MARK: - Counts

    /// Counts what came at an entry of a directory, with all below.
    mutating func countIn(_ entry: TableEntry, in directory: Int) {
        guard let place = changed.firstIndex(where: { $0.isNew && $0.number == entry.package })
        else { return }
        let index = changedPackages[place].index
        let seed = parts.seeds[Int(entry.package)]
        var pending = [(entry: entry.number, parent: parts.records[directory].pathHash)]
        while let next = pending.popLast() {
            if index.isDirectory(next.entry) {
                let name = NameHash.name(index.name(next.entry), salt: parts.salt)
                let path = NameHash.path(next.parent, name)
                qids.append(path)
                for child in index.children(next.entry) where index.parent(child) == next.entry {
                    pending.append((child, path))
                }
                continue
            }
            files &+= 1
            let number = index.inodeNumber(next.entry)
            guard let size = countedSize(index, number, UInt32(place)) else { continue }
            bytes &+= size
            qids.append(NameHash.member(seed, number))
        }
    }

    /// Counts out what went, with all below.
    mutating func countOut(_ entry: TableEntry) {
        guard let place = changed.firstIndex(where: { !$0.isNew && $0.number == entry.package })
        else { return }
        let index = changedPackages[place].index
        var pending = [entry.number]
        while let next = pending.popLast() {
            if index.isDirectory(next) {
                pending += index.children(next).filter { index.parent($0) == next }
                continue
            }
            files &-= 1
            if let size = countedSize(index, index.inodeNumber(next), UInt32(place)) {
                bytes &-= size
            }
        }
    }

    /// The bytes of a file; nil where it has been counted by another of its names.
    private mutating func countedSize(_ index: Index, _ number: UInt32, _ place: UInt32) -> UInt64?
    {
        let (links, size) = index.linksAndSize(number)
        if links > 1 {
            let key = TableEntry(package: place, number: number)
            guard linked.insert(key).inserted else { return nil }
        }
        return size
    }
}
