public import FileTree

/// A file's mode as 9P2000 and 9P2000.u have it: the type in the high byte, permissions below.
///
/// See stat(5).
@frozen
public struct StatMode: OptionSet, Sendable, Hashable {
    /// The bits on the wire.
    public let rawValue: UInt32

    /// Makes a mode of the bits on the wire.
    @inlinable
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The corresponding constant is `DMDIR`.
    public static var directory: StatMode { @inlinable get { .init(rawValue: 0x8000_0000) } }
    /// The corresponding constant is `DMAPPEND`.
    public static var append: StatMode { @inlinable get { .init(rawValue: 0x4000_0000) } }
    /// The corresponding constant is `DMEXCL`.
    public static var exclusive: StatMode { @inlinable get { .init(rawValue: 0x2000_0000) } }
    /// The corresponding constant is `DMAUTH`.
    public static var authentication: StatMode { @inlinable get { .init(rawValue: 0x0800_0000) } }
    /// The corresponding constant is `DMTMP`.
    public static var temporary: StatMode { @inlinable get { .init(rawValue: 0x0400_0000) } }
    /// 9P2000.u alone, likewise all that follow.
    ///
    /// The corresponding constant is `DMSYMLINK`.
    public static var symlink: StatMode { @inlinable get { .init(rawValue: 0x0200_0000) } }
    /// A further name: Tcreate's extension is a fid in decimal.
    ///
    /// The corresponding constant is `DMLINK`.
    public static var hardLink: StatMode { @inlinable get { .init(rawValue: 0x0100_0000) } }
    /// The corresponding constant is `DMDEVICE`.
    public static var device: StatMode { @inlinable get { .init(rawValue: 0x0080_0000) } }
    /// The corresponding constant is `DMNAMEDPIPE`.
    public static var fifo: StatMode { @inlinable get { .init(rawValue: 0x0020_0000) } }
    /// The corresponding constant is `DMSOCKET`.
    public static var socket: StatMode { @inlinable get { .init(rawValue: 0x0010_0000) } }
    /// The corresponding constant is `DMSETUID`.
    public static var setUser: StatMode { @inlinable get { .init(rawValue: 0x0008_0000) } }
    /// The corresponding constant is `DMSETGID`.
    public static var setGroup: StatMode { @inlinable get { .init(rawValue: 0x0004_0000) } }
    /// The corresponding constant is `DMSETVTX`.
    public static var sticky: StatMode { @inlinable get { .init(rawValue: 0x0001_0000) } }

    /// The mode of a file for clients of `dialect`.
    ///
    /// 9P2000 knows files and directories, and nine permission bits.
    @inlinable
    public init(_ stat: Stat, _ dialect: Dialect) {
        let mode = stat.mode
        var bits = mode.permissions & 0o777
        // The high byte is the qid's type, but for symlinks, which 9P2000 does not know.
        let kind = dialect.hasUnixFields ? stat.qid.type : stat.qid.type.subtracting(.symlink)
        bits |= UInt32(kind.rawValue) << 24
        if dialect.hasUnixFields {
            switch mode.type {
            case .characterDevice, .blockDevice: bits |= StatMode.device.rawValue
            case .fifo: bits |= StatMode.fifo.rawValue
            case .socket: bits |= StatMode.socket.rawValue
            case .symlink: bits |= StatMode.symlink.rawValue
            case .regular, .directory: break
            }
            if mode.permissions & Mode.setUser != 0 { bits |= StatMode.setUser.rawValue }
            if mode.permissions & Mode.setGroup != 0 { bits |= StatMode.setGroup.rawValue }
            if mode.permissions & 0o1000 != 0 { bits |= StatMode.sticky.rawValue }
        }
        if mode.type == .directory { bits |= StatMode.directory.rawValue }
        rawValue = bits
    }

    /// The twelve permission bits of Unix.
    @inlinable
    public var permissions: UInt32 {
        var bits = rawValue & 0o777
        if contains(.setUser) { bits |= Mode.setUser }
        if contains(.setGroup) { bits |= Mode.setGroup }
        if contains(.sticky) { bits |= 0o1000 }
        return bits
    }
}
