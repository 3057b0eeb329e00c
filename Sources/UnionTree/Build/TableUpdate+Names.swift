import Archive
import FileTree

/// A name of a shared directory that packages have which went or came.
struct ChangedName {
    var name: [UInt8]
    /// Their entries of it, numbered as `TableUpdate.changed` is.
    var group: [TableEntry]
    /// Whether it is a link to a directory of usr: what packages have of it is there.
    var isAlias = false
}

extension TableUpdate {
    /// Makes a shared directory anew by the names of the packages that changed.
    mutating func mergeChanges(_ number: Int, _ directory: UInt32) throws(FileError) -> Bool {
        guard let names = changedNames(pending[number], isRoot: number == 0) else { return false }
        let record = old.directory(directory)
        var rivals = RivalCursor(old, directory)
        var position: UInt32 = 0
        for changed in names {
            let found = changed.name.withUnsafeBytes {
                old.position($0, in: directory, from: position)
            }
            guard copy(position..<found.position, of: directory, into: number, &rivals) else {
                return false
            }
            position = found.position + (found.isThere ? 1 : 0)
            if changed.isAlias {
                addAlias(changed.name)
                continue
            }
            var name = Name(name: changed.name, group: changed.group, directory: number)
            name.isUsr = usr && number == 0 && changed.name.elementsEqual("usr".utf8)
            name.isPlanned = name.isUsr || pending[number].isUsr && Self.isMerged(changed.name)
            if found.isThere {
                let entry = old.entry(old.record(directory), found.position)
                // A directory lies behind the one that it is in: there is no circle.
                guard entry.package != TableEntry.directory || entry.number > directory else {
                    return false
                }
                name.was = entry
                name.rivals = rivals.next(at: found.position)
            }
            guard try resolve(name) else { return false }
        }
        return copy(
            position..<max(position, record.entryCount),
            of: directory,
            into: number,
            &rivals
        )
    }

    /// Makes a directory that was none: of few packages, which all are opened.
    mutating func mergeFresh(_ number: Int, _ owners: [TableEntry]) throws(FileError) -> Bool {
        var packages: [Package] = []
        var local: [TableEntry] = []
        for (place, owner) in owners.enumerated() {
            packages.append(try package(owner.package))
            local.append(TableEntry(package: UInt32(place), number: owner.number))
        }
        var merge = DirectoryMerge(local, of: packages)
        var group: [TableEntry] = []
        while let bytes = merge.name {
            merge.next(&group)
            var name = Name(name: Array(bytes), group: [], directory: number)
            name.now = group.map {
                TableEntry(package: owners[Int($0.package)].package, number: $0.number)
            }
            guard try resolveFresh(name) else { return false }
        }
        return true
    }

    /// A name to be resolved.
    struct Name {
        var name: [UInt8]
        /// The entries of those that changed.
        var group: [TableEntry]
        /// The directory that is made.
        var directory: Int
        /// What it stood for.
        var was: TableEntry?
        /// Who had it together, and not as one directory.
        var rivals: [TableEntry] = []
        /// All who have it now.
        var now: [TableEntry] = []
        /// Whether a directory of that name is a shared one even of one package.
        var isPlanned = false
        var isUsr = false
    }

    private static func isMerged(_ name: [UInt8]) -> Bool {
        Plan.mergedUsr.contains { name.elementsEqual($0.utf8) }
    }

    /// The names that changed packages have in a directory, sorted; nil where one is in the way of
    /// an alias.
    private mutating func changedNames(_ next: Pending, isRoot: Bool) -> [ChangedName]? {
        var names: [ChangedName] = []
        var merge = DirectoryMerge(next.changes, of: changedPackages)
        var group: [TableEntry] = []
        while let bytes = merge.name {
            merge.next(&group)
            names.append(ChangedName(name: Array(bytes), group: group))
        }
        if usr, isRoot { return moveAliases(names) }
        guard next.isUsr else { return names }
        for (name, directories) in moved {
            if let place = names.firstIndex(where: { $0.name == name }) {
                names[place].group += directories
                names[place].group.sort(by: TableEntry.precedes)
            } else {
                names.append(ChangedName(name: name, group: directories))
            }
        }
        return names.sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }

    /// Has what aliases move come up in usr, and the links of the aliases where they lead to
    /// something.
    private mutating func moveAliases(_ all: [ChangedName]) -> [ChangedName]? {
        var names: [ChangedName] = []
        for name in all {
            guard Self.isMerged(name.name) else {
                names.append(name)
                continue
            }
            guard name.group.allSatisfy(isDirectory) else { return nil }
            moved[name.name] = name.group
        }
        for text in Plan.mergedUsr {
            let name = Array(text.utf8)
            let link = name.withUnsafeBytes { old.position($0, in: 0).isThere }
            guard let isThere = leadsSomewhere(name) else { return nil }
            if link != isThere { names.append(ChangedName(name: name, group: [], isAlias: true)) }
        }
        let usr = Array("usr".utf8)
        if !moved.isEmpty, !names.contains(where: { $0.name == usr }) {
            names.append(ChangedName(name: usr, group: []))
        }
        return names.sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }

    private func isDirectory(_ entry: TableEntry) -> Bool {
        changedPackages[Int(entry.package)].index.isDirectory(entry.number)
    }

    /// Whether any package has a directory where an alias leads.
    private func leadsSomewhere(_ name: [UInt8]) -> Bool? {
        let top = Array("usr".utf8)
        for (place, change) in changed.enumerated() where change.isNew {
            let index = changedPackages[place].index
            func directory(_ parent: UInt32, _ name: [UInt8]) -> UInt32? {
                name.withUnsafeBytes { index.lookup(parent, $0) }.flatMap {
                    index.isDirectory($0) ? $0 : nil
                }
            }
            if directory(0, name) != nil { return true }
            if let usr = directory(0, top), directory(usr, name) != nil { return true }
        }
        func below(_ directory: UInt32, _ name: [UInt8]) -> UInt32? {
            let found = name.withUnsafeBytes { old.position($0, in: directory) }
            guard found.isThere else { return nil }
            let entry = old.entry(old.record(directory), found.position)
            return entry.package == TableEntry.directory && entry.number > directory
                ? entry.number : nil
        }
        guard let usr = below(0, top), let target = below(usr, name) else { return false }
        return old.owners(old.directory(target)).contains { mapped($0) != nil }
    }

    /// Adds the link of an alias, where there was none; takes away the one that there was.
    private mutating func addAlias(_ name: [UInt8]) {
        let isThere = name.withUnsafeBytes { old.position($0, in: 0).isThere }
        guard !isThere else { return }
        let from = UnionPath(names: [name])
        let target = from.relativeTarget(UnionPath(names: [Array("usr".utf8), name]))
        let number = name.withUnsafeBytes { name in
            target.withUnsafeBytes { parts.addExtra(name, $0) }
        }
        parts.append(TableEntry(package: TableEntry.link, number: number), name)
    }
}
