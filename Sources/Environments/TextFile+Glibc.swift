package import FileTree
import Glibc

/// A small file of the host, named on the command line or our own.
package enum TextFile {
    /// The most that is read.
    static let limit = 1 << 20

    /// Reads it whole.
    ///
    /// Errors: those of open(2) and `.tooBig`, with the path.
    package static func read(_ path: String) throws(FileError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(FileError.Kind(number: errno), path) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileError(FileError.Kind(number: errno), path) }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= limit else { throw FileError(.tooBig, path) }
        }
    }

    /// Whether there is anything of that name.
    package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Makes a folder, or takes one that is there and empty.
    ///
    /// Errors: those of mkdir(2); `.notEmpty`.
    package static func makeEmptyFolder(_ path: String) throws(FileError) {
        guard mkdir(path, 0o777) != 0 else { return }
        guard errno == EEXIST else { throw FileError(FileError.Kind(number: errno), path) }
        guard try HostFolder.names(in: path).isEmpty else { throw FileError(.notEmpty, path) }
    }

    /// The path from the root, links followed; what is not there, or is no path, stays as it is,
    /// and so does what lies in a folder whose name is no text.
    package static func absolute(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(validatingCString: resolved) ?? path
    }
}
