import CLinux
import FileTree
import Glibc

/// A foreign file on the host, by the names under which the cache remembers it.
struct ForeignFile {
    private let descriptor: HostDescriptor
    private let status: pak_stat
    private let context: [UInt8]

    /// Counts up when the same archive becomes another package than before.
    private static let revision = 1

    init(_ path: String, _ options: ImportOptions) throws(FileError) {
        descriptor = try HostDescriptor.openFile(path: path)
        status = try descriptor.status()
        // A plain archive is named by its file, so that belongs to what it becomes.
        let name = path.parts(at: "/").last ?? ""
        let fields = [
            "\(Self.revision)", String(name), "\(options.isLayer)", options.name ?? "/",
            options.version ?? "/", options.latestTime.map { "\($0)" } ?? "",
        ]
        context = Array(fields.joined(separator: "\u{0}").utf8)
    }

    /// The name under which this very file is remembered, as it is on the disk now; nil when it
    /// changed so lately that another change might not show in its times.
    func memo() throws(FileError) -> String? {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let age =
            (Int64(now.tv_sec) - status.ctime) * 1000
            + (Int64(now.tv_nsec) - Int64(status.ctime_ns)) / 1_000_000
        guard age > 100 else { return nil }
        let words = [
            status.device, status.inode, status.size, UInt64(bitPattern: status.mtime),
            UInt64(status.mtime_ns), UInt64(bitPattern: status.ctime), UInt64(status.ctime_ns),
        ].map(\.littleEndian)
        return words.withUnsafeBytes { "memo/\(key($0))" }
    }

    /// The name under which a file of these contents is remembered; reads all of them.
    func seen() throws(FileError) -> String {
        var hash = SHA256()
        try FileSource(descriptor, size: status.size, progress: nil).forEachBlock { block in
            hash.update(block)
        }
        return hash.finish().bytes.withUnsafeBytes { "seen/\(key($0))" }
    }

    /// Whether the file is still what it was when this was made.
    var isUnchanged: Bool {
        get throws(FileError) {
            let now = try descriptor.status()
            return now.size == status.size && now.mtime == status.mtime
                && now.mtime_ns == status.mtime_ns && now.ctime == status.ctime
                && now.ctime_ns == status.ctime_ns
        }
    }

    private func key(_ bytes: UnsafeRawBufferPointer) -> ContentID {
        var hash = SHA256()
        hash.update(bytes)
        context.withUnsafeBytes { hash.update($0) }
        return hash.finish()
    }
}
