import Archive
import Differential
import Environments
import FUSEServer
import FileTree
import Glibc
import Synchronization
import Testing
import TreeConformance
import UnionTree

/// A tree that others take the place of, behind a kernel that keeps all it has seen for ever.
@Suite(.enabled(if: Mounted.isPossible, Mounted.reason)) struct LiveViewTests {
    /// Directories of an arena as packages, each opened once.
    private final class Packages: Sendable {
        private let made: Mutex<[String: Package]> = Mutex([:])
        let names: [String]

        init(_ texts: [(String, String)], _ arena: Arena) throws {
            names = texts.map(\.0)
            for (name, text) in texts {
                let path = try arena.directory(name)
                try TreeCopy.copy(MemoryTree.make(text).root, to: MountedDirectory.open(path))
                let package = try Package.openDirectory(path)
                made.withLock { $0[name] = package }
            }
        }

        func state(_ names: [String]) throws -> FileTree.Attachment {
            let packages = made.withLock { made in names.compactMap { made[$0] } }
            #expect(packages.count == names.count)
            let union = try UnionTree(packages: packages, environment: "e")
            return try union.attach(as: .superuser, ViewOptions())
        }
    }

    private static var endless: FUSEServer.Options {
        var options = FUSEServer.Options()
        options.caching = .endless
        return options
    }

    /// Serves a live tree whose first state is of the packages `first`.
    private func run(
        _ texts: [(String, String)],
        first: [String],
        _ body: @escaping @Sendable (String, (_ names: String...) throws -> Void) throws -> Void
    ) throws {
        let held = Mutex<(Packages, LiveTree)?>(nil)
        let complaints = try Mounted.run(Self.endless) { arena in
            let packages = try Packages(texts, arena)
            let live = LiveTree(try packages.state(first), number: 1)
            held.withLock { $0 = (packages, live) }
            return try live.attach(as: .superuser, to: "")
        } _: { path, server in
            let (packages, live) = try #require(held.withLock { $0 })
            live.onSwap { change in
                server.invalidate { directory in
                    change.names(in: directory).map { .init($0.name, file: $0.file) }
                }
            }
            let number = Mutex<UInt64>(1)
            try body(path) { (names: String...) in
                let next = number.withLock { number in
                    number += 1
                    return number
                }
                live.swap(try packages.state(names), number: next)
            }
        }
        #expect(complaints == [])
    }

    private static func text(_ path: String, in folder: Int32 = AT_FDCWD) -> String? {
        let descriptor = openat(folder, path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return text(descriptor)
    }

    private static func text(_ descriptor: Int32) -> String? {
        var room = [UInt8](repeating: 0, count: 100)
        let count = pread(descriptor, &room, room.count, 0)
        return count < 0 ? nil : String(decoding: room[..<count], as: UTF8.self)
    }

    private static func names(_ path: String) throws -> [String] {
        var names: [String] = []
        try MountedDirectory.open(path).entries(from: 0) { _, name in
            names.append(name.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
            return true
        }
        return names.sorted()
    }

    private static func inode(_ path: String) -> UInt64 {
        var status = Glibc.stat()
        return stat(path, &status) == 0 ? UInt64(status.st_ino) : 0
    }

    private static let packages = [
        ("one", "f 644 0 0 1 usr/f =one\nf 644 0 0 1 usr/lib/a =a\nl 777 0 0 1 usr/to >f\n"),
        ("two", "f 644 0 0 2 usr/f =second\nf 644 0 0 2 usr/new/deep/x =x\n"),
        ("same", "f 644 0 0 1 usr/share/same =same\nf 644 0 0 1 usr/share/doc/same =doc\n"),
        ("more", "f 644 0 0 3 usr/share/more =more\n"),
    ]

    @Test func aSwitchShowsInARunningView() throws {
        try run(Self.packages, first: ["one", "same"]) { path, show in
            let place = path + "/usr"
            #expect(Self.text(place + "/f") == "one")
            #expect(Self.text(place + "/to") == "one")
            #expect(access(place + "/new", F_OK) != 0)
            #expect(try Self.names(place) == ["f", "lib", "share", "to"])
            #expect(try Self.names(place + "/lib") == ["a"])
            let file = open(place + "/f", O_RDONLY)
            let folder = open(place, O_RDONLY | O_DIRECTORY)
            let gone = open(place + "/lib", O_RDONLY | O_DIRECTORY)
            defer { for descriptor in [file, folder, gone] { close(descriptor) } }
            let inodes = [Self.inode(place), Self.inode(place + "/share/same")]
            // Somebody works in a directory that stays.
            #expect(mount("live", place + "/share/doc", "tmpfs", 0, nil) == 0)

            try show("two", "same", "more")
            #expect(Self.text(place + "/f") == "second")
            #expect(Self.text(place + "/new/deep/x") == "x")
            #expect(access(place + "/lib/a", F_OK) != 0 && access(place + "/to", F_OK) != 0)
            #expect(try Self.names(place) == ["f", "new", "share"])
            #expect(try Self.names(place + "/share") == ["doc", "more", "same"])
            // What was open is what it was; a directory that was has the newest names.
            #expect(Self.text(file) == "one")
            var status = Glibc.stat()
            #expect(fstat(file, &status) == 0 && status.st_size == 3)
            #expect(Self.text("f", in: folder) == "second")
            #expect(Self.text("a", in: gone) == nil)
            #expect(fstat(gone, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR)
            #expect(inodes == [Self.inode(place), Self.inode(place + "/share/same")])
            let mounted = status.st_dev
            #expect(stat(place + "/share/doc", &status) == 0 && status.st_dev != mounted)
            umount2(place + "/share/doc", Int32(MNT_DETACH))
            #expect(Self.text(place + "/share/doc/same") == "doc")

            try show("one", "same")
            #expect(Self.text(place + "/f") == "one")
            #expect(Self.text(place + "/to") == "one")
            #expect(access(place + "/new", F_OK) != 0)
            #expect(try Self.names(place) == ["f", "lib", "share", "to"])
            #expect(Self.text("a", in: gone) == "a")
        }
    }

    /// Whatever was seen of the states before, what is seen is the state that is shown.
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func whatIsKeptIsNeverOfAStateBefore(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let kinds = ["f 644 0 0 %d %s =%d", "l 777 0 0 %d %s >to%d", "f 755 0 0 %d %s/x =%d"]
        var texts: [(String, String)] = []
        for number in 0..<12 {
            // No two packages have a name that is not a directory's: any of them go together.
            var text = ""
            for file in 0..<6 {
                let folder = ["a", "a/b", "c", "c/d/e", "d\(number % 3)"][random.below(5)]
                let kind = kinds[random.below(kinds.count)].split(separator: " ")
                let path = "\(folder)/\(number).\(file)"
                let words = kind.map { word in
                    word.replacing("%d", with: "\(number)").replacing("%s", with: path)
                }
                text += words.joined(separator: " ") + "\n"
            }
            texts.append(("p\(number)", text))
        }
        let names = texts.map(\.0)
        let choices = (0..<25).map { _ in names.filter { _ in random.below(2) == 0 } }
        let all = texts
        let held = Mutex<(Packages, LiveTree)?>(nil)
        let failures = Mutex<[String]>([])
        try Mounted.run(Self.endless) { arena in
            let packages = try Packages(all, arena)
            let live = LiveTree(try packages.state([]), number: 1)
            held.withLock { $0 = (packages, live) }
            return try live.attach(as: .superuser, to: "")
        } _: { path, server in
            let (packages, live) = try #require(held.withLock { $0 })
            live.onSwap { change in
                server.invalidate { directory in
                    change.names(in: directory).map { .init($0.name, file: $0.file) }
                }
            }
            for (number, choice) in choices.enumerated() {
                let state = try packages.state(choice)
                live.swap(state, number: UInt64(number + 2))
                let seen = try TreeText.describe(MountedDirectory.open(path))
                let shown = try TreeText.describe(state.root)
                if seen != shown {
                    failures.withLock { $0.append("seed \(seed), switch \(number): \(seen)") }
                    return
                }
            }
        }
        #expect(failures.withLock { $0 } == [])
    }
}
