import CLinux
import FileTree
import Glibc

/// A file that gets its name when it is whole; until then nobody sees it.
///
/// Where the file system knows no files without a name it has one that begins with a dot and
/// goes with this object.
final class NewFile {
    let descriptor: Int32
    private let folder: String
    private let name: String
    private var temporaryName: String?

    /// Makes an empty one, open for reading and writing, in the folder of `path`.
    ///
    /// Errors: those of open(2), with the path.
    init(for path: String) throws(FileError) {
        let slash = path.lastIndex(of: "/")
        folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        name = String(path[(slash.map { path.index(after: $0) } ?? path.startIndex)...])
        guard !name.isEmpty else { throw FileError(.isDirectory, path) }
        let nameless = open(folder, pak_o_tmpfile | O_RDWR | O_CLOEXEC, 0o666)
        if nameless >= 0 {
            descriptor = nameless
            return
        }
        let other = Self.otherName(folder, name)
        descriptor = open(other, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw FileError(.init(number: errno), path) }
        temporaryName = other
    }

    deinit {
        if let temporaryName { unlink(temporaryName) }
        close(descriptor)
    }

    /// Puts the bytes on the disk and gives them the name, in the place of a file that has it.
    func commit() throws(FileError) {
        let path = "\(folder)/\(name)"
        guard fsync(descriptor) == 0 else { throw FileError(.init(number: errno), path) }
        let other = temporaryName ?? Self.otherName(folder, name)
        if temporaryName == nil {
            let linked = linkat(
                AT_FDCWD,
                "/proc/self/fd/\(descriptor)",
                AT_FDCWD,
                other,
                AT_SYMLINK_FOLLOW
            )
            guard linked == 0 else { throw FileError(.init(number: errno), path) }
            temporaryName = other
        }
        guard rename(other, path) == 0 else { throw FileError(.init(number: errno), path) }
        temporaryName = nil
        let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw FileError(.init(number: errno), folder) }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw FileError(.init(number: errno), folder) }
    }

    private static func otherName(_ folder: String, _ name: String) -> String {
        "\(folder)/.\(name.prefix(200)).\(getpid()).\(String(UInt32.random(in: .min ... .max), radix: 36))"
    }
}
