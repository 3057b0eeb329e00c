extension StatChange {
    /// What the change comes to when `user` asks for it of a file with the attributes `stat`.
    ///
    /// The rules are Linux's, the same for every tree: a file's owner sets its mode and times, and
    /// gives it to groups of his; set-id bits go with a new owner, and when another than the
    /// server's owner changes the length. Whether the length may be set at all depends on how the
    /// file is open, and has been asked by then.
    ///
    /// Errors: `.notPermitted`; `.permission` for times set to now without the right to write.
    ///
    /// See chmod(2), chown(2), utimensat(2).
    public func allowed(for user: User, on stat: Stat) throws(FileError) -> StatChange {
        if !user.isOwner { try check(user, stat) }
        var change = self
        if let permissions {
            // The group's identity is not lent out by one who is not of the group.
            if !user.isMember(of: gid ?? stat.gid) {
                change.permissions = permissions & ~Mode.setGroup
            }
        } else if stat.mode.type != .directory,
            uid != nil || gid != nil || size != nil && !user.isOwner
        {
            let kept = stat.mode.withoutSetID.permissions
            if kept != stat.mode.permissions { change.permissions = kept }
        }
        return change
    }

    private func check(_ user: User, _ stat: Stat) throws(FileError) {
        if let uid, uid != stat.uid { throw FileError(.notPermitted) }
        if user.uid == stat.uid {
            if let gid, gid != stat.gid, !user.isMember(of: gid) {
                throw FileError(.notPermitted)
            }
            return
        }
        if let permissions {
            // Linux's client drops set-id bits itself when it cuts or writes a file.
            let isLess =
                permissions == permissions & stat.mode.permissions
                && permissions & 0o1777 == stat.mode.permissions & 0o1777
            guard isLess, size != nil || user.may(.write, stat) else {
                throw FileError(.notPermitted)
            }
        }
        if gid != nil || accessed.isGiven || modified.isGiven { throw FileError(.notPermitted) }
        if size == nil, accessed != nil || modified != nil, !user.may(.write, stat) {
            throw FileError(.permission)
        }
    }

    /// Sets all but the length, and the time of the change.
    public func apply(to stat: inout Stat, at now: Timestamp) {
        if let permissions { stat.mode.permissions = permissions }
        if let uid { stat.uid = uid }
        if let gid { stat.gid = gid }
        if let accessed { stat.accessed = accessed.point(now) }
        if let modified { stat.modified = modified.point(now) }
        if !isEmpty { stat.changed = now }
    }
}

extension StatChange.Time {
    /// The time meant, given what now is.
    public func point(_ now: Timestamp) -> Timestamp {
        switch self {
        case .now: now
        case .at(let time): time
        }
    }
}

extension StatChange.Time? {
    /// Whether a time is set that is not the clock's.
    fileprivate var isGiven: Bool { self != nil && self != .now }
}

extension Mode {
    /// The mode of a file that somebody has written to, or that has been given to another.
    ///
    /// Set-group-id without the right to run is not about running, and stays.
    public var withoutSetID: Mode {
        guard type != .directory else { return self }
        var mode = self
        mode.permissions &= ~Mode.setUser
        if permissions & 0o010 != 0 { mode.permissions &= ~Mode.setGroup }
        return mode
    }
}

extension Node {
    /// Drops set-id bits, as a write by anyone but the server's owner does; says whether there were
    /// any.
    @discardableResult
    public func dropSetID() throws(FileError) -> Bool {
        let mode = try stat().mode
        let kept = mode.withoutSetID
        guard kept != mode else { return false }
        var change = StatChange()
        change.permissions = kept.permissions
        try self.change(change, by: .superuser)
        return true
    }

    /// Drops what a program of the file may do that its user may not, as a write by anyone and a
    /// new owner do; see capabilities(7).
    public func dropCapabilities() throws(FileError) {
        let name = Array("security.capability".utf8)
        do throws(FileError) {
            _ = try attribute(name.span.bytes)
        } catch {
            // Trees without such attributes say so in one of two ways.
            guard error.kind == .noAttribute || error.kind == .unsupported else { throw error }
            return
        }
        try setAttribute(name.span.bytes, to: nil)
    }
}
