public import FileTree

/// Checks that a tree can be changed as `Directory`, `File` and `OpenFile` promise.
///
/// Everything happens in one empty directory, which is empty again afterwards. The rules are
/// POSIX's where a promise leaves them open; errors are compared by number, since that is all
/// that 9P2000.L sends.
public final class WritableCheck {
    let place: any Directory
    let attributes = NewNode(permissions: 0o644, uid: 0, gid: 0)
    let user = User.superuser
    let givesAway: Bool
    /// What of a time that is set reaches the tree.
    let hasNanoseconds: Bool
    /// What was found wrong, a line each; empty when the tree conforms.
    public private(set) var failures: [String] = []
    /// How many promises were looked at.
    public private(set) var checks = 0

    /// Checks the tree that `place`, an empty directory, is in.
    ///
    /// - Parameters:
    ///   - place: the directory.
    ///   - givesAway: whether files can be given to others; a tree where they cannot lets nobody
    ///     run them as another either, makes no devices, and knows a file by its name alone.
    ///   - hasNanoseconds: whether times that are set are not cut to seconds on the way.
    public init(_ place: any Directory, givesAway: Bool = true, hasNanoseconds: Bool = true) {
        self.place = place
        self.givesAway = givesAway
        self.hasNanoseconds = hasNanoseconds
        let cases: [(String, (WritableCheck) throws(FileError) -> Void)] = [
            ("create", { (check) throws(FileError) in try check.create() }),
            ("write", { (check) throws(FileError) in try check.write() }),
            ("truncate", { (check) throws(FileError) in try check.truncate() }),
            ("append", { (check) throws(FileError) in try check.append() }),
            ("remove", { (check) throws(FileError) in try check.remove() }),
            ("rename", { (check) throws(FileError) in try check.rename() }),
            ("links", { (check) throws(FileError) in try check.links() }),
            ("attributes", { (check) throws(FileError) in try check.changes() }),
            ("many", { (check) throws(FileError) in try check.many() }),
            ("sparse", { (check) throws(FileError) in try check.sparse() }),
            ("unnamed", { (check) throws(FileError) in try check.unnamed() }),
            ("replace", { (check) throws(FileError) in try check.replace() }),
            ("group", { (check) throws(FileError) in try check.group() }),
            ("devices", { (check) throws(FileError) in try check.devices() }),
            ("owners", { (check) throws(FileError) in try check.owners() }),
            ("extended", { (check) throws(FileError) in try check.extended() }),
            ("times", { (check) throws(FileError) in try check.times() }),
            ("given times", { (check) throws(FileError) in try check.givenTimes() }),
            ("listing", { (check) throws(FileError) in try check.listing() }),
        ]
        for (name, body) in cases {
            do throws(FileError) {
                try body(self)
                try clean(place)
            } catch {
                failures.append("\(name): \(error)")
            }
        }
    }

    func expect(_ condition: Bool, _ what: String) {
        checks += 1
        if !condition { failures.append(what) }
    }

    func expect(
        _ kind: FileError.Kind,
        _ what: String,
        _ body: () throws(FileError) -> Void
    ) {
        checks += 1
        do throws(FileError) {
            try body()
            failures.append("\(what): no error, \(kind) expected")
        } catch {
            if error.kind.number != kind.number {
                failures.append("\(what): \(error), not \(kind)")
            }
        }
    }

    // MARK: - The cases

    private func create() throws(FileError) {
        let name = bytes("f")
        let file = try place.createFile(name.span.bytes, attributes)
        expect(try file.stat().size == 0, "a new file is not empty")
        expect(try file.stat().mode.permissions == 0o644, "a new file has another mode")
        expect(try look("f").qid.path == file.qid.path, "a new file is found as another")
        expect(.exists, "a name made twice") { () throws(FileError) in
            _ = try place.createFile(name.span.bytes, attributes)
        }
        expect(.exists, "a directory under a file's name") { () throws(FileError) in
            _ = try place.createDirectory(name.span.bytes, attributes)
        }
        let directory = try make("d")
        let inner = try directory.createFile(name.span.bytes, attributes)
        expect(inner.qid.path != file.qid.path, "two files with one qid")
        let again = try remade(name)
        expect(again != file.qid.path, "a qid used again for another file")
    }

