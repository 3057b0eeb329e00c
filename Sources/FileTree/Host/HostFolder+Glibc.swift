import Glibc

/// Whole folders of the host, by their paths.
package enum HostFolder {
    /// Where temporary files are made.
    package static var temporary: String {
        getenv("TMPDIR").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
    }

    /// Makes a folder for this process alone: of that path, a dot, and what makes it new.
    ///
    /// Errors: those of mkdtemp(3), with the path.
    package static func makeNew(_ path: String) throws(FileError) -> String {
        let mark = String(repeating: "X", count: 6)
        var template = Array("\(path).\(mark)".utf8CString)
        guard
            let made = template.withUnsafeMutableBufferPointer({ template in
                template.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
            })
        else { throw FileError(.init(number: errno), path) }
        return made
    }

    /// Makes a folder and those above it, for this user alone; what cannot be made is missing to
    /// who then uses it.
    package static func makePath(_ path: String) {
        var made = path.utf8.starts(with: "/".utf8) ? "" : "."
        for name in path.parts(at: "/") {
            made += "/\(name)"
            mkdir(made, 0o700)
        }
    }

    /// The names in a folder but for `.` and `..`, sorted.
    ///
    /// Errors: those of open(2) and getdents(2).
    package static func names(in path: String) throws(FileError) -> [String] {
        try nameBytes(in: path).map { String(decoding: $0, as: UTF8.self) }.sorted()
    }

    /// The same as their bytes, in no order.
    package static func nameBytes(in path: String) throws(FileError) -> [[UInt8]] {
        let calls = HostCalls()
        return try calls.names(in: calls.openFolder(path: path))
    }

    /// Removes a file, or a folder with all that is in it; what cannot be removed stays.
    package static func remove(_ path: String) {
        if unlink(path) == 0 { return }
        chmod(path, 0o700)
        // What cannot be opened cannot be emptied either.
        if let folder = try? HostDescriptor.openRoot(path: path) { empty(folder) }
        rmdir(path)
    }

    /// Removes what is in a folder; what cannot be removed stays.
    package static func empty(_ folder: HostDescriptor) {
        // What cannot be read cannot be emptied.
        guard let open = try? folder.open([UInt8(ascii: "."), 0], O_RDONLY | O_DIRECTORY),
            let names = try? HostCalls().names(in: open)
        else { return }
        for name in names where (try? open.remove(name, isDirectory: false)) == nil {
            if let inner = try? open.open(name + [0], O_RDONLY | O_DIRECTORY | O_NOFOLLOW) {
                fchmod(inner.number, 0o700)
                empty(inner)
            }
            // Then it stays.
            try? open.remove(name, isDirectory: true)
        }
    }
}
