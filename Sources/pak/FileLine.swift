import Archive
import FileTree
import Glibc
import Terminal

/// A file as `pak ls` shows it.
struct FileLine {
    /// The path as it is to be printed, in raw bytes.
    var path: [UInt8]
    /// The attributes.
    var stat: Stat
    /// Owner and group, by name where the server gives one.
    var owner: String
    var group: String
    /// Where a symbolic link leads.
    var target: [UInt8]?

    /// Mode, links, owner, group, size or device, time and name, with a link's target.
    var long: [UInt8] {
        let size =
            switch stat.mode.type {
            case .characterDevice, .blockDevice: "\(device.major),\(device.minor)"
            default: "\(stat.size)"
            }
        let words = [
            mode, Self.pad("\(stat.links)", 3), owner, group, Self.pad(size, 9),
            Self.time(stat.modified), "",
        ]
        return Array(words.joined(separator: " ").utf8) + path
            + (target.map { Array(" -> ".utf8) + $0 } ?? [])
    }

    /// The line as an object.
    var json: JSON {
        var members = [
            JSON.name(path),
            ("type", .text(stat.mode.type.word)),
            ("mode", .text(String(stat.mode.permissions, radix: 8))),
            ("uid", .number(Int64(stat.uid))),
            ("gid", .number(Int64(stat.gid))),
            ("owner", .text(owner)),
            ("group", .text(group)),
            ("links", .size(stat.links)),
            ("size", .size(stat.size)),
            ("modified", .number(stat.modified.seconds)),
            ("qid", .text(qid)),
        ]
        if let target {
            let (key, value) = JSON.name(target)
            members.append((key == "name" ? "target" : "target-hex", value))
        }
        return .object(members)
    }

    /// The two numbers of a device.
    var device: (major: UInt32, minor: UInt32) { DeviceNumber.split(stat.device) }

    /// Type, path and version of the qid, in hexadecimal.
    var qid: String {
        let path = String(stat.qid.path, radix: 16)
        return "\(String(stat.qid.type.rawValue, radix: 16)) \(path) \(stat.qid.version)"
    }

    /// Ten letters, as ls(1) has them.
    var mode: String {
        var letters = [Self.letter(stat.mode.type)]
        let bits = stat.mode.permissions
        for (shift, set, letter) in [
            (6, Mode.setUser, "s"), (3, Mode.setGroup, "s"), (0, 0o1000, "t"),
        ]
            as [(UInt32, UInt32, String)]
        {
            let three = bits >> shift
            letters.append(three & 4 != 0 ? "r" : "-")
            letters.append(three & 2 != 0 ? "w" : "-")
            switch (bits & set != 0, three & 1 != 0) {
            case (false, let runs): letters.append(runs ? "x" : "-")
            case (true, let runs): letters.append(runs ? letter : letter.uppercased())
            }
        }
        return letters.joined()
    }

    private static func letter(_ type: FileType) -> String {
        switch type {
        case .regular: "-"
        case .directory: "d"
        case .symlink: "l"
        case .characterDevice: "c"
        case .blockDevice: "b"
        case .fifo: "p"
        case .socket: "s"
        }
    }

    /// Local time to the minute.
    static func time(_ time: Timestamp) -> String {
        var seconds = time_t(time.seconds)
        var parts = tm()
        guard localtime_r(&seconds, &parts) != nil else { return "\(time.seconds)" }
        let fields = [parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min].map {
            $0 < 10 ? "0\($0)" : "\($0)"
        }
        return "\(Int(parts.tm_year) + 1900)-\(fields[0])-\(fields[1]) \(fields[2]):\(fields[3])"
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.utf8.count)) + text
    }
}
