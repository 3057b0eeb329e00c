import FileTree
import Glibc

/// What a file of the host is, as far as can be told without reading it: another stamp, another
/// file or other bytes.
///
/// Of a directory it says which it is, and nothing of what is in it.
struct FileStamp: Sendable, Hashable {
    /// Nil for a type that files do not have.
    let type: FileType?
    let links: UInt64
    private let device: UInt64
    private let inode: UInt64
    private var size: Int64 = 0
    private var times: [Int] = []

    /// Looks at a file, links followed; nil where there is none, or it cannot be seen.
    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        type = FileType(rawValue: status.st_mode & S_IFMT)
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        links = type == .directory ? 0 : UInt64(status.st_nlink)
        guard type != .directory else { return }
        size = Int64(status.st_size)
        let (modified, changed) = (status.st_mtim, status.st_ctim)
        times = [modified.tv_sec, modified.tv_nsec, changed.tv_sec, changed.tv_nsec]
    }

    /// Whether its bytes or attributes were changed in the last seconds, by this machine's clock.
    func wasTouched(within seconds: Int) -> Bool {
        guard times.count == 4 else { return false }
        return (0..<seconds).contains(time(nil) - times[2])
    }

    /// Whether a name is that of a link, wherever it leads.
    static func isLink(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
    }

    /// Whether there is anything of that name, be it a link that leads nowhere.
    static func isNamed(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }
}
