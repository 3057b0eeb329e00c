public import FileTree

/// A file's attributes as 9P2000 and 9P2000.u have them, in Rstat, Twstat and directories.
///
/// `size[2] type[2] dev[4] qid[13] mode[4] atime[4] mtime[4] length[8] name[s] uid[s] gid[s]
/// muid[s] {extension[s] n_uid[4] n_gid[4] n_muid[4]}`
///
/// The fields in braces are 9P2000.u's. A field of a Twstat that is all ones, or an empty string,
/// says "don't touch".
///
/// See stat(5).
@frozen
public struct StatRecord {
    /// The server's kind.
    public var type: UInt16 = 0
    /// The server's number.
    public var device: UInt32 = 0
    /// The file's identity.
    public var qid: Qid = .none
    /// The mode: a `StatMode`.
    public var mode: UInt32 = 0
    /// Last read, in seconds since 1970.
    public var accessed: UInt32 = 0
    /// Last change of the contents, in seconds since 1970.
    public var modified: UInt32 = 0
    /// Bytes; 0 for directories.
    public var length: UInt64 = 0
    /// The file's name; `/` at a tree's root.
    public var name: UnsafeRawBufferPointer = .empty
    /// The owner's name.
    public var user: UnsafeRawBufferPointer = .empty
    /// The group's name.
    public var group: UnsafeRawBufferPointer = .empty
    /// Who changed the file last; v9fs always fills it in a Twstat, Plan 9 never.
    public var modifier: UnsafeRawBufferPointer = .empty
    /// A link's target; `c 1 3` or `b 8 1` for a device.
    public var detail: UnsafeRawBufferPointer = .empty
    /// The owner's number.
    public var userNumber: UInt32 = Wire.noUser
    /// The group's number.
    public var groupNumber: UInt32 = Wire.noUser
    /// The number of who changed the file last.
    public var modifierNumber: UInt32 = Wire.noUser

    /// An empty file without a name.
    @inlinable
    public init() {}

    /// Attributes for a Twstat that says "don't touch" everywhere.
    @inlinable
    public static var untouched: StatRecord {
        var record = StatRecord()
        record.type = .max
        record.device = .max
        record.qid = Qid(type: Qid.Kind(rawValue: .max), version: .max, path: .max)
        record.mode = .max
        record.accessed = .max
        record.modified = .max
        record.length = .max
        return record
    }

    /// The attributes `stat` for clients of `dialect`; names and `detail` are left empty.
    ///
    /// Times outside of 1970 to 2106 become the nearest that can be said.
    @inlinable
    public init(_ stat: Stat, _ dialect: Dialect) {
        qid = stat.qid
        mode = StatMode(stat, dialect).rawValue
        if !dialect.hasUnixFields { qid.type.remove(.symlink) }
        accessed = StatRecord.seconds(stat.accessed)
        modified = StatRecord.seconds(stat.modified)
        length = stat.mode.type == .directory ? 0 : stat.size
        userNumber = stat.uid
        groupNumber = stat.gid
    }

    @inlinable
    static func seconds(_ time: Timestamp) -> UInt32 { UInt32(clamping: time.seconds) }

    /// Shows every field but the size to `visitor`.
    @inlinable @inline(__always)
    public mutating func visit(_ visitor: inout some FieldVisitor) throws(FileError) {
        try visitor.short(&type, "type")
        try visitor.word(&device, "dev")
        try visitor.qid(&qid, "qid")
        try visitor.mode(&mode, "mode")
        try visitor.word(&accessed, "atime")
        try visitor.word(&modified, "mtime")
        try visitor.long(&length, "length")
        try visitor.string(&name, "name")
        try visitor.string(&user, "uid")
        try visitor.string(&group, "gid")
        try visitor.string(&modifier, "muid")
        if visitor.dialect.hasUnixFields {
            try visitor.string(&detail, "extension")
            try visitor.word(&userNumber, "n_uid")
            try visitor.word(&groupNumber, "n_gid")
            try visitor.word(&modifierNumber, "n_muid")
        }
    }
}
