import FileTree
import NineP

extension Session {
    /// Sets a file's attributes as Plan 9 asks: all or nothing; nothing at all is a sync.
    ///
    /// `muid` tells the clients apart: v9fs fills it and expects a rename to replace what is in the
    /// way, Plan 9 leaves it empty and expects an error. It is never stored.
    ///
    /// See stat(5).
    mutating func wstat(_ request: Twstat) throws(FileError) -> Rwstat {
        let fid = try find(request.fid).pointee
        let record = request.stat
        let stat = try fid.node.stat()
        let change = try Self.change(record, stat, fid.attach, dialect ?? .plain)
        if change.size != nil { try Self.checkResize(fid) }
        let rename = try Self.rename(record, fid)
        if change.isEmpty, rename == nil {
            if let file = fid.opened?.file { try file.sync() } else { try fid.node.sync() }
        }
        if !change.isEmpty { try fid.node.change(change, by: fid.attach.user) }
        if let rename {
            try rename.parent.rename(
                rename.name.span.bytes,
                to: rename.parent,
                record.name.bytes,
                replacing: record.modifier.count > 0
            )
        }
        return Rwstat()
    }

    /// What is to be changed but the name.
    private static func change(
        _ record: StatRecord,
        _ stat: Stat,
        _ attach: AttachPoint,
        _ dialect: Dialect
    ) throws(FileError) -> StatChange {
        let untouched = StatRecord.untouched
        guard record.type == untouched.type, record.device == untouched.device,
            record.qid == untouched.qid || record.qid == stat.qid
        else { throw FileError(.wstatProhibited) }
        var change = StatChange()
        if record.mode != untouched.mode {
            change.permissions = try permissions(record, stat, dialect)
        }
        if record.accessed != untouched.accessed {
            change.accessed = .at(Timestamp(seconds: Int64(record.accessed)))
        }
        if record.modified != untouched.modified {
            change.modified = .at(Timestamp(seconds: Int64(record.modified)))
        }
        if record.length != untouched.length {
            // Some set a directory's length to what it is.
            if stat.mode.type != .directory || record.length != 0 { change.size = record.length }
        }
        if dialect.hasUnixFields {
            if record.userNumber != .max { change.uid = record.userNumber }
            if record.groupNumber != .max { change.gid = record.groupNumber }
            return change
        }
        let names = attach.owners.names(of: stat)
        if record.user.count > 0, !record.user.elementsEqual(names.user) {
            change.uid = try number(record.user)
        }
        if record.group.count > 0, !record.group.elementsEqual(names.group) {
            change.gid = try number(record.group)
        }
        return change
    }

    /// The permissions that a mode asks for; what else it says has to be so already.
    private static func permissions(
        _ record: StatRecord,
        _ stat: Stat,
        _ dialect: Dialect
    ) throws(FileError) -> UInt32 {
        let asked = StatMode(rawValue: record.mode)
        let isDirectory = stat.mode.type == .directory
        guard asked.contains(.directory) == isDirectory else { throw FileError(.wstatProhibited) }
        // v9fs says nothing about these, and means nothing by it.
        if record.modifier.count == 0 {
            let kept: StatMode = [.append, .exclusive, .temporary]
            let now = StatMode(stat, dialect).intersection(kept)
            guard asked.intersection(kept) == now else { throw FileError(.wstatProhibited) }
        }
        if dialect.hasUnixFields { return asked.permissions }
        return stat.mode.permissions & 0o7000 | asked.permissions & 0o777
    }

    /// An owner's number: names are the tree's, and no tree says whose they are.
    private static func number(_ name: UnsafeRawBufferPointer) throws(FileError) -> UInt32 {
        guard let number = UInt32(String(decoding: name, as: UTF8.self)) else {
            throw FileError(.wstatProhibited)
        }
        return number
    }

    /// Where and how the file is called now, when it is to be called otherwise.
    private static func rename(
        _ record: StatRecord,
        _ fid: Fid
    ) throws(FileError) -> (parent: any Directory, name: [UInt8])? {
        guard record.name.count > 0 else { return nil }
        var isSame = false
        fid.attach.withName(of: fid.node) { name in
            isSame = name.withUnsafeBytes { $0.elementsEqual(record.name) }
        }
        if isSame { return nil }
        try FileName.check(record.name)
        let place = try place(of: fid)
        try fid.attach.check([.write, .execute], of: place.parent)
        let name = record.name.bytes
        if record.modifier.count == 0, try found(name, in: place.parent) != nil {
            throw FileError(.exists)
        }
        try checkMove(
            place.name.span.bytes,
            from: place.parent,
            to: place.parent,
            name,
            fid.attach
        )
        return place
    }
}
