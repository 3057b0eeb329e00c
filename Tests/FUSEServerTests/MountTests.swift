import CaptureTree
import Differential
import FUSEServer
import FileTree
import Glibc
import Synchronization
import SystemPackage
import Testing
import TreeConformance

private let seekData: Int32 = 3
private let seekHole: Int32 = 4

/// What a mount is to those who use it.
@Suite(.enabled(if: Mounted.isPossible, Mounted.reason)) struct MountTests {
    private func memory(_ text: String) throws -> (MemoryTree, FileTree.Attachment) {
        let tree = try MemoryTree.make(text, clock: { .now })
        return (tree, FileTree.Attachment(root: tree.root, tree: tree))
    }

    private static func text(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var room = [UInt8](repeating: 0, count: 1000)
        let count = read(descriptor, &room, room.count)
        return count < 0 ? nil : String(decoding: room[..<count], as: UTF8.self)
    }

    /// What the kernel has seen it does not ask for again: a change behind its back shows that.
    @Test func theKernelAsksOnceAndForgetsWhatItIsTold() throws {
        let (tree, attachment) = try memory("f 644 0 0 1 f =old\nd 755 0 0 1 d\n")
        try Mounted.run { _ in
            attachment
        } _: { path, server in
            let (name, new) = ("f".utf8Bytes, "none".utf8Bytes)
            #expect(Self.text(path + "/f") == "old")
            #expect(access(path + "/none", F_OK) != 0)
            try tree.root.remove(name.span.bytes, expected: .file)
            let file = try tree.root.createFile(
                name.span.bytes,
                NewNode(permissions: 0o644, uid: 0, gid: 0)
            )
            try file.open(.write).write("new".utf8Bytes.span.bytes, at: 0)
            try tree.root.addName(new.span.bytes, for: file)
            #expect(Self.text(path + "/f") == "old")
            #expect(access(path + "/none", F_OK) != 0)
            server.invalidate(name: name, in: tree.root)
            server.invalidate(name: new, in: tree.root)
            #expect(Self.text(path + "/f") == "new")
            #expect(Self.text(path + "/none") == "new")
            try file.open([.write, .truncate]).write("newer".utf8Bytes.span.bytes, at: 0)
            #expect(Self.text(path + "/f") == "new")
            server.invalidate(file)
            #expect(Self.text(path + "/f") == "newer")
            try tree.root.remove(name.span.bytes, expected: .file)
            server.invalidate(name: name, in: tree.root)
            #expect(access(path + "/f", F_OK) != 0)
            // What nobody knows is no fault.
            server.invalidate(name: "never seen".utf8Bytes, in: tree.root)
            server.invalidate(name: [UInt8](repeating: 120, count: 300), in: tree.root)
        }
    }

    /// The threads of this process that are kept on one processor and take nobody's turn, by the
    /// number of that.
    private static func kept() -> Set<String> {
        let names = (try? HostFolder.names(in: "/proc/self/task")) ?? []
        return Set(
            names.compactMap { name in
                let lines = Self.text("/proc/self/task/\(name)/stat")?.split(separator: ")") ?? []
                let fields = lines.last?.split(separator: " ") ?? []
                guard fields.count > 38, fields[38] == "3" else { return nil }
                return String(fields[36])
            }
        )
    }

    @Test(.enabled(if: Worker.processorCount > 1, "there is one processor"))
    func whereThereAreAsManyReadersAsProcessorsEachHasItsOwn() throws {
        let (_, attachment) = try memory("f 644 0 0 1 f =old\n")
        var options = Mounted.writable
        options.threads = Worker.processorCount
        try Mounted.run(options) { _ in
            attachment
        } _: { path, _ in
            #expect(Self.text(path + "/f") == "old")
            // A thread that starts is where it is to be a bit later.
            var kept = Self.kept()
            for _ in 0..<500 where kept.count < Worker.processorCount {
                usleep(10_000)
                #expect(access(path + "/none", F_OK) != 0)
                kept = Self.kept()
            }
            #expect(kept.count >= Worker.processorCount, "\(kept)")
        }
    }

    @Test func noOtherProgramGetsTheDevice() throws {
        let (_, attachment) = try memory("f 644 0 0 1 f =old\n")
        try Mounted.run { _ in
            attachment
        } _: { path, server in
            #expect(Self.text(path + "/f") == "old")
            let seen = Mutex(0)
            server.invalidate { _ in
                // While it is asked, there is a copy to write to.
                let device = "/dev/fuse".utf8.map { CChar(bitPattern: $0) }
                let names = (try? HostFolder.names(in: "/proc/self/fd")) ?? []
                for number in names.compactMap({ Int32($0) }) {
                    var room = [CChar](repeating: 0, count: 64)
                    let count = readlink("/proc/self/fd/\(number)", &room, room.count)
                    guard room.prefix(max(0, count)).elementsEqual(device) else { continue }
                    seen.withLock { $0 += 1 }
                    let flags = fcntl(number, F_GETFD)
                    #expect(flags < 0 || flags & FD_CLOEXEC != 0)
                }
                return []
            }
            #expect(seen.withLock { $0 } >= 2)
        }
    }

    @Test func holesAreFoundAndNeverWhereAMappingHasStored() throws {
        // Of memory that knows no holes, and of a layer over it that knows its own.
        let (tree, attachment) = try memory("f 644 0 0 1 f =below\n")
        let capture = try CaptureTree(layer: .inMemory(), over: tree.root, in: attachment.tree)
        let complaints = try Mounted.run { _ in
            FileTree.Attachment(root: capture.root, tree: capture)
        } _: { path, _ in
            let below = open(path + "/f", O_RDONLY | O_CLOEXEC)
            defer { close(below) }
            #expect(lseek(below, 1, seekData) == 1)
            #expect(lseek(below, 1, seekHole) == 5)
            #expect(lseek(below, 5, seekHole) == -1 && errno == ENXIO)
            let file = open(path + "/g", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
            defer { close(file) }
            #expect(pwrite(file, "x", 1, 655_360) == 1)
            #expect(ftruncate(file, 1_000_000) == 0)
            #expect(lseek(file, 0, seekHole) == 0)
            #expect(lseek(file, 0, seekData) == 655_360)
            #expect(lseek(file, 655_361, seekData) == 655_361)
            #expect(lseek(file, 655_361, seekHole) == 659_456)
            #expect(lseek(file, 659_456, seekData) == -1 && errno == ENXIO)
            #expect(lseek(file, -1, seekData) == -1)
            let shared = mmap(nil, 1_000_000, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
            guard let shared, shared != MAP_FAILED else { throw FileError(.noMemory) }
            // Each time a page that the kernel alone knows of.
            for place in [819_200, 409_600, 0] {
                shared.storeBytes(of: 1, toByteOffset: place, as: UInt8.self)
                #expect(lseek(file, 0, seekData) == off_t(min(place, 655_360)))
                #expect(lseek(file, off_t(place), seekHole) == off_t(place) + 4096)
            }
            munmap(shared, 1_000_000)
            // One without a name is the kernel's still.
            unlink(path + "/g")
            #expect(lseek(file, 4096, seekData) == 409_600)
        }
        #expect(complaints == [])
    }

    @Test func manyWhoAskForHolesAtOnceAreAllAnswered() throws {
        let tree = MemoryTree()
        let capture = try CaptureTree(layer: .inMemory(), over: tree.root, in: tree)
        try Mounted.run { _ in
            FileTree.Attachment(root: capture.root, tree: capture)
        } _: { path, _ in
            let workers = try (0..<40).map { number in
                try Worker {
                    let name = "\(path)/\(number)"
                    let file = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
                    defer { close(file) }
                    #expect(ftruncate(file, 1 << 20) == 0)
                    let shared = mmap(nil, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
                    guard let shared, shared != MAP_FAILED else { return }
                    for page in stride(from: 0, to: 1 << 20, by: 1 << 16) {
                        shared.storeBytes(of: 1, toByteOffset: page, as: UInt8.self)
                        #expect(lseek(file, off_t(page), seekData) == off_t(page))
                        // Where no thread is left all is data.
                        let hole = lseek(file, off_t(page), seekHole)
                        #expect(hole == off_t(page) + 4096 || hole == 1 << 20)
                    }
                    munmap(shared, 1 << 20)
                }
            }
            for worker in workers { worker.join() }
        }
    }

    @Test func whatOthersChangeShowsWhenItsTimeIsUp() throws {
        let (tree, attachment) = try memory("f 644 0 0 1 f =old\n")
        var options = Mounted.writable
        options.caching = .seconds(0)
        try Mounted.run(options) { _ in
            attachment
        } _: { path, _ in
            #expect(Self.text(path + "/f") == "old")
            guard let file = try tree.root.lookup("f".utf8Bytes.span.bytes).file else { return }
            try file.open([.write, .truncate]).write("newer".utf8Bytes.span.bytes, at: 0)
            #expect(Self.text(path + "/f") == "newer")
        }
    }

    @Test func anInodeLeadsToItsNode() throws {
        let (tree, attachment) = try memory("f 644 0 0 1 d/f =old\n")
        try Mounted.run { _ in
            attachment
        } _: { path, server in
            var status = Glibc.stat()
            #expect(stat(path + "/d/f", &status) == 0)
            let node = server.node(inode: UInt64(status.st_ino))
            var change = StatChange()
            change.uid = 33
            try node?.change(change, by: .superuser)
            if let node { server.invalidate(node) }
            #expect(stat(path + "/d/f", &status) == 0 && status.st_uid == 33)
            #expect(server.node(inode: tree.root.qidPath)?.directory != nil)
            #expect(server.node(inode: 12345) == nil)
        }
    }

    @Test func locksAreKeptBetweenOpenFiles() throws {
        let (_, attachment) = try memory("f 644 0 0 1 f =old\n")
        try Mounted.run { _ in
            attachment
        } _: { path, _ in
            let one = open(path + "/f", O_RDWR)
            let two = open(path + "/f", O_RDWR)
            defer {
                close(one)
                close(two)
            }
            #expect(flock(one, LOCK_EX | LOCK_NB) == 0)
            #expect(flock(two, LOCK_EX | LOCK_NB) == -1 && errno == EWOULDBLOCK)
            #expect(flock(one, LOCK_UN) == 0 && flock(two, LOCK_EX | LOCK_NB) == 0)
        }
    }

    /// A mount whose server has gone says so, and nobody waits for it.
    @Test func aMountWithoutAServerIsAnErrorAndNoWait() throws {
        let outcome = Mutex<[Int32]>([])
        PrivateMounts.run { mayMount in
            do {
                let arena = try Arena(mayMount: mayMount)
                let path = try arena.directory("fuse")
                let tree = MemoryTree()
                let descriptor = try FUSEMount.mount(at: path)
                do {
                    let server = FUSEServer(
                        FileTree.Attachment(root: tree.root, tree: tree),
                        descriptor: descriptor
                    )
                    server.invalidate(tree.root)
                }
                let result = access(path + "/x", F_OK)
                let number = errno
                outcome.withLock { $0 = [result, number] }
                try FUSEMount.unmount(path)
            } catch {
                outcome.withLock { $0 = [] }
            }
        }
        #expect(outcome.withLock { $0 } == [-1, ENOTCONN])
    }

    @Test func aPlaceThatCannotBeMountedAtIsNamed() {
        #expect(throws: FileError.self) { try FUSEMount.mount(at: "/no/such place") }
        #expect(throws: FileError.self) { try FUSEMount.unmount("/no/such place") }
    }

    /// Random lists of operations, done to a mount of a capture and to a directory of the host.
    @Test func aMountBehavesAsADirectoryOfTheHost() throws {
        for seed: UInt64 in 1...30 {
            let list = OperationList.random(seed: seed, isRoot: true, longestName: 255)
            let failures = Mutex<[String]>([])
            let place = Mutex("")
            try Mounted.run { arena in
                place.withLock { $0 = arena.path }
                let host = try HostTree(FilePath(arena.directory("below")))
                let tree = try CaptureTree(layer: .inMemory(), over: host.root, in: host)
                return try tree.attach(as: .superuser, to: "")
            } _: { path, _ in
                let plain = place.withLock { $0 } + "/plain"
                mkdir(plain, 0o755)
                let players = [
                    try HostPlayer("host", path: plain), try HostPlayer("mount", path: path),
                ]
                let found = Differential.play(list.base, to: players)
                let changed = found.isEmpty ? try Differential.playChanges(list, to: players) : []
                failures.withLock { $0 = found + changed }
            }
            let found = failures.withLock { $0 }
            #expect(found == [], "seed \(seed)")
            if !found.isEmpty { return }
        }
    }
}
