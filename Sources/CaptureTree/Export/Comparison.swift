import Archive
import FileTree
import Glibc

/// Compares files of the view with files below.
///
/// Owners and times are those that an export would say. A time counts where somebody has set it:
/// a file that was written again as it was is what it was.
final class Comparison {
    private let options: ExportOptions
    private let rooms = (Room(), Room())

    /// A piece of memory to read into.
    private final class Room {
        static let size = 128 << 10
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)

        deinit { bytes.deallocate() }
    }

    init(_ options: ExportOptions) { self.options = options }

    /// What a file has become of another; `entry` is what the layer knows of it.
    func verdict(
        _ node: any Node,
        _ stat: Stat,
        of other: any Node,
        _ otherStat: Stat,
        _ entry: TouchedEntry?
    ) throws(FileError) -> Visit.Verdict {
        guard stat.mode.type == otherStat.mode.type else { return .data }
        let isInPlace = stat.qid.path == otherStat.qid.path
        if isInPlace, let entry, entry.bytes == .same, entry.declared.isDisjoint(with: .exported) {
            return .same
        }
        let knows = isInPlace ? entry?.bytes : .unknown
        guard try hasSameData(node, stat, other, otherStat, knows) else { return .data }
        if isInPlace, let entry, entry.declared.isDisjoint(with: .exported) { return .same }
        return try hasSameMetadata(node, stat, other, otherStat, entry) ? .same : .metadata
    }

    /// Who owns a file in an export: nobody but root, unless somebody said so.
    func owner(_ stat: Stat, _ entry: TouchedEntry?) -> (uid: UInt32, gid: UInt32) {
        let isMade = entry != nil && entry?.origin == nil
        let declared = entry?.declared ?? []
        let hasUser = !isMade || declared.contains(.owner)
        let hasGroup = !isMade || declared.contains(.group)
        return (
            hasUser && stat.uid != options.creator.uid ? stat.uid : 0,
            hasGroup && stat.gid != options.creator.gid ? stat.gid : 0
        )
    }

    /// When a file was changed last, in an export.
    ///
    /// When names came and went in a directory that was there before is no part of what a build
    /// made.
    func time(_ stat: Stat, _ entry: TouchedEntry?) -> Timestamp {
        let latest = Timestamp(seconds: options.latestTime)
        let isMade = entry != nil && entry?.origin == nil
        if stat.mode.type == .directory, !isMade { return latest }
        return min(stat.modified, latest)
    }

    private func hasSameMetadata(
        _ node: any Node,
        _ stat: Stat,
        _ other: any Node,
        _ otherStat: Stat,
        _ entry: TouchedEntry?
    ) throws(FileError) -> Bool {
        let isLink = stat.mode.type == .symlink
        guard isLink || stat.mode.permissions == otherStat.mode.permissions,
            owner(stat, entry) == owner(otherStat, nil)
        else { return false }
        if entry?.declared.contains(.time) == true,
            time(stat, entry) != time(otherStat, nil), stat.mode.type != .directory
        {
            return false
        }
        if isLink { return true }
        return try ExtendedAttribute.portable(of: node) == ExtendedAttribute.portable(of: other)
    }

    private func hasSameData(
        _ node: any Node,
        _ stat: Stat,
        _ other: any Node,
        _ otherStat: Stat,
        _ known: TouchedBytes?
    ) throws(FileError) -> Bool {
        switch stat.mode.type {
        case .symlink: return try node.link?.target() == other.link?.target()
        case .characterDevice, .blockDevice: return stat.device == otherStat.device
        case .regular: break
        default: return true
        }
        if stat.size != otherStat.size || known == .different { return false }
        if stat.size == 0 || known == .same { return true }
        guard let file = node.file, let otherFile = other.file else { return false }
        return try hasSameBytes(file.open(.read), otherFile.open(.read), size: stat.size)
    }

    private func hasSameBytes(
        _ a: any OpenFile,
        _ b: any OpenFile,
        size: UInt64
    ) throws(FileError) -> Bool {
        var offset: UInt64 = 0
        while offset < size {
            let wanted = Int(min(UInt64(Room.size), size - offset))
            let first = UnsafeMutableRawBufferPointer(rebasing: rooms.0.bytes[..<wanted])
            let second = UnsafeMutableRawBufferPointer(rebasing: rooms.1.bytes[..<wanted])
            let counts = (try a.read(into: first, at: offset), try b.read(into: second, at: offset))
            guard counts == (wanted, wanted), let x = first.baseAddress, let y = second.baseAddress
            else { return false }
            if memcmp(x, y, wanted) != 0 { return false }
            offset += UInt64(wanted)
        }
        return true
    }
}

extension TouchedEntry.Declared {
    /// What an export tells of.
    fileprivate static let exported: Self = [.mode, .owner, .group, .extended, .time]
}
