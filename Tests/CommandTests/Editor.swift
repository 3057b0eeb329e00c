import FileTree
import NineP
import NinePClient

/// A client that changes what a server serves, by paths.
struct Editor {
    private let root: Fid

    /// Attaches to a tree of the server at an address.
    init(
        _ address: String,
        _ aname: String = "",
        user: UInt32? = nil,
        _ dialect: Dialect = .linux
    ) throws {
        root = try Client(dial: address, wish: dialect).attach(user: user, to: aname)
    }

    private init(_ root: Fid) { self.root = root }

    /// Attaches to another tree in the same conversation.
    func other(_ aname: String) throws -> Editor { try Editor(root.client.attach(to: aname)) }

    /// Makes a file, or writes over one, from `offset`.
    func write(_ path: String, _ text: String, at offset: UInt64 = 0) throws {
        try write(path, Array(text.utf8), at: offset)
    }

    func write(_ path: String, _ bytes: [UInt8], at offset: UInt64 = 0) throws {
        let file = try opened(path)
        try file.write(bytes, at: offset)
    }

    private func opened(_ path: String) throws -> Fid {
        do throws(FileError) {
            let file = try root.walk(path)
            try file.open(.write)
            return file
        } catch {
            guard error.kind == .notFound else { throw error }
        }
        let (directory, name) = try place(path)
        try directory.create(name, permissions: 0o644, .write)
        return directory
    }

    func makeDirectory(_ path: String) throws {
        let (directory, name) = try place(path)
        try directory.makeDirectory(name, permissions: 0o755)
    }

    /// Makes a directory in the root, under a name that may be no text.
    func makeDirectory(named name: [UInt8]) throws {
        try root.walk([]).makeDirectory(name, permissions: 0o755)
    }

    func link(_ path: String, to target: String) throws {
        let (directory, name) = try place(path)
        try directory.makeLink(name, to: Array(target.utf8))
    }

    func addName(_ path: String, for other: String) throws {
        let (directory, name) = try place(path)
        try directory.addName(name, for: root.walk(other))
    }

    func remove(_ path: String, isDirectory: Bool = false) throws {
        let (directory, name) = try place(path)
        try directory.remove(name, isDirectory: isDirectory)
    }

    func rename(_ path: String, _ newPath: String, replacing: Bool = true) throws {
        let (from, name) = try place(path)
        let (to, newName) = try place(newPath)
        try from.rename(name, to: to, newName, replacing: replacing)
    }

    func change(_ path: String, _ set: (inout StatChange) -> Void) throws {
        var change = StatChange()
        set(&change)
        try root.walk(path).change(change)
    }

    func read(_ path: String) throws -> String {
        let file = try root.walk(path)
        try file.open()
        return String(decoding: try file.readAll(), as: UTF8.self)
    }

    /// A file, open to be read.
    func open(_ path: String) throws -> Fid {
        let file = try walk(path)
        try file.open()
        return file
    }

    func walk(_ path: String) throws -> Fid { try root.walk(path) }

    private func place(_ path: String) throws -> (Fid, [UInt8]) {
        let names = path.split(separator: "/").map { Array($0.utf8) }
        guard let name = names.last else { throw FileError(.illegalName) }
        return (try root.walk(Array(names.dropLast())), name)
    }
}
