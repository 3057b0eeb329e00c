import FileTree
import TreeConformance

@testable import CaptureTree

/// A build, told in the words of a shell, a line each.
///
///     put a/b text         the file's bytes, the file made where there is none
///     new a/b text         likewise, by another file that takes the name
///     mkdir a  rm a  mv a b  ln a b  symlink text a  fifo a  socket a  null a
///     chmod 600 a  chown 5:6 a  touch 100 a  xattr user.k value a  cut 5 a
///     zeros 70000 a        zeros behind what the file has
struct Script {
    let tree: CaptureTree
    private let user = User(uid: 1000, gid: 1000, name: "builder", isOwner: true)
    private let new: NewNode

    init(_ tree: CaptureTree, uid: UInt32 = 1000, gid: UInt32 = 1000) {
        self.tree = tree
        new = NewNode(permissions: 0o644, uid: uid, gid: gid)
    }

    func run(_ text: String) throws {
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            do { try step(words) } catch let error as FileError { throw error.at("\(line)") }
        }
    }

    private func step(_ words: [String]) throws {
        let last = words[words.count - 1]
        switch words[0] {
        case "put": try put(words.count > 2 ? words[2] : "", words[1])
        case "new":
            try put(words.count > 2 ? words[2] : "", words[1] + ".tmp")
            try move(words[1] + ".tmp", words[1])
        case "mkdir":
            let (parent, name) = try place(last)
            _ = try parent.createDirectory(name.span.bytes, directory)
        case "rm":
            let (parent, name) = try place(last)
            try parent.remove(name.span.bytes, expected: .any)
        case "mv": try move(words[1], words[2])
        case "ln":
            let (parent, name) = try place(last)
            try parent.addName(name.span.bytes, for: tree.root.node(words[1]))
        case "symlink":
            let target = Array(words[1].utf8)
            let (parent, name) = try place(last)
            _ = try parent.createLink(name.span.bytes, to: target.span.bytes, new)
        case "fifo": try special(.fifo, 0, last)
        case "socket": try special(.socket, 0, last)
        case "null": try special(.characterDevice, 1 << 8 | 3, last)
        case "chmod": try change(last) { $0.permissions = UInt32(words[1], radix: 8) }
        case "chown":
            let ids = words[1].split(separator: ":").map { UInt32($0) }
            try change(last) { ($0.uid, $0.gid) = (ids[0], ids[1]) }
        case "touch":
            try change(last) { $0.modified = .at(Timestamp(seconds: Int64(words[1]) ?? 0)) }
        case "cut": try change(last) { $0.size = UInt64(words[1]) }
        case "xattr":
            let value = words.count > 3 ? Array(words[2].utf8) : nil
            let name = Array(words[1].utf8)
            try tree.root.node(last).setAttribute(name.span.bytes, to: value)
        case "zeros":
            let size = try tree.root.node(last).stat().size
            let zeros = [UInt8](repeating: 0, count: Int(words[1]) ?? 0)
            try tree.root.node(last).file?.open(.write).write(zeros.span.bytes, at: size)
        default: throw FileError(.invalid)
        }
    }

    private var directory: NewNode {
        NewNode(permissions: 0o755, uid: new.uid, gid: new.gid)
    }

    private func put(_ text: String, _ path: String) throws {
        let (parent, name) = try place(path)
        let there = try? parent.lookup(name.span.bytes).file
        let file = try there ?? parent.createFile(name.span.bytes, new)
        let bytes = Array(text.utf8)
        try file.open([.write, .truncate]).write(bytes.span.bytes, at: 0)
    }

    private func special(_ type: FileType, _ device: UInt64, _ path: String) throws {
        let (parent, name) = try place(path)
        _ = try parent.createNode(name.span.bytes, type: type, device: device, new)
    }

    private func change(_ path: String, _ set: (inout StatChange) -> Void) throws {
        var change = StatChange()
        set(&change)
        try tree.root.node(path).change(change, by: user)
    }

    private func move(_ path: String, _ new: String) throws {
        let (parent, name) = try place(path)
        let (target, newName) = try place(new)
        try parent.rename(name.span.bytes, to: target, newName.span.bytes, replacing: true)
    }

    private func place(_ path: String) throws -> (any Directory, [UInt8]) {
        let names = path.split(separator: "/").map(String.init)
        let folder = try tree.root.node(names.dropLast().joined(separator: "/"))
        guard let directory = folder.directory, let name = names.last else {
            throw FileError(.notDirectory)
        }
        return (directory, Array(name.utf8))
    }
}
