import FileTree

/// Which fields of SETATTR count.
///
/// The corresponding constants are `FATTR_MODE` and so on.
private struct Fields: OptionSet {
    let rawValue: UInt32
    static let mode = Fields(rawValue: 1 << 0)
    static let uid = Fields(rawValue: 1 << 1)
    static let gid = Fields(rawValue: 1 << 2)
    static let size = Fields(rawValue: 1 << 3)
    static let accessed = Fields(rawValue: 1 << 4)
    static let modified = Fields(rawValue: 1 << 5)
    static let accessedNow = Fields(rawValue: 1 << 7)
    static let modifiedNow = Fields(rawValue: 1 << 8)
    static let killSetID = Fields(rawValue: 1 << 11)
}

extension Conversation {
    /// Sets attributes: `valid[4] pad[4] fh[8] size[8] lock_owner[8] atime[8] mtime[8] ctime[8]
    /// atimensec[4] mtimensec[4] ctimensec[4] mode[4] pad[4] uid[4] gid[4] pad[4]`.
    ///
    /// The kernel has asked whether the user may. A time of change that it gives is not taken:
    /// trees have their own.
    func setattr(_ request: Request, _ reply: inout Reply) throws(FileError) {
        let node = try writableNode(request)
        let fields = Fields(rawValue: request.u32(0))
        var change = StatChange()
        if fields.contains(.mode) { change.permissions = request.u32(68) & 0o7777 }
        if fields.contains(.uid) { change.uid = request.u32(76) }
        if fields.contains(.gid) { change.gid = request.u32(80) }
        if fields.contains(.size) {
            let size = request.u64(16)
            guard size <= UInt64(Int64.max) else { throw FileError(.tooBig) }
            change.size = size
        }
        change.accessed = try time(
            fields.contains(.accessed),
            fields.contains(.accessedNow),
            request.u64(32),
            request.u32(56)
        )
        change.modified = try time(
            fields.contains(.modified),
            fields.contains(.modifiedNow),
            request.u64(40),
            request.u32(60)
        )
        if fields.contains(.killSetID), change.permissions == nil { try node.dropSetID() }
        try node.change(change, by: .superuser)
        reply.putAnswer(shown(try node.stat()), validity)
    }

    private func time(
        _ isGiven: Bool,
        _ isNow: Bool,
        _ seconds: UInt64,
        _ nanoseconds: UInt32
    ) throws(FileError) -> StatChange.Time? {
        guard isGiven else { return nil }
        if isNow { return .now }
        guard nanoseconds < 1_000_000_000 else { throw FileError(.invalid) }
        return .at(Timestamp(seconds: Int64(bitPattern: seconds), nanoseconds: nanoseconds))
    }
}
