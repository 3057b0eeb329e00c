import CLinux
import FileTree
import Glibc
import ScratchFolder
import SystemPackage
import Testing
import TreeConformance

private let attributes = NewNode(permissions: 0o644, uid: 0, gid: 0)

@Suite struct HostTreeTests {
    /// A folder of its own.
    struct Folder {
        private let folder: ScratchFolder
        var path: String { folder.path }

        init() throws { folder = try ScratchFolder() }

        func write(_ name: String, _ text: String) {
            let descriptor = open("\(path)/\(name)", O_CREAT | O_TRUNC | O_WRONLY, 0o644)
            _ = text.withCString { Glibc.write(descriptor, $0, strlen($0)) }
            close(descriptor)
        }
    }

    private func lookup(_ directory: any Directory, _ name: String) throws -> any Node {
        try directory.lookup(name.utf8Bytes.span.bytes)
    }

    @Test func holesAreTheHosts() throws {
        let folder = try Folder()
        folder.write("f", "begin")
        try #require(truncate("\(folder.path)/f", 1 << 20) == 0)
        let host = try HostTree(FilePath(folder.path))
        let file = try #require(try lookup(host.root, "f").file).open(.read)
        let first = try #require(try file.stretch(at: 1))
        #expect(!first.isHole && first.end >= 5)
        // Some file systems have none.
        guard first.end < 1 << 20 else { return }
        #expect(try file.stretch(at: first.end) == Stretch(isHole: true, end: .max))
    }

    @Test func readsAsTheFilesLie() throws {
        let folder = try Folder()
        mkdir("\(folder.path)/d", 0o750)
        folder.write("d/a", "hello")
        folder.write("empty", "")
        link("\(folder.path)/d/a", "\(folder.path)/b")
        symlink("../empty", "\(folder.path)/d/l")
        mkfifo("\(folder.path)/pipe", 0o600)
        let host = try HostTree(FilePath(folder.path))
        let memory = try MemoryTree.make(
            """
            f 644 0 0 1 b =hello
            d 750 0 0 1 d
            h d/a b
            l 777 0 0 1 d/l >../empty
            f 644 0 0 1 empty
            p 600 0 0 1 pipe
            d 700 0 0 1 /
            """
        )
        let check = ReadableCheck(host.root, against: memory.root, [.modes, .links, .positions])
        #expect(check.failures == [])
        #expect(try host.statfs().blocks > 0)
    }

    @Test func aFileThatIsMadeStaysOpenForNobodyButWhoHasOpenedIt() throws {
        let folder = try Folder()
        let root = try HostTree(FilePath(folder.path), isWritable: true).root
        let made = try root.createFile("made".utf8Bytes.span.bytes, attributes)
        /// How many descriptors of this process the file is open by.
        func open() throws -> Int {
            try HostFolder.names(in: "/proc/self/fd").count { number in
                guard let path = realpath("/proc/self/fd/\(number)", nil) else { return false }
                defer { free(path) }
                return String(cString: path) == "\(folder.path)/made"
            }
        }
        #expect(try open() == 1)
        do {
            let handle = try made.open([.read, .write])
            try handle.write("made".utf8Bytes.span.bytes, at: 0)
            var change = StatChange()
            change.size = 2
            try made.change(change, by: .superuser)
            #expect(try open() == 1)
            withExtendedLifetime(handle) {}
        }
        #expect(try open() == 0)
        #expect(try made.stat().size == 2)
    }

    @Test func aLinkIsShownAndNeverFollowed() throws {
        let folder = try Folder()
        symlink("/etc", "\(folder.path)/out")
        let root = try HostTree(FilePath(folder.path)).root
        let node = try lookup(root, "out")
        #expect(node.directory == nil)
        #expect(try node.link?.target() == "/etc".utf8Bytes)
    }

    @Test func anotherFileUnderTheNameIsNotTakenForTheFirst() throws {
        let folder = try Folder()
        folder.write("a", "old")
        let node = try lookup(try HostTree(FilePath(folder.path)).root, "a")
        folder.write("new", "new")
        rename("\(folder.path)/new", "\(folder.path)/a")
        #expect(throws: FileError(.notFound)) { try node.stat() }
        #expect(throws: FileError(.notFound)) { _ = try node.file?.open(.read) }
    }

