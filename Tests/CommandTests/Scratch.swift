import FileTree
import Glibc
import ScratchFolder
import Testing

/// A folder of its own for one test.
final class Scratch {
    private let folder: ScratchFolder
    /// Its path.
    var path: String { folder.path }

    init() throws { folder = try ScratchFolder() }

    /// The path of a name in it.
    func callAsFunction(_ name: String) -> String { folder[name] }

    /// Makes a file, with the directories above it.
    @discardableResult
    func write(_ name: String, _ bytes: [UInt8], mode: mode_t = 0o644) throws -> String {
        try makeDirectory(name.split(separator: "/").dropLast().joined(separator: "/"))
        let target = self(name)
        let descriptor = open(target, O_CREAT | O_WRONLY | O_TRUNC, mode)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            try #require(count > 0)
            rest = rest.dropFirst(count)
        }
        return target
    }

    /// Makes a file of text.
    @discardableResult
    func write(_ name: String, _ text: String, mode: mode_t = 0o644) throws -> String {
        try write(name, Array(text.utf8), mode: mode)
    }

    /// Makes a directory, with those above it.
    @discardableResult
    func makeDirectory(_ name: String) throws -> String {
        var place = path
        for part in name.split(separator: "/") {
            place += "/\(part)"
            try #require(mkdir(place, 0o755) == 0 || errno == EEXIST)
        }
        return place
    }

    /// The bytes of a file.
    func bytes(_ name: String) throws -> [UInt8] {
        let descriptor = open(self(name), O_RDONLY)
        try #require(descriptor >= 0, "\(name)")
        defer { close(descriptor) }
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = read(descriptor, &buffer, buffer.count), count > 0 {
            all += buffer[..<count]
        }
        return all
    }

    /// All names in the folder itself, sorted.
    func names() -> [String] { folder.names }

    /// All names in a folder, sorted.
    static func names(in path: String) -> [String] {
        // Where there is no folder there are no names.
        (try? HostFolder.names(in: path)) ?? []
    }

    /// Runs a program of the system in the folder.
    @discardableResult
    func shell(_ text: String) throws -> String {
        let outcome = try Program(path: "/bin/sh").run("-c", "cd '\(path)' && { \(text); }")
        try #require(outcome.status == 0, "\(text): \(outcome.complaints)")
        return outcome.output
    }
}
