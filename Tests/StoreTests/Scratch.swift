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

/// Lets calls of the host fail from the n-th on, as for a process that is killed there, or the
/// n-th alone, as on a full disk.
final class Faults: Sendable {
    enum Kind: Sendable, CaseIterable { case death, full, broken }

    private let kind: Kind
    private let place: Int
    private let count = Mutex(0)

    init(_ kind: Kind, at place: Int) {
        self.kind = kind
        self.place = place
    }

    var hasStruck: Bool { count.withLock { $0 } > place }

    var host: HostCalls {
        HostCalls(fault: { call in
            let number = self.count.withLock { count in
                count += 1
                return count - 1
            }
            switch self.kind {
            case .death:
                if number < self.place { return nil }
                return number == self.place && call == .write ? .short(1) : .error(EIO)
            case .full: return number == self.place ? .error(ENOSPC) : nil
            case .broken: return number == self.place ? .error(EIO) : nil
            }
        })
    }
}
