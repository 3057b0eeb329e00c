import Archive
import FileTree
import TreeConformance

@testable import UnionTree

extension UnionTree {
    /// The whole tree as text.
    func text(_ fields: TreeText.Fields = .modes) throws -> String {
        try TreeText.describe(root, fields)
    }

    /// What an attach with options shows, as text.
    func text(_ options: ViewOptions, _ fields: TreeText.Fields = .modes) throws -> String {
        let user = User(uid: 1000, gid: 1000, name: "u", isOwner: false)
        return try TreeText.describe(attach(as: user, options).root, fields)
    }

    /// The node at a path.
    func node(_ path: String) throws -> any Node {
        var node: any Node = root
        for name in path.split(separator: "/") {
            guard let directory = node.directory else { throw FileError(.notDirectory) }
            node = try directory.lookup(Array(name.utf8).span.bytes)
        }
        return node
    }

    /// The qid at a path.
    func qid(_ path: String) throws -> Qid { try node(path).qid }

    /// The attributes at a path.
    func stat(_ path: String) throws -> Stat { try node(path).stat() }
}

extension UnionPath {
    /// The path of a text in a test.
    static func of(_ text: String) -> UnionPath {
        do { return try UnionPath(Array(text.utf8)) } catch { return UnionPath() }
    }
}

extension Table {
    /// What a cache has of it: the sum is of that alone.
    var kept: [UInt8] {
        let bytes = storage.bytes
        return TableFile.start(bytes) + bytes[TableLayout.summedFrom...]
    }
}
