import FileTree
import Glibc

/// What programs do to mounted files, by system calls from one thread; each gives microseconds for
/// one of them.
struct MountSteps {
    /// The mount's root, open.
    private let root: Int32

    init(_ path: String) throws(FileError) {
        root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        try CaptureFiles.check(root, path)
    }

    func close() { Glibc.close(root) }

    /// Attributes of files that are there.
    func stat(_ paths: [String]) throws(FileError) -> Double {
        try each(paths) { path throws(FileError) in
            var status = Glibc.stat()
            try CaptureFiles.check(fstatat(root, path, &status, 0), "stat")
        }
    }

    /// Names that nobody has.
    func miss(_ paths: [String]) throws(FileError) -> Double {
        try each(paths) { path throws(FileError) in
            var status = Glibc.stat()
            guard fstatat(root, path, &status, 0) != 0, errno == ENOENT else {
                throw FileError(.exists, "a name of nobody")
            }
        }
    }

    /// Small files, opened, read and closed: as many as can be within some seconds, since some read
    /// through all that is before.
    func read(_ paths: [String]) throws(FileError) -> Double {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        return try each(paths) { path throws(FileError) in
            let file = openat(root, path, O_RDONLY | O_CLOEXEC)
            try CaptureFiles.check(file, "open")
            defer { Glibc.close(file) }
            try CaptureFiles.check(Int32(clamping: Glibc.read(file, &buffer, buffer.count)), "read")
        }
    }

    /// A directory's names; for all of them together.
    func list(_ path: String) throws(FileError) -> Double {
        let start = now()
        _ = try names(of: path)
        return (now() - start) * 1e6
    }

    /// Every name below a directory with its attributes, as find(1) asks for them; for all of it.
    func find(_ path: String) throws(FileError) -> Double {
        let start = now()
        var folders = [path]
        var found = 0
        while let folder = folders.popLast() {
            for name in try names(of: folder) {
                var status = Glibc.stat()
                let path = folder + "/" + name
                try CaptureFiles.check(fstatat(root, path, &status, AT_SYMLINK_NOFOLLOW), "find")
                found += 1
                if status.st_mode & S_IFMT == S_IFDIR { folders.append(path) }
            }
        }
        guard found > 0 else { throw FileError(.notFound, path) }
        return (now() - start) * 1e6
    }

    /// A file from its beginning to its end; bytes a second.
    func stream(_ path: String) throws(FileError) -> Double {
        let file = openat(root, path, O_RDONLY | O_CLOEXEC)
        try CaptureFiles.check(file, "open")
        defer { Glibc.close(file) }
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        let start = now()
        var sum = 0
        while case let count = Glibc.read(file, &buffer, buffer.count), count != 0 {
            try CaptureFiles.check(Int32(clamping: count), "read")
            sum += count
        }
        return Double(sum) / (now() - start)
    }

    /// So many seconds are enough of one step.
    private static let patience = 3.0

    private func each(
        _ paths: [String],
        _ body: (String) throws(FileError) -> Void
    ) throws(FileError) -> Double {
        let start = now()
        var done = 0
        for path in paths {
            try body(path)
            done += 1
            // Asked for seldom: the clock is no part of what is measured.
            if done % 8 == 0, now() - start > Self.patience { break }
        }
        return (now() - start) / Double(max(1, done)) * 1e6
    }

    private func names(of path: String) throws(FileError) -> [String] {
        let folder = openat(root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        try CaptureFiles.check(folder, path)
        guard let list = fdopendir(folder) else { throw FileError(.init(number: errno), path) }
        defer { closedir(list) }
        var names: [String] = []
        while let entry = readdir(list) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
