import Archive
import FileTree
import Glibc

/// Tables kept in a folder, each under the hash of what it was made of: a view that was served
/// before starts by mapping one.
///
/// The folder is a cache: what cannot be read or written is as if it were not there, and only the
/// tables used last are kept.
enum TableFile {
    /// How many tables a folder keeps.
    static let limit = 32

    /// The table of `key`; nil where there is none that is whole.
    static func open(_ key: ContentID, _ packages: PackageList, in folder: String) -> Table? {
        let path = path(key, folder)
        // Missing, damaged or of another version: it is made again, and takes the place of this.
        guard let storage = try? StoredBytes(mapping: path),
            let table = try? Table(storage, key: key, packages: packages)
        else { return nil }
        utimensat(AT_FDCWD, path, nil, 0)
        return table
    }

    /// The table of `key` for so many packages, which are not at hand.
    static func open(_ key: ContentID, _ count: Int, in folder: String) -> Table? {
        // What cannot be read is as if it were not there.
        guard let storage = try? StoredBytes(mapping: path(key, folder)) else { return nil }
        return try? Table(storage, key: key, count: count)
    }

    /// Keeps a table, under its name only once all of it is written.
    ///
    /// It is not waited for to be on the disk: what a crash leaves of one has not its sum, and is
    /// made again.
    static func write(_ storage: StoredBytes, _ key: ContentID, in folder: String) {
        HostFolder.makePath(folder)
        let name = "\(path(key, folder)).\(getpid()).\(UInt32.random(in: 0 ... .max))"
        let descriptor = Glibc.open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        guard write(storage.bytes, to: descriptor), rename(name, path(key, folder)) == 0
        else {
            unlink(name)
            return
        }
        dropOldest(in: folder)
    }

    /// Writes a table with its sum, which it need not have.
    private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
        let start = start(bytes)
        let rest = UnsafeRawBufferPointer(rebasing: bytes[start.count...])
        return start.withUnsafeBytes { HostWrite.number(writing: $0, to: descriptor) } == 0
            && HostWrite.number(writing: rest, to: descriptor) == 0
    }

    /// What is written of a table up to where its sum begins to count, with the sum.
    static func start(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var start = Array(bytes[..<TableLayout.summedFrom])
        let sum = TableSum.of(bytes)
        start.withUnsafeMutableBytes {
            $0.storeBytes(of: sum, toByteOffset: TableLayout.sumOffset, as: UInt64.self)
        }
        return start
    }

    /// Removes the tables that were not used for the longest time; whoever has one mapped keeps it.
    private static func dropOldest(in folder: String) {
        // What cannot be listed is not full.
        guard let names = try? HostFolder.names(in: folder), names.count > limit else { return }
        var tables: [(used: Int, path: String)] = []
        // Among them what a writer left that was killed.
        for name in names where name.utf8.count > 64 && name.contains(".union") {
            var status = stat()
            guard stat("\(folder)/\(name)", &status) == 0 else { continue }
            tables.append((status.st_mtim.tv_sec, "\(folder)/\(name)"))
        }
        tables.sort { $0.used > $1.used }
        for table in tables.dropFirst(limit) { unlink(table.path) }
    }

    private static func path(_ key: ContentID, _ folder: String) -> String {
        "\(folder)/\(key).union"
    }
}
