import CLinux
package import FileTree
import Glibc

/// A file that gets its name when it is whole; until then nobody sees it.
///
/// Where the file system knows no files without a name it has one that begins with a dot and
/// goes with this object.
package final class NewFile {
    package let descriptor: Int32
    private let folder: String
    private let name: String
    private var temporaryName: String?

    /// Makes an empty one, open for reading and writing, in the folder of `path`.
    ///
    /// Errors: those of open(2), with the path.
    package init(for path: String) throws(FileError) {
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        name = String(path[(slash.map { path.utf8.index(after: $0) } ?? path.startIndex)...])
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
    package func commit() throws(FileError) {
        try sync()
        if temporaryName == nil {
            let other = Self.otherName(folder, name)
            guard try link(to: other) else { throw FileError(.exists, other) }
            temporaryName = other
        }
        try rename()
        let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw FileError(.init(number: errno), folder) }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw FileError(.init(number: errno), folder) }
    }

    /// Puts the bytes on the disk and gives them the name `other` in the same folder, unless a
    /// file has it already: then that one stays.
    func commit(ifMissing other: String) throws(FileError) {
        try sync()
        let path = "\(folder)/\(other)"
        if let temporaryName {
            guard Glibc.link(temporaryName, path) == 0 || errno == EEXIST else {
                throw FileError(.init(number: errno), path)
            }
        } else {
            _ = try link(to: path)
        }
    }

    private func sync() throws(FileError) {
        guard fsync(descriptor) == 0 else {
            throw FileError(.init(number: errno), "\(folder)/\(name)")
        }
    }

    /// Gives a file without a name one; false when another has it.
    private func link(to path: String) throws(FileError) -> Bool {
        let own = "/proc/self/fd/\(descriptor)"
        if linkat(AT_FDCWD, own, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0 { return true }
        if errno == EEXIST { return false }
        throw FileError(.init(number: errno), path)
    }

    private func rename() throws(FileError) {
        guard let other = temporaryName else { return }
        let path = "\(folder)/\(name)"
        // A device, a pipe or a link under that name is not what anyone wants replaced.
        var status = Glibc.stat()
        if lstat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            throw FileError(.exists, "\(path): no regular file")
        }
        guard Glibc.rename(other, path) == 0 else { throw FileError(.init(number: errno), path) }
        temporaryName = nil
    }

    private static func otherName(_ folder: String, _ name: String) -> String {
        "\(folder)/.\(name.prefix(200)).\(getpid()).\(UInt32.random(in: .min ... .max))"
    }
}