    /// The qid's path of a file made anew under a name.
    private func remade(_ name: [UInt8]) throws(FileError) -> UInt64 {
        try place.remove(name.span.bytes, expected: .file)
        return try place.createFile(name.span.bytes, attributes).qid.path
    }

    private func write() throws(FileError) {
        let file = try make("f", "hello")
        let before = try file.stat().qid
        let open = try file.open([.read, .write])
        try open.write(bytes("J").span.bytes, at: 0)
        expect(try text(file) == "Jello", "a write in place")
        try open.write(bytes("!").span.bytes, at: 7)
        expect(try text(file) == "Jello\0\0!", "a write behind the end")
        expect(try file.stat().size == 8, "the size after a write")
        expect(try file.stat().qid.version != before.version, "a write that leaves the version")
        expect(try file.stat().qid.path == before.path, "a write that changes the qid's path")
        let long = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        try open.write(long.span.bytes, at: 3)
        expect(try TreeText.bytes(file) == bytes("Jel") + long, "a long write")
    }

    private func truncate() throws(FileError) {
        let file = try make("f", "hello")
        var change = StatChange()
        change.size = 2
        try file.change(change, by: user)
        expect(try text(file) == "he", "a file cut short")
        change.size = 4
        try file.change(change, by: user)
        expect(try text(file) == "he\0\0", "a file made longer")
        let open = try file.open([.write, .truncate])
        expect(try text(file) == "", "a file opened to be empty")
        try open.write(bytes("x").span.bytes, at: 0)
        expect(try text(file) == "x", "a write after that")
    }

    private func append() throws(FileError) {
        let file = try make("f", "one")
        let open = try file.open([.write, .append])
        try open.write(bytes("two").span.bytes, at: 3)
        expect(try text(file) == "onetwo", "an appended write")
    }

