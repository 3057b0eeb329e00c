public import FileTree

/// A tree as text, one line a file, in the order in which directories sort by name.
///
///     d 755 0 0 100 /            type, permissions, uid, gid, modified, path
///     f 644 0 0 100 a/b =hello   a file's bytes follow when they are few
///     f 644 0 0 100 big #300000:9ae16a3b2f90404f     else their count and a sum
///     l 777 0 0 100 a/c >b       a link's target
///     c 600 0 0 100 null 1:3     a device's numbers
///     h a/d a/b                  another name for a file listed before
///
/// In paths, contents and targets bytes up to 0x20, `%` and from 0x7f on are %XX.
public struct TreeText: Sendable {
    /// What is shown and checked; the rest is left out for clients whose dialect has it not.
    public struct Fields: OptionSet, Sendable {
        /// The bits.
        public let rawValue: UInt8
        /// Makes a set of its bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// Owner and group.
        public static let owners = Fields(rawValue: 1)
        /// When the contents were changed last, in seconds, of all but directories.
        public static let times = Fields(rawValue: 2)
        /// Names of the same file are shown as such.
        public static let links = Fields(rawValue: 4)
        /// Permissions.
        public static let modes = Fields(rawValue: 8)
        /// A listing goes on from any entry; plain 9P2000 and 9P2000.u take up the last one alone.
        public static let positions = Fields(rawValue: 16)
        /// Everything.
        public static let all: Fields = [.owners, .times, .links, .modes, .positions]
    }

    private let fields: Fields
    private var lines: [String] = []
    private var seen: [UInt64: String] = [:]

    /// The text of everything below `root`, the root included.
    public static func describe(
        _ root: any Directory,
        _ fields: Fields = .all
    ) throws(FileError) -> String {
        var text = TreeText(fields: fields)
        try text.add(root, path: "/")
        return text.lines.joined(separator: "\n") + "\n"
    }

    private init(fields: Fields) { self.fields = fields }

    private mutating func add(_ node: any Node, path: String) throws(FileError) {
        let stat: Stat
        do { stat = try node.stat() } catch { throw error.at(path) }
        if stat.mode.type != .directory, fields.contains(.links), stat.links > 1 {
            if let first = seen[stat.qid.path] {
                lines.append("h \(path) \(first)")
                return
            }
            seen[stat.qid.path] = path
        }
        var words = [Self.letter(stat.mode.type)]
        if fields.contains(.modes) { words.append(String(stat.mode.permissions, radix: 8)) }
        if fields.contains(.owners) { words += ["\(stat.uid)", "\(stat.gid)"] }
        if fields.contains(.times) {
            words.append(stat.mode.type == .directory ? "-" : "\(stat.modified.seconds)")
        }
        words.append(path)
        do { words += try Self.contents(node, stat) } catch { throw error.at(path) }
        lines.append(words.joined(separator: " "))
        guard let directory = node.directory else { return }
        for name in try Self.names(directory) {
            let child: any Node
            do { child = try directory.lookup(name.span.bytes) } catch { throw error.at(path) }
            try add(child, path: (path == "/" ? "" : path + "/") + Self.escape(name))
        }
    }

    private static func contents(_ node: any Node, _ stat: Stat) throws(FileError) -> [String] {
        if let file = node.file {
            let bytes = try Self.bytes(file)
            return [
                bytes.count <= 64
                    ? "=" + escape(bytes) : "#\(bytes.count):\(String(sum(bytes), radix: 16))"
            ]
        }
        if let link = node.link { return [">" + escape(try link.target())] }
        switch stat.mode.type {
        case .characterDevice, .blockDevice: return ["\(stat.device >> 8):\(stat.device & 0xff)"]
        default: return []
        }
    }

    /// All names of a directory, sorted by their bytes.
    public static func names(_ directory: any Directory) throws(FileError) -> [[UInt8]] {
        try directory.names().sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// All bytes of a file, read piece by piece.
    public static func bytes(_ file: any File, piece: Int = 1 << 16) throws(FileError) -> [UInt8] {
        let open = try file.open(.read)
        var bytes: [UInt8] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: piece, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let offset = UInt64(bytes.count)
            try open.prepare(at: offset, count: piece, until: Cancellation())
            let count = try open.read(into: buffer, at: offset)
            if count == 0 { return bytes }
            bytes += buffer[..<count]
        }
    }

    /// A sum that tells contents apart (FNV-1a, 64 bits).
    public static func sum(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    /// Bytes as printable text without blanks.
    public static func escape(_ bytes: [UInt8]) -> String {
        bytes.map { byte in
            if byte > 0x20, byte < 0x7f, byte != UInt8(ascii: "%") {
                return String(UnicodeScalar(byte))
            }
            return "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }

    private static func letter(_ type: FileType) -> String {
        switch type {
        case .regular: "f"
        case .directory: "d"
        case .symlink: "l"
        case .characterDevice: "c"
        case .blockDevice: "b"
        case .fifo: "p"
        case .socket: "s"
        }
    }
}
