import CLinux
import FUSEServer
import FileTree
import Glibc
import Testing
import TreeConformance

/// What a program that may do more than its user loses when it is changed.
@Suite(.enabled(if: Mounted.isPossible, Mounted.reason)) struct PrivilegeTests {
    /// What a file's program may do after each way to change it.
    private static func privileges(_ path: String) -> [String] {
        // cap_net_raw=ep, revision 2.
        let capability: [UInt8] = [1, 0, 0, 2, 0, 32] + [UInt8](repeating: 0, count: 14)
        func state(_ name: String) -> String {
            var status = Glibc.stat()
            guard lstat(name, &status) == 0 else { return "none" }
            let size = getxattr(name, "security.capability", nil, 0)
            return String(status.st_mode & 0o7777, radix: 8) + (size > 0 ? " cap" : "")
        }
        let ways: [(String, (String) -> Int32)] = [
            ("nothing", { _ in 0 }),
            ("write", { Self.write($0, 0) }),
            ("append", { Self.write($0, O_APPEND) }),
            (
                "open",
                { name in
                    let file = open(name, O_RDWR | O_CLOEXEC)
                    return close(file)
                }
            ),
            ("empty", { Self.write($0, O_TRUNC) }),
            ("truncate", { truncate($0, 2) }),
            ("chown", { chown($0, 1, 1) }),
            ("same owner", { chown($0, 0, 0) }),
            ("chmod", { chmod($0, 0o4711) }),
            ("times", { utimes($0, nil) }),
            ("link", { Glibc.link($0, $0 + ".link") }),
            ("rename", { Glibc.rename($0, $0 + ".x") == 0 ? Glibc.rename($0 + ".x", $0) : -1 }),
        ]
        var seen: [String] = []
        for mode: mode_t in [0o6755, 0o2644] {
            for (word, change) in ways {
                let name = "\(path)/\(word) \(mode)"
                _ = Self.write(name, O_CREAT)
                chmod(name, mode)
                let isSet = setxattr(name, "security.capability", capability, 20, 0) == 0
                let before = state(name)
                let result = change(name)
                seen.append("\(word): \(isSet) \(before) \(result) \(state(name))")
                unlink(name + ".link")
                unlink(name)
            }
        }
        return seen
    }

    private static func write(_ name: String, _ flags: Int32) -> Int32 {
        let file = open(name, O_RDWR | O_CLOEXEC | flags, 0o666)
        guard file >= 0 else { return -errno }
        defer { close(file) }
        return Glibc.write(file, "bytes", 5) == 5 ? 0 : -errno
    }

    @Test(
        .enabled(if: geteuid() == 0, "capabilities are root's to give"),
        arguments: [true, false]
    )
    func whatAChangeTakesFromAProgramIsWhatADiskTakes(_ opens: Bool) throws {
        let tree = try MemoryTree.make("d 777 0 0 1 a\n", clock: { .now })
        var options = Mounted.writable
        options.opensFiles = opens
        try Mounted.run(options) { _ in
            FileTree.Attachment(root: tree.root, tree: tree)
        } _: { path, _ in
            var template = Array("/var/tmp/pak-test.XXXXXX".utf8CString)
            let folder = String(cString: try #require(mkdtemp(&template)))
            defer { rmdir(folder) }
            let disk = Self.privileges(folder)
            #expect(disk.contains("write: true 6755 cap 0 6755"), "\(disk)")
            #expect(Self.privileges(path + "/a") == disk)
        }
    }
}
