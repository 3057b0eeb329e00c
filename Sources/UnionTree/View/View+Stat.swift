import Archive
import FileTree

extension View {
    /// The attributes of a place that is no directory, and has the qid given.
    @inline(__always)
    func stat(_ place: Place, _ qid: Qid) -> Stat {
        guard let inode = generation.inode(place.entry) else {
            var stat = Stat(qid: qid, mode: Mode(.symlink, 0o777))
            stat.size = UInt64(generation.table.extra(place.entry.number).targetLength)
            return stat
        }
        return stat(place.entry, inode, qid)
    }

    /// The attributes of a package's file.
    @inline(__always)
    func stat(_ entry: TableEntry, _ inode: Inode, _ qid: Qid) -> Stat {
        var stat = Stat(qid: qid, mode: inode.mode)
        stat.uid = inode.uid
        stat.gid = inode.gid
        stat.links = UInt64(
            inode.links > 1
                ? generation.table.links(entry.package, inode.number, of: inode.links) : 1
        )
        switch inode.mode.type {
        case .regular:
            stat.size = inode.size
            stat.allocated = inode.size
            if inode.isSparse {
                stat.allocated = generation.withIndex(entry.package) { $0.allocated(inode) } ?? 0
            }
        case .symlink:
            let target = generation.withIndex(entry.package) { $0.linkTarget(inode).count }
            stat.size = UInt64(target ?? 0)
        case .characterDevice, .blockDevice:
            stat.device = generation.withIndex(entry.package) { $0.device(inode) } ?? 0
        default: break
        }
        stat.setTimes(inode.modified)
        return options.masked(stat, keepsSetID: allows(entry.package))
    }

    /// The attributes of a directory, over what the base has there.
    ///
    /// A directory that a package lists has the package's; one that is only implied, and the
    /// root, has the base's. The time is the later one.
    func directoryStat(_ place: Place, _ qid: Qid, over below: (any Directory)?) -> Stat {
        var stat = Stat(qid: qid, mode: Mode(.directory, 0o755))
        var owner = place.entry
        if owner.package == TableEntry.directory {
            let record = generation.table.directory(owner.number)
            owner = record.attributes
            stat.modified = Timestamp(
                seconds: record.modifiedSeconds,
                nanoseconds: record.modifiedNanoseconds
            )
        } else if generation.withIndex(owner.package, { $0.isListed(owner.number) }) != true {
            owner = TableEntry(package: TableEntry.directory, number: 0)
        } else if let inode = generation.inode(owner) {
            stat.modified = inode.modified
        }
        // Gone since it was found: as if the base had no such directory.
        let lower = try? below?.stat()
        if let inode = generation.inode(owner) {
            stat.mode.permissions = inode.mode.permissions
            stat.uid = inode.uid
            stat.gid = inode.gid
        } else if let lower {
            stat.mode = lower.mode
            stat.uid = lower.uid
            stat.gid = lower.gid
        }
        stat.setTimes(max(stat.modified, lower?.modified ?? stat.modified))
        return options.masked(stat)
    }
}