    @Test func aDirectoryTurnedIntoALinkLeadsNowhere() throws {
        let folder = try Folder()
        mkdir("\(folder.path)/d", 0o755)
        folder.write("d/passwd", "ours")
        let directory = try #require(
            try lookup(try HostTree(FilePath(folder.path)).root, "d").directory
        )
        rename("\(folder.path)/d", "\(folder.path)/gone")
        symlink("/etc", "\(folder.path)/d")
        #expect(throws: FileError.self) { try lookup(directory, "passwd") }
        #expect(throws: FileError.self) { try directory.entries(from: 0) { _, _ in true } }
    }

    @Test func anOpenFileOutlivesItsName() throws {
        let folder = try Folder()
        folder.write("a", "text")
        let file = try #require(try lookup(try HostTree(FilePath(folder.path)).root, "a").file)
        let open = try file.open(.read)
        unlink("\(folder.path)/a")
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16, alignment: 1)
        defer { buffer.deallocate() }
        #expect(try open.read(into: buffer, at: 0) == 4)
        #expect(try open.read(into: buffer, at: .max) == 0)
        #expect(throws: FileError(.readOnly)) { try file.open(.write) }
    }

    @Test func onlyTheOwnerIsAdmittedUnlessAllAre() throws {
        let folder = try Folder()
        let guest = User(uid: 65534, gid: 65534, name: "nobody", isOwner: false)
        #expect(throws: FileError(.permission)) {
            try HostTree(FilePath(folder.path)).attach(as: guest, to: "")
        }
        _ = try HostTree(FilePath(folder.path), admission: .anyone).attach(as: guest, to: "")
    }

    @Test func aMissingRootIsNamed() {
        #expect(throws: FileError(.notFound, "/no/such/place")) {
            try HostTree("/no/such/place")
        }
    }

    @Test func aDirectoryFurtherDownIsARootOfItsOwn() throws {
        let folder = try Folder()
        mkdir("\(folder.path)/d", 0o755)
        mkdir("\(folder.path)/d/e", 0o755)
        folder.write("d/e/f", "text")
        symlink("d", "\(folder.path)/l")
        let names = ["d".utf8Bytes, "e".utf8Bytes]
        let root = try HostTree(FilePath(folder.path), below: names).root
        #expect(root.parent == nil)
        #expect(try TreeText.names(root) == ["f".utf8Bytes])
        #expect(try lookup(root, "f").parent?.qid.path == root.qid.path)
        let link = ["l".utf8Bytes, "e".utf8Bytes]
        let error = #expect(throws: FileError.self) {
            try HostTree(FilePath(folder.path), below: link)
        }
        #expect(error?.context == "\(folder.path)/l/e")
        #expect(throws: FileError.self) {
            try HostTree(FilePath(folder.path), below: ["..".utf8Bytes])
        }
        #expect(throws: FileError.self) {
            try HostTree(FilePath(folder.path), below: names + ["f".utf8Bytes])
        }
    }

    // MARK: - Changes

    @Test func canBeChangedAsAnyTreeWhenThatIsAskedFor() throws {
        let folder = try Folder()
        let tree = try HostTree(FilePath(folder.path), isWritable: true)
        let check = WritableCheck(tree.root, givesAway: false)
        #expect(check.failures.isEmpty, "\(check.failures.joined(separator: "\n"))")
        #expect(check.checks > 40)
    }

    enum Change: CaseIterable {
        case create, makeDirectory, makeLink, makeNode, link, remove, rename, write, truncate
        case chmod, setAttribute

        func perform(in root: any Directory, on file: any Node) throws(FileError) {
            let name = "new".utf8Bytes
            let old = "f".utf8Bytes
            switch self {
            case .create: _ = try root.createFile(name.span.bytes, attributes)
            case .makeDirectory: _ = try root.createDirectory(name.span.bytes, attributes)
            case .makeLink:
                _ = try root.createLink(name.span.bytes, to: old.span.bytes, attributes)
            case .makeNode:
                _ = try root.createNode(name.span.bytes, type: .fifo, device: 0, attributes)
            case .link: try root.addName(name.span.bytes, for: file)
            case .remove: try root.remove(old.span.bytes, expected: .any)
            case .rename:
                try root.rename(old.span.bytes, to: root, name.span.bytes, replacing: true)
            case .write: _ = try file.file?.open(.write)
            case .truncate: _ = try file.file?.open([.read, .truncate])
            case .chmod:
                var change = StatChange()
                change.permissions = 0o600
                try file.change(change, by: .superuser)
            case .setAttribute:
                let attribute = "user.x".utf8Bytes
                try file.setAttribute(attribute.span.bytes, to: [1])
            }
        }
    }

    @Test(arguments: Change.allCases)
    func cannotBeChangedUnlessThatIsAskedFor(change: Change) throws {
        let folder = try Folder()
        folder.write("f", "text")
        let root = try HostTree(FilePath(folder.path)).root
        let file = try lookup(root, "f")
        #expect(throws: FileError(.readOnly)) { try change.perform(in: root, on: file) }
        #expect(try TreeText.names(root) == ["f".utf8Bytes])
        #expect(try file.stat().size == 4)
    }

    @Test func nothingIsChangedThroughALinkOrAboveTheRoot() throws {
        let outside = try Folder()
        outside.write("f", "theirs")
        let folder = try Folder()
        let root = try HostTree(FilePath(folder.path), isWritable: true).root
        let name = "l".utf8Bytes
        let target = "\(outside.path)/f".utf8Bytes
        let link = try root.createLink(name.span.bytes, to: target.span.bytes, attributes)
        var mode = StatChange()
        mode.permissions = 0
        mode.modified = .at(Timestamp(seconds: 5))
        // A link has no mode of its own to set, and its times are its own.
        #expect(throws: FileError.self) { try link.change(mode, by: .superuser) }
        mode.permissions = nil
        try link.change(mode, by: .superuser)
        #expect(try link.stat().modified.seconds == 5)
        #expect(throws: FileError(.exists)) {
            _ = try root.createFile(name.span.bytes, attributes)
        }
        try root.addName("l2".utf8Bytes.span.bytes, for: link)
        #expect(try lookup(root, "l2").link?.target() == target)
        // A directory that has become a link leads nowhere, and nothing is made there.
        let directory = try root.createDirectory("d".utf8Bytes.span.bytes, attributes)
        rename("\(folder.path)/d", "\(folder.path)/gone")
        symlink(outside.path, "\(folder.path)/d")
        #expect(throws: FileError.self) {
            _ = try directory.createFile("new".utf8Bytes.span.bytes, attributes)
        }
        #expect(throws: FileError.self) {
            try directory.remove("f".utf8Bytes.span.bytes, expected: .file)
        }
        let rest = try HostTree(FilePath(outside.path)).root
        #expect(try TreeText.names(rest) == ["f".utf8Bytes])
        let file = try lookup(rest, "f")
        #expect(try file.stat().mode.permissions == 0o644)
        #expect(try TreeText.bytes(try #require(file.file)) == "theirs".utf8Bytes)
    }

    private func move(
        _ name: String,
        from: any Directory,
        to: any Directory,
        _ newName: String
    ) throws {
        let (old, new) = (name.utf8Bytes, newName.utf8Bytes)
        try from.rename(old.span.bytes, to: to, new.span.bytes, replacing: false)
    }

    @Test func aNodeLivesThroughMovesOfItAndOfWhatIsAboveIt() throws {
        let folder = try Folder()
        let root = try HostTree(FilePath(folder.path), isWritable: true).root
        let (d, f) = ("a".utf8Bytes, "f".utf8Bytes)
        let a = try root.createDirectory(d.span.bytes, attributes)
        let file = try a.createFile(f.span.bytes, attributes)
        let again = try lookup(a, "f")
        try move("a", from: root, to: root, "b")
        #expect(try file.stat().size == 0)
        let b = try #require(try lookup(root, "b").directory)
        try move("f", from: b, to: b, "g")
        try move("g", from: b, to: root, "f")
        try move("b", from: root, to: root, "c")
        try move("c", from: root, to: root, "a")
        let text = "text".utf8Bytes
        try file.open(.write).write(text.span.bytes, at: 0)
        #expect(try again.stat().size == 4)
        var name: [UInt8] = []
        again.withName { name = Array($0) }
        #expect(name == f)
        #expect(again.parent?.qid.path == root.qid.path)
        #expect(try a.stat().qid.path == lookup(root, "a").qid.path)
        // Another file where it was is another file.
        _ = try a.createFile(f.span.bytes, attributes)
        #expect(try again.stat().size == 4)
    }

    @Test func anInodeUsedAgainIsAnotherFile() throws {
        let folder = try Folder()
        let root = try HostTree(FilePath(folder.path), isWritable: true).root
        let name = "f".utf8Bytes
        var paths: Set<UInt64> = []
        var old: [any Node] = []
        for _ in 0..<50 {
            let file = try root.createFile(name.span.bytes, attributes)
            paths.insert(file.qid.path)
            old.append(file)
            try root.remove(name.span.bytes, expected: .file)
        }
        _ = try root.createFile(name.span.bytes, attributes)
        #expect(paths.count == 50)
        for node in old { #expect(throws: FileError(.notFound)) { try node.stat() } }
    }

    @Test func aFileMadeForReadingAloneIsWrittenByWhoMadeIt() throws {
        let folder = try Folder()
        let isRoot = geteuid() == 0
        if isRoot {
            chown(folder.path, 65534, 65534)
            // This thread alone: root would be let in whatever the mode says.
            setfsuid(65534)
        }
        defer { if isRoot { setfsuid(0) } }
        let root = try HostTree(FilePath(folder.path), isWritable: true).root
        let attributes = NewNode(permissions: 0o444, uid: 0, gid: 0)
        let file = try root.createFile("f".utf8Bytes.span.bytes, attributes)
        let open = try file.open([.read, .write])
        try open.write("text".utf8Bytes.span.bytes, at: 0)
        var change = StatChange()
        change.size = 2
        try file.change(change, by: .superuser)
        withExtendedLifetime(open) {}
        let found = try #require(try lookup(root, "f").file)
        #expect(try TreeText.bytes(found) == "te".utf8Bytes)
        #expect(try found.stat().mode.permissions == 0o444)
        #expect(throws: FileError(.permission)) { _ = try found.open(.write) }
    }

    @Test func whatIsTheHostsOwnIsRefused() throws {
        let folder = try Folder()
        let root = try HostTree(FilePath(folder.path), isWritable: true).root
        let name = "f".utf8Bytes
        for type in [FileType.characterDevice, .blockDevice, .fifo, .socket] {
            let error = #expect(throws: FileError.self) {
                _ = try root.createNode(name.span.bytes, type: type, device: 259, attributes)
            }
            #expect(error?.kind == .notPermitted)
        }
        let error = #expect(throws: FileError.self) {
            _ = try root.createFile(name.span.bytes, NewNode(permissions: 0o4755, uid: 0, gid: 0))
        }
        #expect(error?.kind == .notPermitted)
        #expect(try TreeText.names(root) == [])
        let file = try root.createFile(name.span.bytes, attributes)
        let attribute = #expect(throws: FileError.self) {
            try file.setAttribute("security.capability".utf8Bytes.span.bytes, to: [1])
        }
        #expect(attribute?.kind == .unsupported)
        var large = StatChange()
        large.size = .max
        #expect(throws: FileError(.tooBig)) { try file.change(large, by: .superuser) }
        let other = try HostTree(FilePath(folder.path), isWritable: true).root
        #expect(throws: FileError(.crossDevice)) {
            try root.rename(name.span.bytes, to: other, name.span.bytes, replacing: true)
        }
    }

    @Test func aNameThatAFileWasMovedAwayFromIsAgainItsName() throws {
        let folder = try Folder()
        let root = try HostTree(FilePath(folder.path), isWritable: true).root
        let (old, new) = ("old".utf8Bytes, "new".utf8Bytes)
        let file = try root.createFile(old.span.bytes, attributes)
        try root.rename(old.span.bytes, to: root, new.span.bytes, replacing: true)
        try root.addName(old.span.bytes, for: file)
        let again = try root.lookup(old.span.bytes)
        try root.remove(new.span.bytes, expected: .file)
        #expect(try again.stat().qid.path == file.qidPath)
    }
}
