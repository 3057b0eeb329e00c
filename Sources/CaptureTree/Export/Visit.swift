import FileTree

/// A path at which the captured view and what lies below may differ.
struct Visit {
    let path: [UInt8]
    /// What the view has; nil when the name is gone.
    let node: (any Node)?
    let stat: Stat?
    /// What it is compared with: the file of that path below, or the one that was moved here.
    let below: (any Node)?
    let belowStat: Stat?
    /// What the layer knows of the name; nil when it is all the lower tree's.
    let entry: TouchedEntry?
    /// The path below of an object that the layer has under another name.
    let origin: [UInt8]?
    /// Whether `origin` still has it, too.
    let isLink: Bool
    var verdict = Verdict.same

    /// What came of the comparison.
    enum Verdict {
        case same, added, data, metadata, removed
    }

    init(
        path: [UInt8],
        node: (any Node)?,
        below: (any Node)?,
        entry: TouchedEntry?,
        origin: [UInt8]? = nil,
        isLink: Bool = false
    ) throws(FileError) {
        self.path = path
        self.node = node
        self.below = below
        self.entry = entry
        self.origin = origin
        self.isLink = isLink
        stat = try node?.stat()
        belowStat = try below?.stat()
    }

    var isDirectory: Bool { (stat ?? belowStat)?.mode.type == .directory }

    /// Whether the view has here what lies below here, changed or not.
    var isInPlace: Bool { stat != nil && stat?.qid.path == belowStat?.qid.path }

    /// The attributes as they count: bytes that are again what they were are as old as they were.
    func settled(_ stat: Stat) -> Stat {
        guard verdict == .same || verdict == .metadata, let belowStat,
            entry?.declared.contains(.time) != true
        else { return stat }
        var stat = stat
        stat.modified = belowStat.modified
        return stat
    }
}
