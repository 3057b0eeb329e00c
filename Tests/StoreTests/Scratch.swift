import Archive
import FileTree
import Glibc
import ScratchFolder
import Synchronization

@testable import Store

/// A folder for one test.
final class Scratch: Sendable {
    private let folder: ScratchFolder
    var path: String { folder.path }

    init() throws(FileError) { folder = try ScratchFolder() }

    /// The names in a folder below it, sorted; none where there is none.
    func names(_ folder: String) -> [String] {
        (try? HostFolder.names(in: "\(path)/\(folder)")) ?? []
    }

    /// A native package of one file, made in the folder.
    func package(_ name: String, version: String = "1", file: String = "") throws -> String {
        var manifest = Manifest()
        manifest.add("name", name)
        manifest.add("version", version)
        let output = "\(path)/\(name)-\(version).pak.zst"
        let new = open(output, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard new >= 0 else { throw FileError(.init(number: errno), output) }
        defer { close(new) }
        var writer = try PackageWriter(to: new, manifest: manifest)
        let path = Array("usr/bin/\(name)".utf8)
        var member = Member(path: path, type: .regular, permissions: 0o755)
        let bytes = Array("\(file)\(name)".utf8)
        member.size = UInt64(bytes.count)
        try writer.append(member)
        try bytes.withUnsafeBytes { try writer.write($0) }
        _ = try writer.finish()
        return output
    }
}
