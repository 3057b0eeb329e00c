import FileTree

/// The longest of each kind of bytes that a record holds, on the way in and on the way out.
enum RecordLimits {
    /// A link's target and a path, which Linux ends with a NUL within 4,096 bytes.
    static let path = 4095
    /// The value of an extended attribute, as Linux has it.
    static let value = 1 << 16
    /// A rule's line.
    static let rule = 4096
    /// The last serial that there can be.
    static let serial = UInt64(Int64.max)
    /// The last number that can be the next serial: then no more is given.
    static let nextSerial = serial + 1
    /// The bits of a record's permissions.
    static let permissions: UInt32 = 0o7777
    /// The longest file, as Linux's `off_t` has it.
    static let size = UInt64(Int64.max)
    /// The names of one file below, of which another server may tell any number.
    static let links = UInt64(UInt32.max)
    /// A type and its payload: the longest is that of an attribute, 65,823 bytes.
    static let body = 66_000
}

/// The byte that says which record follows.
enum RecordType: UInt8, CaseIterable {
    case made = 1
    case adopted = 2
    case changed = 3
    case attribute = 4
    case linked = 5
    case removed = 6
    case renamed = 7
    case ownData = 8
    case blockData = 9
    case blocks = 10
    case cut = 11
    case written = 12
    case read = 13
    case rule = 14
    case sealed = 15
    case unsealed = 16
    case reset = 17
    case stored = 18
    case opened = 19
    case place = 20
    case object = 21
    case entry = 22
}