    private func remove() throws(FileError) {
        let file = try make("f", "text")
        let open = try file.open(.read)
        expect(.notDirectory, "a file removed as a directory") { () throws(FileError) in
            try place.remove(bytes("f").span.bytes, expected: .directory)
        }
        try place.remove(bytes("f").span.bytes, expected: .file)
        expect(.notFound, "a removed name") { () throws(FileError) in _ = try look("f") }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 8, alignment: 1)
        defer { buffer.deallocate() }
        expect(try open.read(into: buffer, at: 0) == 4, "a removed file that is open")
        let directory = try make("d")
        _ = try directory.createFile(bytes("f").span.bytes, attributes)
        expect(.notEmpty, "a full directory removed") { () throws(FileError) in
            try place.remove(bytes("d").span.bytes, expected: .directory)
        }
        expect(.isDirectory, "a directory removed as a file") { () throws(FileError) in
            try place.remove(bytes("d").span.bytes, expected: .file)
        }
        expect(.notFound, "a missing name removed") { () throws(FileError) in
            try place.remove(bytes("none").span.bytes, expected: .file)
        }
    }

    private func rename() throws(FileError) {
        let file = try make("a", "a")
        let directory = try make("d")
        try move("a", to: place, "b")
        expect(try look("b").qid.path == file.qid.path, "a rename that changes the qid")
        _ = try make("c", "c")
        try move("b", to: place, "c")
        expect(try text(look("c")) == "a", "a rename that replaces")
        try move("c", to: directory, "e")
        expect(.notFound, "a name moved away") { () throws(FileError) in _ = try look("c") }
        let moved = try directory.lookup(bytes("e").span.bytes)
        expect(moved.qid.path == file.qid.path, "a move into a directory")
        let inner = try directory.createDirectory(bytes("i").span.bytes, attributes)
        expect(.invalid, "a directory moved into itself") { () throws(FileError) in
            try move("d", to: inner, "d")
        }
        _ = try make("f", "f")
        expect(.notDirectory, "a directory over a file") { () throws(FileError) in
            try move("d", to: place, "f")
        }
        expect(.isDirectory, "a file over a directory") { () throws(FileError) in
            try move("f", to: place, "d")
        }
        _ = try make("g")
        try move("d", to: place, "g")
        expect(try look("g").directory != nil, "a directory over an empty one")
    }

    private func links() throws(FileError) {
        let file = try make("f", "text")
        try place.addName(bytes("h").span.bytes, for: file)
        let other = try look("h")
        expect(other.qid.path == file.qid.path, "a second name has another qid")
        expect(try other.stat().links == 2, "two names are not counted")
        try other.file?.open(.write).write(bytes("T").span.bytes, at: 0)
        expect(try text(file) == "Text", "a write by the second name")
        try place.remove(bytes("f").span.bytes, expected: .file)
        expect(try look("h").stat().links == 1, "one name is left")
        let link = try place.createLink(
            bytes("l").span.bytes,
            to: bytes("../some where").span.bytes,
            attributes
        )
        expect(try link.link?.target() == bytes("../some where"), "a link's target")
        expect(try look("l").stat().mode.type == .symlink, "a link's type")
    }

    private func changes() throws(FileError) {
        let file = try make("f", "text")
        var change = StatChange()
        let permissions: UInt32 = givesAway ? 0o2751 : 0o751
        if !givesAway {
            let now = try file.stat()
            change.uid = now.uid
            change.gid = now.gid + 1
            expect(.notPermitted, "a file given away") { () throws(FileError) in
                try file.change(change, by: user)
            }
            change.gid = now.gid
            change.permissions = 0o4751
            expect(.notPermitted, "a file that runs as its owner") { () throws(FileError) in
                try file.change(change, by: user)
            }
        } else {
            change.uid = 12
            change.gid = 34
        }
        change.permissions = permissions
        change.modified = .at(Timestamp(seconds: 1_000_000_000, nanoseconds: 5))
        try file.change(change, by: user)
        let stat = try look("f").stat()
        expect(stat.mode.permissions == permissions, "permissions that were set")
        expect(stat.uid == change.uid && stat.gid == change.gid, "owners that were set")
        expect(stat.modified.seconds == 1_000_000_000, "a time that was set")
        expect(try text(file) == "text", "contents after a change of attributes")
        let name = bytes("user.pak")
        try file.setAttribute(name.span.bytes, to: [1, 2, 3])
        expect(try file.attribute(name.span.bytes) == [1, 2, 3], "an extended attribute")
        expect(try file.attributeNames() == name + [0], "the names of extended attributes")
        try file.setAttribute(name.span.bytes, to: nil)
        expect(.noAttribute, "an attribute that was removed") { () throws(FileError) in
            _ = try file.attribute(name.span.bytes)
        }
    }

    private func many() throws(FileError) {
        for number in 0..<300 { _ = try make("file-\(number)", "") }
        let names = try TreeText.names(place)
        expect(names.count == 300 && Set(names).count == 300, "300 names are not listed as 300")
        let longest = [UInt8](repeating: UInt8(ascii: "n"), count: FileName.limit)
        _ = try place.createFile(longest.span.bytes, attributes)
        expect(try place.lookup(longest.span.bytes).stat().size == 0, "a name of 255 bytes")
    }

    // MARK: - Shorthands

    func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    func look(_ name: String) throws(FileError) -> any Node {
        try place.lookup(bytes(name).span.bytes)
    }

    func make(_ name: String, _ contents: String) throws(FileError) -> any File {
        let file = try place.createFile(bytes(name).span.bytes, attributes)
        if !contents.isEmpty { try file.open(.write).write(bytes(contents).span.bytes, at: 0) }
        return file
    }

    func make(_ name: String) throws(FileError) -> any Directory {
        try place.createDirectory(
            bytes(name).span.bytes,
            NewNode(permissions: 0o755, uid: 0, gid: 0)
        )
    }

    func move(
        _ name: String,
        to target: any Directory,
        _ newName: String
    ) throws(FileError) {
        try place.rename(
            bytes(name).span.bytes,
            to: target,
            bytes(newName).span.bytes,
            replacing: true
        )
    }

    func text(_ node: any Node) throws(FileError) -> String {
        guard let file = node.file else { throw FileError(.isDirectory) }
        return String(decoding: try TreeText.bytes(file), as: UTF8.self)
    }

    func clean(_ directory: any Directory) throws(FileError) {
        for name in try TreeText.names(directory) {
            if let inner = try directory.lookup(name.span.bytes).directory { try clean(inner) }
            try directory.remove(name.span.bytes, expected: .any)
        }
    }
}
