import Archive
import FileTree

extension TableBuilder {
    /// Sets mode, owner and time of a directory by those who list it.
    ///
    /// Packages whose format owns its directories have to agree; a plain folder or tar counts
    /// only where none of those lists the directory. The time is the latest, so that it does not
    /// depend on an order and never goes back when a package comes. In a stack the topmost layer
    /// that lists it decides all.
    mutating func setAttributes(_ number: Int) {
        let record = records[number]
        let range = Int(record.firstOwner)..<Int(record.firstOwner) + Int(record.ownerCount)
        var listed = owners[range].filter {
            packages[Int($0.package)].index.isListed($0.number)
        }
        if rules.mode == .stack { listed = Array(listed.suffix(1)) }
        guard !listed.isEmpty else { return }
        let latest = listed.map { file($0).inode.modified }.max() ?? Timestamp(seconds: 0)
        records[number].modifiedSeconds = latest.seconds
        records[number].modifiedNanoseconds = latest.nanoseconds
        // The root is whatever was packed: a tar's "./" has the mode of somebody's folder.
        guard number > 0 || rules.mode == .stack else { return }
        let deciding = listed.filter { packages[Int($0.package)].ownsDirectories }
        if deciding.isEmpty || rules.mode == .stack {
            if let least = leastID(listed) { records[number].attributes = least }
            return
        }
        if let least = leastID(deciding) { records[number].attributes = least }
        guard deciding.count > 1, !agree(deciding) else { return }
        let path = path(number)
        if let chosen = preferred(deciding, path) {
            records[number].attributes = chosen
        } else {
            conflicts.append(Conflict(.dirmeta, path, deciding.map(side)))
        }
    }

    private func leastID(_ entries: [TableEntry]) -> TableEntry? {
        entries.min { packages[Int($0.package)].id < packages[Int($1.package)].id }
    }

    private func agree(_ directories: [TableEntry]) -> Bool {
        let (index, first) = file(directories[0])
        return directories.dropFirst().allSatisfy { other in
            let (another, inode) = file(other)
            return inode.mode == first.mode && inode.uid == first.uid && inode.gid == first.gid
                && (!inode.hasAttributes && !first.hasAttributes
                    || index.attributes(first) == another.attributes(inode))
        }
    }

    /// Reports holes and opaque directories that hide nothing.
    mutating func checkCut(
        _ node: PlanNode,
        _ group: [TableEntry],
        _ visible: [TableEntry],
        _ spot: Spot
    ) throws(FileError) {
        guard rules.mode == .set || reportsLayers else { return }
        var unused: [UInt32]
        switch rules.mode {
        case .set:
            unused = group.contains { !visible.contains($0) } ? [] : Array(node.cuts)
        case .stack:
            let lowest = group.map(\.package).min() ?? UInt32.max
            unused = node.cuts.filter { $0 <= lowest }
        }
        guard !unused.isEmpty else { return }
        let path = path(spot)
        addUnused(unused, path)
    }

    /// Reports what is to be hidden below a path where there is nothing.
    mutating func leave(_ node: PlanNode, _ path: UnionPath) {
        guard rules.mode == .set || reportsLayers else { return }
        for (name, child) in node.children {
            let path = path.appending(name)
            if !child.cuts.isEmpty { addUnused(Array(child.cuts), path) }
            leave(child, path)
        }
    }

    private mutating func addUnused(_ unused: [UInt32], _ path: UnionPath) {
        if let base, Self.has(base, path) { return }
        let sides = unused.sorted().map { number in
            Conflict.Side(
                package: packages[Int(number)].name,
                id: packages[Int(number)].id,
                mode: nil
            )
        }
        conflicts.append(Conflict(.hole, path, sides))
    }

    private static func has(_ base: any Directory, _ path: UnionPath) -> Bool {
        var node: any Node = base
        for name in path.names {
            guard let directory = node.directory else { return false }
            // Whatever the error: what cannot be found is not hidden either.
            guard let next = try? directory.lookup(name.span.bytes) else { return false }
            node = next
        }
        return true
    }

    /// Makes the hash table of a directory whose entries are all there, and its version.
    mutating func fillSlots(_ number: Int) {
        var record = records[number]
        let count = SlotFormat.slots(record.entryCount)
        let bits = SlotFormat.positionBits(record.entryCount)
        let first = slots.count
        slots.append(contentsOf: repeatElement(0, count: Int(count)))
        var version = StableHash(domain: record.pathHash)
        var isCrowded = false
        for position in 0..<record.entryCount {
            let entry = entries[Int(record.firstEntry + position)]
            let hash = nameHash(entry)
            version.combine(identity(entry) ^ hash)
            if isCrowded { continue }
            var slot = SlotFormat.first(hash, count)
            var probes = 0
            while slots[first + Int(slot)] != 0 {
                slot = slot + 1 == count ? 0 : slot + 1
                probes += 1
            }
            slots[first + Int(slot)] = SlotFormat.tag(hash, bits) | (position + 1)
            isCrowded = probes >= TableLayout.probeLimit
        }
        if isCrowded {
            slots.removeLast(Int(count))
            record.flags |= DirectoryRecord.searched
        } else {
            record.firstSlot = UInt32(first)
            record.slotCount = count
        }
        record.version = version.qidVersion()
        records[number] = record
    }

    private func nameHash(_ entry: TableEntry) -> UInt64 {
        switch entry.package {
        case TableEntry.directory:
            let record = records[Int(entry.number)]
            return textHash(record.nameOffset, Int(record.nameLength))
        case TableEntry.link, TableEntry.hole:
            let extra = extras[Int(entry.number)]
            return textHash(extra.nameOffset, Int(extra.nameLength))
        default:
            let name = packages[Int(entry.package)].index.name(entry.number)
            return NameHash.name(name, salt: salt)
        }
    }

    private func textHash(_ offset: UInt32, _ length: Int) -> UInt64 {
        heap.withUnsafeBytes {
            NameHash.name(
                UnsafeRawBufferPointer(rebasing: $0[Int(offset)..<Int(offset) + length]),
                salt: salt
            )
        }
    }

    /// A number that changes when something else has the name.
    private func identity(_ entry: TableEntry) -> UInt64 {
        switch entry.package {
        case TableEntry.directory: records[Int(entry.number)].pathHash
        case TableEntry.link, TableEntry.hole: UInt64(entry.package)
        default: NameHash.member(seeds[Int(entry.package)], entry.number)
        }
    }
}
