import Archive
import FileTree
import TreeConformance
import UnionTree

/// Packages held in memory, made of lines of text.
///
///     d 755 a            a directory: type, permissions, path
///     f 644 a/b =x       a file and its bytes
///     l 777 a/c >b       a link and its target
///     c 600 null 1:3     a device and its numbers
///     h a/d a/b          another name of a file above
///     x user.k =v        an extended attribute of the line above
///     hole a/e           and opaque a/f: what is hidden in others
struct SamplePackage {
    private var builder = IndexBuilder()
    private var archive = IndexBuilder.Archive()
    private var member: Member?
    private var files: [[UInt8]: [UInt8]] = [:]
    private let uid: UInt32
    private let modified: Int64

    /// Makes a package of its lines, with more lines of its manifest.
    static func make(
        _ name: String,
        _ text: String,
        manifest: [(String, String)] = [],
        uid: UInt32 = 0,
        modified: Int64 = 100
    ) throws -> Package {
        var sample = SamplePackage(uid: uid, modified: modified)
        for line in text.split(separator: "\n") {
            try sample.add(line.split(separator: " ").map(String.init))
        }
        try sample.flush()
        let index = try Index(sample.builder.build(sample.archive))
        var bytes: [UInt32: [UInt8]] = [:]
        for (path, contents) in sample.files {
            if let entry = index.entry(atPath: path) {
                bytes[index.inodeNumber(entry)] = contents
            }
        }
        var lines = Manifest()
        lines.add("name", name)
        for (key, value) in manifest { lines.add(key, value) }
        return Package(
            index: index,
            id: SHA256.hash(Array("\(name)\n\(text)\(uid)".utf8)),
            manifest: lines,
            name: name,
            path: "\(name).sample",
            contents: SampleContents(bytes)
        )
    }

    private init(uid: UInt32, modified: Int64) {
        self.uid = uid
        self.modified = modified
    }

    private mutating func flush() throws {
        if let member { try builder.add(member) }
        member = nil
    }

    private mutating func add(_ words: [String]) throws {
        if words[0] == "x" {
            let value = Array(words[2].utf8.dropFirst())
            let attribute = ExtendedAttribute(name: Array(words[1].utf8), value: value)
            member?.attributes.append(attribute)
            return
        }
        try flush()
        switch words[0] {
        case "hole": archive.holes.append(MemoryTree.unescape(words[1]))
        case "opaque": archive.opaques.append(MemoryTree.unescape(words[1]))
        case "h":
            let path = MemoryTree.unescape(words[1])
            var next = Member(path: path, type: .regular, permissions: 0o644)
            next.hardLink = MemoryTree.unescape(words[2])
            member = next
        default: member = describe(words)
        }
    }

    private mutating func describe(_ words: [String]) -> Member {
        let types: [String: FileType] = [
            "f": .regular, "d": .directory, "l": .symlink, "c": .characterDevice,
        ]
        let value = words.count > 3 ? words[3] : "="
        var next = Member(
            path: words[2] == "/" ? [] : MemoryTree.unescape(words[2]),
            type: types[words[0]] ?? .regular,
            permissions: UInt32(words[1], radix: 8) ?? 0
        )
        next.modified = Timestamp(seconds: modified)
        next.uid = uid
        if uid > 0 { next.userName = Array("u\(uid)".utf8) }
        let bytes = MemoryTree.unescape(String(value.dropFirst()))
        switch next.type {
        case .regular:
            files[next.path] = bytes
            next.size = UInt64(bytes.count)
        case .symlink: next.linkTarget = bytes
        case .characterDevice:
            let numbers = value.split(separator: ":").compactMap { UInt64($0) }
            next.device = numbers[0] << 8 | numbers[1]
        default: break
        }
        return next
    }
}

/// The bytes of a sample package's files.
private final class SampleContents: PackageContents {
    private let bytes: [UInt32: [UInt8]]

    init(_ bytes: [UInt32: [UInt8]]) { self.bytes = bytes }

    func open(_ inode: Inode, of package: Package) throws(FileError) -> any OpenFile {
        HeldBytes(bytes[inode.number] ?? [])
    }
}
