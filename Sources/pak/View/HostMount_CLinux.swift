import CLinux
import FileTree
import Glibc
import Terminal

/// A mount of this process, as /proc/self/mountinfo has it.
struct HostMount {
    var path: PathBytes
    var type: String
    var source: String
    /// Its number, and that of the mount it is on.
    private var number: Int
    private var below: Int

    /// Whether a path is in an overlay of the kernel's.
    static func isOverlay(_ path: PathBytes) -> Bool {
        // Without the table it is not known.
        let over = (try? all())?.filter { mount in
            mount.path == path || mount.path == "/" || path.hasPrefix(mount.path + "/")
        }
        return over?.reversed().max { $0.path.bytes.count < $1.path.bytes.count }?.type == "overlay"
    }

    /// All mounts, or those of some types alone, in the order in which they were made.
    static func all(of types: [String] = []) throws(FileError) -> [HostMount] {
        // The table may be longer than a file of ours ever is.
        guard let file = fopen("/proc/self/mountinfo", "r") else {
            throw FileError(FileError.Kind(number: errno), "/proc/self/mountinfo")
        }
        defer { fclose(file) }
        var line: UnsafeMutablePointer<CChar>?
        var size = 0
        defer { free(line) }
        var mounts: [HostMount] = []
        while getline(&line, &size, file) > 0 {
            guard let line else { break }
            // Most are none of these: they are not read any further.
            let isWanted = types.isEmpty || types.contains { strstr(line, $0) != nil }
            guard isWanted else { continue }
            let bytes = UnsafeRawBufferPointer(start: line, count: strlen(line))
            if let mount = HostMount(line: bytes) { mounts.append(mount) }
        }
        return mounts
    }

    /// The same without those that no path leads to, since another is mounted above them.
    static func reachable() throws(FileError) -> [HostMount] {
        let all = try all()
        let byNumber = Dictionary(all.map { ($0.number, $0) }) { $1 }
        let places = Dictionary(grouping: all, by: \.below).mapValues { Set($0.map(\.path)) }
        return all.filter { mount in
            var mount = mount
            // Nothing is on itself; still the table is another's.
            for _ in 0..<all.count {
                let others = places[mount.below] ?? []
                if others.count > 1, mount.isBelow(others) { return false }
                guard let next = byNumber[mount.below] else { break }
                mount = next
            }
            return true
        }
    }

    private func isBelow(_ places: Set<PathBytes>) -> Bool {
        let bytes = path.bytes
        let slash = UInt8(ascii: "/")
        // What is mounted at the root itself hides nothing: no path that begins there leads to it.
        return bytes.indices.dropFirst().contains { end in
            bytes[end] == slash && places.contains(PathBytes(bytes[..<end]))
        }
    }

    /// Reads a line; see proc_pid_mountinfo(5).
    init?(line: UnsafeRawBufferPointer) {
        let words = line.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
        guard let dash = words.firstIndex(where: { $0.elementsEqual("-".utf8) }), dash > 4,
            words.count > dash + 2,
            let number = Int(String(decoding: words[0], as: UTF8.self)),
            let below = Int(String(decoding: words[1], as: UTF8.self))
        else { return nil }
        self.number = number
        self.below = below
        path = Self.unescape(words[4])
        type = String(decoding: words[dash + 1], as: UTF8.self)
        source = Self.unescape(words[dash + 2]).description
    }

    /// The text in which `\ooo` is a byte.
    private static func unescape(_ text: Slice<UnsafeRawBufferPointer>) -> PathBytes {
        guard text.contains(UInt8(ascii: "\\")) else { return PathBytes(text) }
        var bytes: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            guard byte == UInt8(ascii: "\\"), digits.count == 3,
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            else {
                bytes.append(byte)
                continue
            }
            bytes.append(value)
            rest = rest.dropFirst(3)
        }
        return PathBytes(bytes)
    }
}
