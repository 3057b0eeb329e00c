import FileTree
import Glibc
import NineP
import NinePClient
import ScratchFolder
import Testing
import TreeConformance

private let diod = "/usr/sbin/diod"

/// Debian's diod, a 9P2000.L server of other hands, says whether the client speaks as others do.
@Suite(
    .enabled(if: access(diod, X_OK) == 0, "diod is not installed"),
    .enabled(if: geteuid() == 0, "diod serves other users for root alone")
)
struct DiodTests {
    /// Runs diod on a directory, at the other end of a socketpair.
    static func client(of folder: String) throws -> Client {
        var ends: [Int32] = [0, 0]
        try #require(
            socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0
        )
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let words = [
            diod, "-f", "-n", "-r", "0", "--wfdno", "1", "-e", folder, "-L", "stderr", "-c",
            "/dev/null",
        ]
        var arguments = words.map { strdup($0) } + [nil]
        defer { for word in arguments { free(word) } }
        var process: pid_t = 0
        let result = posix_spawn(&process, diod, &actions, nil, &arguments, environ)
        close(ends[1])
        try #require(result == 0)
        return try Client(Conversation(input: ends[0], output: ends[0], closing: true))
    }

    @Test func aFolderReadsThroughDiodAsItDoesOnTheHost() throws {
        let scratch = try ScratchFolder()
        let folder = scratch.path
        let remote = RemoteTree(try Self.client(of: folder))
        let user = User(uid: 0, gid: 0, name: "root", isOwner: true)
        let root = try remote.attach(as: user, to: folder).root
        let file = try root.createFile(
            Array("note".utf8).span.bytes,
            NewNode(permissions: 0o640, uid: 0, gid: 0)
        )
        let open = try file.open([.read, .write])
        let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        try open.write(bytes.span.bytes, at: 0)
        #expect(try TreeText.bytes(file) == bytes)
        #expect(try TreeText.names(root) == [Array("note".utf8)])
        #expect(try file.stat().size == 200_000)
        let link = try root.createLink(
            Array("link".utf8).span.bytes,
            to: Array("note".utf8).span.bytes,
            NewNode(permissions: 0o777, uid: 0, gid: 0)
        )
        #expect(try link.link?.target() == Array("note".utf8))
        try root.rename(
            Array("link".utf8).span.bytes,
            to: root,
            Array("other".utf8).span.bytes,
            replacing: false
        )
        try root.remove(Array("other".utf8).span.bytes, expected: .file)
        try root.remove(Array("note".utf8).span.bytes, expected: .file)
        #expect(try TreeText.names(root).isEmpty)
        #expect(access(folder + "/note", F_OK) != 0)
    }
}
