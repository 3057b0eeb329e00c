import CLinux
import FileTree
import Glibc
import Terminal

/// What the host has where a view is to be mounted.
enum HostNames {
    /// What a name of the host stands for.
    enum Kind: Equatable {
        case directory
        case link(PathBytes)
        case other
    }

    /// What a path stands for, links as themselves; nil where there is nothing to be seen.
    ///
    /// A mount whose server does not answer keeps nobody waiting.
    static func kind(_ path: PathBytes) -> Kind? {
        var type: UInt32 = 0
        guard path.withCString({ pak_known_type($0, &type) }) == 0 else { return nil }
        switch type {
        case S_IFDIR: return .directory
        case S_IFLNK:
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = buffer.withUnsafeMutableBytes { bytes in
                bytes.withMemoryRebound(to: CChar.self) { text in
                    text.baseAddress.map { to in path.withCString { readlink($0, to, text.count) } }
                        ?? -1
                }
            }
            guard count > 0 else { return .other }
            return .link(PathBytes(buffer[..<count]))
        default: return .other
        }
    }

    /// The same of a path that is text.
    static func kind(_ path: String) -> Kind? { kind(PathBytes(path)) }

    /// The working directory; the root when it is gone.
    static var workingDirectory: [UInt8] { knownWorkingDirectory ?? [UInt8(ascii: "/")] }

    /// The working directory, which a command may take for granted.
    static func neededWorkingDirectory() throws(Complaint) -> [UInt8] {
        guard let path = knownWorkingDirectory else {
            throw Complaint("the working directory is gone", try: "cd /")
        }
        return path
    }

    private static var knownWorkingDirectory: [UInt8]? {
        guard let path = getcwd(nil, 0) else { return nil }
        defer { free(path) }
        return bytes(path)
    }

    /// Whether a path leads to a directory.
    static func isFolder(_ path: PathBytes) -> Bool {
        var status = stat()
        return path.withCString({ stat($0, &status) }) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The same of a path that is text.
    static func isFolder(_ path: String) -> Bool { isFolder(PathBytes(path)) }

    /// Whether a path leads to a directory in which this process can make files.
    static func isWritableFolder(_ path: String) -> Bool {
        isFolder(path) && access(path, W_OK | X_OK) == 0
    }

    /// A path without links on the way; nil where there is nothing.
    static func real(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }

    /// Whether a path without links in it is below a directory, whatever name that is given by.
    static func isBelow(_ path: String, _ folder: String) -> Bool {
        var wanted = stat()
        guard path != "/", stat(folder, &wanted) == 0 else { return false }
        var above = path[...]
        while let slash = above.utf8.lastIndex(of: UInt8(ascii: "/")) {
            above = above[..<slash]
            var found = stat()
            guard stat(above.isEmpty ? "/" : String(above), &found) == 0 else { continue }
            if found.st_dev == wanted.st_dev, found.st_ino == wanted.st_ino { return true }
        }
        return false
    }

    /// All variables of this process, `NAME=value`.
    static var environment: [[UInt8]] {
        var all: [[UInt8]] = []
        var place = environ
        while let entry = place.pointee {
            all.append(bytes(entry))
            place += 1
        }
        return all
    }

    private static func bytes(_ text: UnsafePointer<CChar>) -> [UInt8] {
        Array(UnsafeRawBufferPointer(start: text, count: strlen(text)))
    }

    /// The value of a variable as it is; nil when it is unset or empty.
    static func variableBytes(_ name: String) -> [UInt8]? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return bytes(value)
    }

    /// The value of a variable; nil when it is unset or empty.
    static func variable(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }
}
