/// What the two sides can do, agreed on once.
///
/// The corresponding constants are `FUSE_ASYNC_READ` and so on.
struct InitFlags: OptionSet {
    let rawValue: UInt64

    /// Several reads of one file at a time.
    static let asyncRead = InitFlags(rawValue: 1 << 0)
    /// OPEN empties the file, too.
    static let atomicTruncate = InitFlags(rawValue: 1 << 3)
    /// Writes of more than a page.
    static let bigWrites = InitFlags(rawValue: 1 << 5)
    /// A file's pages go when its attributes show a change.
    static let autoInvalidate = InitFlags(rawValue: 1 << 12)
    static let readdirplus = InitFlags(rawValue: 1 << 13)
    /// READDIRPLUS only where the attributes are likely to be asked for.
    static let readdirplusAuto = InitFlags(rawValue: 1 << 14)
    static let asyncDirect = InitFlags(rawValue: 1 << 15)
    /// Opening may be answered with ENOSYS: then it is not asked for again.
    static let noOpen = InitFlags(rawValue: 1 << 17)
    /// Several look-ups in one directory at a time.
    static let parallelDirectories = InitFlags(rawValue: 1 << 18)
    static let maxPages = InitFlags(rawValue: 1 << 22)
    static let cacheSymlinks = InitFlags(rawValue: 1 << 23)
    static let noOpendir = InitFlags(rawValue: 1 << 24)
    /// A file's pages go when we say so alone.
    static let explicitInvalidate = InitFlags(rawValue: 1 << 25)
    /// Set-id bits are dropped by us, so that the kernel need not ask before every write.
    static let killPrivileges = InitFlags(rawValue: 1 << 28)
    /// Bits from 32 on are read, too.
    static let extended = InitFlags(rawValue: 1 << 30)
    /// Files are found by name alone.
    static let noExport = InitFlags(rawValue: 1 << 38)
}
