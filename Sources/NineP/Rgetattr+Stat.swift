public import FileTree

extension Rgetattr {
    /// The attributes `stat`, all of which count as given.
    ///
    /// `blockSize` is the best size of a read, in bytes.
    @inlinable
    public init(_ stat: Stat, blockSize: UInt32) {
        valid = AttributeMask.basic.rawValue
        qid = stat.qid
        mode = stat.mode.rawValue
        uid = stat.uid
        gid = stat.gid
        links = stat.links
        device = stat.device
        size = stat.size
        self.blockSize = UInt64(blockSize)
        blocks = stat.allocated / 512 + (stat.allocated % 512 == 0 ? 0 : 1)
        accessedSeconds = UInt64(bitPattern: stat.accessed.seconds)
        accessedNanoseconds = UInt64(stat.accessed.nanoseconds)
        modifiedSeconds = UInt64(bitPattern: stat.modified.seconds)
        modifiedNanoseconds = UInt64(stat.modified.nanoseconds)
        changedSeconds = UInt64(bitPattern: stat.changed.seconds)
        changedNanoseconds = UInt64(stat.changed.nanoseconds)
    }

    /// The same attributes as a `Stat`.
    public var stat: Stat {
        var stat = Stat(qid: qid, mode: Mode(rawValue: mode))
        stat.uid = uid
        stat.gid = gid
        stat.links = links
        stat.device = device
        stat.size = size
        stat.allocated = blocks > UInt64.max / 512 ? .max : blocks * 512
        stat.accessed = Rgetattr.time(accessedSeconds, accessedNanoseconds)
        stat.modified = Rgetattr.time(modifiedSeconds, modifiedNanoseconds)
        stat.changed = Rgetattr.time(changedSeconds, changedNanoseconds)
        return stat
    }

    private static func time(_ seconds: UInt64, _ nanoseconds: UInt64) -> Timestamp {
        Timestamp(
            seconds: Int64(bitPattern: seconds),
            nanoseconds: nanoseconds < 1_000_000_000 ? UInt32(nanoseconds) : 0
        )
    }
}

extension Tsetattr {
    /// What is to be set, for a tree.
    ///
    /// A time beyond a second's nanoseconds counts as 0 of them.
    public var change: StatChange {
        let mask = SetAttributeMask(rawValue: valid)
        var change = StatChange()
        if mask.contains(.mode) { change.permissions = mode & 0o7777 }
        if mask.contains(.uid) { change.uid = uid }
        if mask.contains(.gid) { change.gid = gid }
        if mask.contains(.size) { change.size = size }
        if mask.contains(.accessed) {
            change.accessed =
                mask.contains(.accessedGiven)
                ? time(accessedSeconds, accessedNanoseconds) : .now
        }
        if mask.contains(.modified) {
            change.modified =
                mask.contains(.modifiedGiven)
                ? time(modifiedSeconds, modifiedNanoseconds) : .now
        }
        return change
    }

    private func time(_ seconds: UInt64, _ nanoseconds: UInt64) -> StatChange.Time {
        .at(
            Timestamp(
                seconds: Int64(bitPattern: seconds),
                nanoseconds: nanoseconds < 1_000_000_000 ? UInt32(nanoseconds) : 0
            )
        )
    }
}
