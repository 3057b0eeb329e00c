import FileTree
import Glibc

/// The subordinate ids that /etc/subuid and /etc/subgid give the user; see subuid(5).
public enum SubordinateIDs {
    /// Ranges of users' numbers; empty when there are none.
    public static var users: [Range<UInt32>] { ranges(of: "/etc/subuid") }

    /// Ranges of groups' numbers; empty when there are none.
    public static var groups: [Range<UInt32>] { ranges(of: "/etc/subgid") }

    /// The user's name; nil when their number has none.
    static var name: String? {
        var room = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var text = [CChar](repeating: 0, count: 4096)
        guard getpwuid_r(geteuid(), &room, &text, text.count, &found) == 0, let found,
            let name = found.pointee.pw_name
        else { return nil }
        return String(cString: name)
    }

    private static func ranges(of path: String) -> [Range<UInt32>] {
        let text = TextOf.file(path)
        // Most machines have no line, and then nobody's name has to be looked up.
        guard !text.isEmpty else { return [] }
        return ranges(in: text, name: name, number: geteuid())
    }

    /// The ranges of these lines that are the user's, by name or by number.
    static func ranges(in text: String, name: String?, number: UInt32) -> [Range<UInt32>] {
        var ranges: [Range<UInt32>] = []
        for line in text.parts(at: "\n") {
            let fields = line.parts(at: ":", omittingEmptySubsequences: false)
            guard fields.count == 3,
                fields[0] == "\(number)" || name.map({ fields[0] == $0 }) ?? false,
                let first = UInt32(fields[1]), let count = UInt32(fields[2]), count > 0,
                case let (end, overflow) = first.addingReportingOverflow(count), !overflow
            else { continue }
            ranges.append(first..<end)
        }
        return ranges
    }
}

/// The text of the kernel's and the system's small files.
enum TextOf {
    /// All of it, up to 1 MiB; empty when it cannot be read.
    static func file(_ path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 1 << 14)
        while bytes.count < 1 << 20 {
            let count = read(descriptor, &room, room.count)
            guard count > 0 else { break }
            bytes += room[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
