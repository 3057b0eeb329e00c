public import FileTree
internal import NineP

/// A file's attributes as a server has told them.
public struct RemoteStat: Sendable, Hashable {
    /// The attributes; those that the dialect does not have are 0.
    public var stat: Stat
    /// The file's name; empty in 9P2000.L, which does not tell it.
    public var name: [UInt8] = []
    /// The owner's name; empty in 9P2000.L.
    public var owner: [UInt8] = []
    /// The group's name; empty in 9P2000.L.
    public var group: [UInt8] = []
    /// What a link holds, or a device's numbers; 9P2000.u alone.
    public var detail: [UInt8] = []

    init(_ stat: Stat) { self.stat = stat }

    init(_ record: StatRecord, _ dialect: Dialect) {
        let mode = StatMode(rawValue: record.mode)
        detail = Array(record.detail)
        var type = FileType.regular
        if mode.contains(.directory) {
            type = .directory
        } else if dialect.hasUnixFields {
            if mode.contains(.symlink) { type = .symlink }
            if mode.contains(.fifo) { type = .fifo }
            if mode.contains(.socket) { type = .socket }
            if mode.contains(.device) {
                type = detail.first == UInt8(ascii: "b") ? .blockDevice : .characterDevice
            }
        }
        let permissions = dialect.hasUnixFields ? mode.permissions : record.mode & 0o777
        stat = Stat(qid: record.qid, mode: Mode(type, permissions))
        if dialect.hasUnixFields {
            stat.uid = record.userNumber
            stat.gid = record.groupNumber
            stat.device = RemoteStat.device(detail)
        }
        stat.size = record.length
        stat.allocated = record.length
        stat.accessed = Timestamp(seconds: Int64(record.accessed))
        stat.modified = Timestamp(seconds: Int64(record.modified))
        stat.changed = stat.modified
        name = Array(record.name)
        owner = Array(record.user)
        group = Array(record.group)
    }

    /// The number, as Linux's `makedev` packs it, of `c 1 3`; 0 for anything else.
    private static func device(_ detail: [UInt8]) -> UInt64 {
        let words = String(decoding: detail, as: UTF8.self).parts(at: " ")
        guard words.count == 3, let major = UInt32(words[1]), let minor = UInt32(words[2]) else {
            return 0
        }
        return DeviceNumber.join(major: major, minor: minor)
    }
}

/// One name of a directory as a server has told it.
public struct RemoteEntry: Sendable, Hashable {
    /// The name.
    public var name: [UInt8]
    /// The file's identity.
    public var qid: Qid
    /// The file's type; nil for one that 9P2000.L's byte does not tell.
    public var type: FileType?
    /// All attributes; nil in 9P2000.L, which does not tell them here.
    public var attributes: RemoteStat?
    /// Where a listing goes on behind this name; nil in 9P2000 and 9P2000.u, which do not tell it.
    public var next: UInt64?
}

extension Fid {
    /// The file's attributes.
    public func stat() throws(FileError) -> RemoteStat {
        if client.dialect == .linux {
            let request = Tgetattr(fid: number, mask: AttributeMask.basic.rawValue)
            return try client.call(request, Rgetattr.self) { (reply) throws(FileError) in
                RemoteStat(reply.stat)
            }
        }
        let dialect = client.dialect
        return try client.call(Tstat(fid: number), Rstat.self) { (reply) throws(FileError) in
            RemoteStat(reply.stat, dialect)
        }
    }

    /// The entries of the open directory, without `.` and `..`.
    public func entries() throws(FileError) -> [RemoteEntry] {
        var all: [RemoteEntry] = []
        var offset: UInt64 = 0
        var guardian = ListingGuard()
        while true {
            let (piece, next) = try entries(at: offset)
            if piece.isEmpty && next == offset { return all }
            all += piece
            offset = next
            guard all.count <= 1 << 24 else {
                throw FileError(.protocolBotch, "a listing without an end")
            }
            guard guardian.admits(offset) else {
                throw FileError(.protocolBotch, "the listing goes round in circles")
            }
        }
    }

    /// A message full of entries of the open directory from `offset` on, or as many as `count`
    /// bytes hold, and the offset behind them, which is the same at the end.
    public func entries(
        at offset: UInt64,
        count: Int = .max
    ) throws(FileError) -> (entries: [RemoteEntry], next: UInt64) {
        let count = UInt32(min(count, client.largestData))
        let dialect = client.dialect
        if dialect == .linux {
            let request = Treaddir(fid: number, offset: offset, count: count)
            return try client.call(request, Rreaddir.self) { (reply) throws(FileError) in
                var entries: [RemoteEntry] = []
                var next = offset
                var reader = EntryReader(reply.data, dialect)
                while let entry = try reader.nextEntry() {
                    next = entry.next
                    let name = Array(entry.name)
                    if name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8) { continue }
                    let type = FileType(rawValue: UInt32(entry.type) << 12)
                    entries.append(
                        RemoteEntry(name: name, qid: entry.qid, type: type, next: entry.next)
                    )
                }
                return (entries, next)
            }
        }
        let request = Tread(fid: number, offset: offset, count: count)
        return try client.call(request, Rread.self) { (reply) throws(FileError) in
            var entries: [RemoteEntry] = []
            var reader = EntryReader(reply.data, dialect)
            while let record = try reader.nextRecord() {
                let stat = RemoteStat(record, dialect)
                entries.append(
                    RemoteEntry(
                        name: stat.name,
                        qid: record.qid,
                        type: stat.stat.mode.type,
                        attributes: stat
                    )
                )
            }
            return (entries, offset &+ UInt64(reply.data.count))
        }
    }
}
