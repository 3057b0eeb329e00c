import Archive
import CLinux
import Differential
import FileTree
import Glibc

/// Applies a layer of an image, an OCI tar, to a directory of the host as the image specification
/// says: what another program would make of an export.
struct LayerReplay {
    private let root: String
    private let tar: HostFile

    /// Applies the layer in the file `tar` to the directory `root`.
    static func apply(_ tar: String, to root: String) throws(FileError) {
        let replay = LayerReplay(root: root, tar: try HostFile(tar))
        var reader = TarReader(replay.tar)
        var directories: [Member] = []
        while let member = try reader.read() {
            do { try replay.apply(member, at: reader.dataOffset) } catch {
                throw error.at(member.displayPath)
            }
            if member.type == .directory { directories.append(member) }
        }
        // Making names in a directory changes its time.
        for member in directories.reversed() { try replay.setAttributes(member) }
    }

    private func path(_ bytes: [UInt8]) -> String {
        root + "/" + String(decoding: bytes, as: UTF8.self)
    }

    private func check(_ result: Int32) throws(FileError) {
        guard result >= 0 else { throw FileError(.init(number: errno)) }
    }

    private func apply(_ member: Member, at offset: UInt64) throws(FileError) {
        let slash = member.path.lastIndex(of: UInt8(ascii: "/"))
        let folder = Array(member.path[..<(slash ?? 0)])
        let name = String(decoding: member.path[(slash.map { $0 + 1 } ?? 0)...], as: UTF8.self)
        if name == ".wh..wh..opq" { return Arena.empty(path(folder)) }
        let place = path(member.path)
        if name.hasPrefix(".wh.") {
            let hidden = path(folder) + "/" + name.dropFirst(4)
            var status = Glibc.stat()
            guard lstat(hidden, &status) == 0 else {
                throw FileError(.malformed, "it hides nothing")
            }
            return Arena.remove(hidden)
        }
        if member.type == .directory {
            if mkdir(place, 0o700) == 0 { return }
            var status = Glibc.stat()
            if lstat(place, &status) == 0, Mode(rawValue: status.st_mode).type == .directory {
                return try removeAttributes(place)
            }
        }
        Arena.remove(place)
        if let first = member.hardLink { return try check(link(path(first), place)) }
        switch member.type {
        case .directory: try check(mkdir(place, 0o700))
        case .symlink:
            try check(symlink(String(decoding: member.linkTarget, as: UTF8.self), place))
        case .regular: try write(member, at: offset, to: place)
        default:
            let mode = member.type.rawValue | member.permissions
            try check(mknod(place, mode, dev_t(member.device)))
        }
        if member.type != .directory { try setAttributes(member) }
    }

    private func write(_ member: Member, at offset: UInt64, to place: String) throws(FileError) {
        let file = Glibc.open(place, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
        try check(file)
        defer { close(file) }
        try check(ftruncate(file, Int(member.size)))
        let whole = [SegmentList.Segment(offset: 0, length: member.size)]
        var stored = offset
        for run in member.segments ?? whole {
            let bytes = UnsafeMutableRawBufferPointer.allocate(
                byteCount: Int(run.length),
                alignment: 1
            )
            defer { bytes.deallocate() }
            let count = try tar.read(into: bytes, at: stored)
            guard count == bytes.count,
                pwrite(file, bytes.baseAddress, count, Int(run.offset)) == count
            else { throw FileError(.inputOutput) }
            stored += run.length
        }
    }

    /// What the layer says of a directory takes the place of what it was.
    private func removeAttributes(_ place: String) throws(FileError) {
        var names = [CChar](repeating: 0, count: 4096)
        let count = llistxattr(place, &names, names.count)
        try check(Int32(count))
        for name in names[..<count].split(separator: 0) {
            let name = String(decoding: name.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if name.hasPrefix("user.") { try check(lremovexattr(place, name)) }
        }
    }

    private func setAttributes(_ member: Member) throws(FileError) {
        let place = path(member.path)
        try check(lchown(place, member.uid, member.gid))
        if member.type != .symlink { try check(chmod(place, member.permissions)) }
        for attribute in member.attributes {
            let name = String(decoding: attribute.name, as: UTF8.self)
            try check(lsetxattr(place, name, attribute.value, attribute.value.count, 0))
        }
        let time = timespec(
            tv_sec: Int(member.modified.seconds),
            tv_nsec: Int(member.modified.nanoseconds)
        )
        try check(utimensat(AT_FDCWD, place, [time, time], AT_SYMLINK_NOFOLLOW))
    }
}
