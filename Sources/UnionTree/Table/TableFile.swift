import Archive
import FileTree
import Glibc

/// Tables kept in a folder, each under the hash of what it was made of: a view that was served
/// before starts by mapping one.
///
/// The folder is a cache: what cannot be read or written is as if it were not there.
enum TableFile {
    /// The table of `key`; nil where there is none that is whole.
    static func open(_ key: ContentID, _ packages: [Package], in folder: String) -> Table? {
        // Missing, damaged or of another version: it is made again, and takes the place of this.
        try? Table(TableStorage(mapping: path(key, folder)), key: key, packages: packages)
    }

    /// Keeps a table, under its name only once all of it is written.
    static func write(_ storage: TableStorage, _ key: ContentID, in folder: String) {
        mkdir(folder, 0o700)
        let name = "\(path(key, folder)).\(getpid()).\(UInt32.random(in: 0 ... .max))"
        let descriptor = Glibc.open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        guard writeAll(storage.bytes, descriptor), fsync(descriptor) == 0,
            rename(name, path(key, folder)) == 0
        else {
            unlink(name)
            return
        }
    }

    private static func path(_ key: ContentID, _ folder: String) -> String {
        "\(folder)/\(key).union"
    }

    private static func writeAll(_ bytes: UnsafeRawBufferPointer, _ descriptor: Int32) -> Bool {
        var rest = bytes
        while rest.count > 0 {
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        return true
    }
}
