/// A file's type and permissions as Unix has them in `st_mode`.
///
/// See inode(7).
@frozen
public struct Mode: RawRepresentable, Hashable, Sendable {
    /// The 16 bits of `st_mode`.
    public var rawValue: UInt32

    /// Makes a mode of the bits of `st_mode`.
    @inlinable
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Makes a mode of a type and the twelve lower bits.
    @inlinable
    public init(_ type: FileType, _ permissions: UInt32) {
        rawValue = type.rawValue | permissions & 0o7777
    }

    /// The type; an unknown one reads as `.regular`, with no way to reach more than its bytes.
    @inlinable
    public var type: FileType { FileType(rawValue: rawValue & 0o170000) ?? .regular }

    /// The twelve lower bits: set-id, sticky, and read, write, execute for three.
    @inlinable
    public var permissions: UInt32 {
        get { rawValue & 0o7777 }
        set { rawValue = rawValue & ~0o7777 | newValue & 0o7777 }
    }

    /// The set-user-id bit.
    ///
    /// The corresponding constant is `S_ISUID`.
    public static var setUser: UInt32 { @inlinable get { 0o4000 } }
    /// The set-group-id bit.
    ///
    /// The corresponding constant is `S_ISGID`.
    public static var setGroup: UInt32 { @inlinable get { 0o2000 } }
    /// The sticky bit: of a directory, names in it are removed by owners alone.
    ///
    /// The corresponding constant is `S_ISVTX`.
    public static var sticky: UInt32 { @inlinable get { 0o1000 } }
}

/// The type of a file, by the bits of `st_mode`.
@frozen
public enum FileType: UInt32, Hashable, Sendable, CaseIterable {
    /// Bytes.
    ///
    /// The corresponding constant is `S_IFREG`.
    case regular = 0o100000
    /// Names of others.
    ///
    /// The corresponding constant is `S_IFDIR`.
    case directory = 0o040000
    /// A path.
    ///
    /// The corresponding constant is `S_IFLNK`.
    case symlink = 0o120000
    /// The corresponding constant is `S_IFCHR`.
    case characterDevice = 0o020000
    /// The corresponding constant is `S_IFBLK`.
    case blockDevice = 0o060000
    /// The corresponding constant is `S_IFIFO`.
    case fifo = 0o010000
    /// The corresponding constant is `S_IFSOCK`.
    case socket = 0o140000

    /// The type bits of the file's qid.
    @inlinable
    public var qidKind: Qid.Kind {
        switch self {
        case .directory: .directory
        case .symlink: .symlink
        default: .file
        }
    }

    /// The type in a word, for people and for programs that read what is printed.
    public var word: String {
        switch self {
        case .regular: "file"
        case .directory: "directory"
        case .symlink: "link"
        case .characterDevice: "character-device"
        case .blockDevice: "block-device"
        case .fifo: "fifo"
        case .socket: "socket"
        }
    }

    /// The byte of a directory entry.
    ///
    /// The corresponding constants are `DT_REG` and so on.
    @inlinable
    public var directoryEntryType: UInt8 { UInt8(rawValue >> 12) }
}
