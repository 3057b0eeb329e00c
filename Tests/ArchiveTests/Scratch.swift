import Archive
import FileTree
import Glibc
import ScratchFolder

/// A folder of a test's own.
final class Scratch {
    private let folder: ScratchFolder
    var path: String { folder.path }

    /// A suite's property cannot throw; without a folder nothing that follows could be tried.
    init() { do { folder = try ScratchFolder() } catch { fatalError("\(error)") } }

    subscript(_ name: String) -> String { folder[name] }

    /// What is in the folder, sorted.
    var names: [String] { folder.names }

    /// Opens a new file for reading and writing; the caller closes it.
    func create(_ name: String) -> Int32 {
        Glibc.open(self[name], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    }

    func write(_ name: String, _ bytes: [UInt8]) {
        let descriptor = create(name)
        defer { close(descriptor) }
        var at = 0
        while at < bytes.count {
            let count = bytes[at...].withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count <= 0 { return }
            at += count
        }
    }

    func read(_ name: String) -> [UInt8] {
        let descriptor = Glibc.open(self[name], O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count <= 0 { return all }
            all += buffer[..<count]
        }
    }
}

/// Commands of the host, for what other programs make of our files.
enum Shell {
    /// Runs a line of sh(1); returns what it writes to both outputs, and its exit status.
    static func run(_ line: String) -> (output: String, status: Int32) {
        guard let stream = popen("{ \(line)\n} 2>&1", "r") else { return ("", -1) }
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&buffer, 1, buffer.count, stream)
            if count == 0 { break }
            all += buffer[..<count]
        }
        let status = pclose(stream)
        return (String(decoding: all, as: UTF8.self), (status >> 8) & 0xff)
    }

    static func has(_ tool: String) -> Bool { run("command -v \(tool)").status == 0 }
}

/// Files to be written into a package: what they are, and their stored bytes.
struct TestFile {
    var member: Member
    var bytes: [UInt8] = []

    static func file(_ path: String, _ bytes: [UInt8], permissions: UInt32 = 0o644) -> TestFile {
        file(Array(path.utf8), bytes, permissions: permissions)
    }

    static func file(_ path: [UInt8], _ bytes: [UInt8], permissions: UInt32 = 0o644) -> TestFile {
        var member = Member(path: path, type: .regular, permissions: permissions)
        member.size = UInt64(bytes.count)
        return TestFile(member: member, bytes: bytes)
    }

    static func directory(_ path: String) -> TestFile {
        TestFile(member: Member(path: Array(path.utf8), type: .directory, permissions: 0o755))
    }

    static func symlink(_ path: String, _ target: String) -> TestFile {
        var member = Member(path: Array(path.utf8), type: .symlink, permissions: 0o777)
        member.linkTarget = Array(target.utf8)
        return TestFile(member: member)
    }

    static func link(_ path: String, to target: String) -> TestFile {
        var member = Member(path: Array(path.utf8), type: .regular, permissions: 0o644)
        member.hardLink = Array(target.utf8)
        return TestFile(member: member)
    }
}

/// Bytes that compress a little, the same for the same seed.
func pattern(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
    return (0..<count).map { at in
        if at % 16 == 0 { state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407 }
        return UInt8(truncatingIfNeeded: state >> 33 &+ UInt64(at % 7))
    }
}
