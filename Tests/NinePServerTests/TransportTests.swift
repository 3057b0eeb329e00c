import FileTree
import Glibc
import NineP
import ScratchFolder
import Synchronization
import Testing
import TreeConformance

@testable import NinePServer

@Suite struct TransportTests {
    private func server() throws -> Server {
        Server(tree: try MemoryTree.make("f 600 0 0 1 secret =s\nf 644 0 0 1 open =o"))
    }

    static func dial(_ path: String) throws -> Int32 {
        let socket = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket, $0, size) }
        }
        try #require(result == 0)
        return socket
    }

    private func dial(port: UInt16) throws -> Int32 {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket, $0, size) }
        }
        try #require(result == 0)
        return socket
    }

    @Test(arguments: [
        ("stdio", "stdio"), ("unix!/a/b", "unix!/a/b"), ("unix!/a!b", "unix!/a!b"),
        ("tcp!127.0.0.1!564", "tcp!127.0.0.1!564"), ("tcp!!564", "tcp!127.0.0.1!564"),
        ("tcp!564", "tcp!127.0.0.1!564"), ("tcp!::1!564", "tcp!::1!564"),
        ("tcp!*!564", "tcp!*!564"), ("vsock!*!564", "vsock!*!564"), ("vsock!2!9", "vsock!2!9"),
        ("fd!7", "fd!7"),
    ])
    func addressesAreReadAndWritten(text: String, address: String) throws {
        #expect(try Address(text).description == address)
    }

    @Test(arguments: [
        "", "unix", "unix!", "tcp", "tcp!", "tcp!host!port", "tcp!host!65536", "tcp!a!b!1", "fd!",
        "fd!-1", "fd!x", "vsock!1", "vsock!x!1", "udp!h!1", "stdio!1",
        "unix!/\(String(repeating: "x", count: 107))",
    ])
    func whatIsNoAddressIsRefused(text: String) {
        #expect {
            _ = try Address(text)
        } throws: {
            ($0 as? FileError)?.kind == .invalid
        }
    }

    @Test func aUnixSocketIsForItsOwnerAlone() throws {
        let folder = try ScratchFolder()
        let path = "\(folder.path)/s"
        let server = try server()
        try server.listen(on: .unix(path: path))
        var stat = stat()
        #expect(lstat(path, &stat) == 0)
        #expect(stat.st_mode & 0o777 == 0o600)
        let talk = try Talk(socket: Self.dial(path))
        try talk.begin(.plain)
        try talk.run("Twalk 0 1 secret\nRwalk ...\nTopen 1 0\nRopen ...")
        server.drain(within: 1000)
        #expect(try talk.receive() == "-")
        #expect(lstat(path, &stat) != 0)
        server.wait()
    }

    @Test func aStaleSocketIsReplacedAndALiveOneIsNot() throws {
        let folder = try ScratchFolder()
        let path = "\(folder.path)/s"
        // What a server that was killed leaves behind.
        Self.end(try Socket.listen(.unix(path: path)))
        let server = try server()
        try server.listen(on: .unix(path: path))
        let second = try self.server()
        #expect {
            try second.listen(on: .unix(path: path))
        } throws: { error in
            let error = error as? FileError
            return error?.kind == .busy && error?.context?.contains(path) == true
        }
        let talk = try Talk(socket: Self.dial(path))
        try talk.begin(.linux)
        server.drain()
    }

    @Test func ofTwoServersThatFindAStaleSocketOneHasIt() throws {
        let folder = try ScratchFolder()
        let path = "\(folder.path)/s"
        Self.end(try Socket.listen(.unix(path: path)))
        for round in 0..<100 {
            let begun = Begun()
            let workers = try (0..<2).map { _ in try Worker { begun.listen(at: path) } }
            for worker in workers { worker.join() }
            let sockets = begun.sockets.withLock { $0 }
            #expect(sockets.count == 1, "round \(round)")
            #expect(begun.errors.withLock { $0.map(\.kind) } == [.busy], "round \(round)")
            sockets.forEach(Self.end)
        }
    }

    /// Ends a socket also where a process that another test starts has it for a moment.
    private static func end(_ socket: Int32) {
        shutdown(socket, Int32(SHUT_RDWR))
        close(socket)
    }

    /// What came of servers that began at once.
    private final class Begun: Sendable {
        let sockets = Mutex<[Int32]>([])
        let errors = Mutex<[FileError]>([])

        func listen(at path: String) {
            do throws(FileError) {
                let socket = try Socket.listen(.unix(path: path))
                sockets.withLock { $0.append(socket) }
            } catch {
                errors.withLock { $0.append(error) }
            }
        }
    }

    @Test func aFileThatIsNoSocketIsNotReplaced() throws {
        let folder = try ScratchFolder()
        let path = "\(folder.path)/s"
        close(creat(path, 0o600))
        let server = try server()
        #expect(throws: FileError.self) { try server.listen(on: .unix(path: path)) }
        var stat = stat()
        #expect(lstat(path, &stat) == 0)
    }

    @Test func severalAddressesAreServedAtOnceAndAPortIsTakenOnce() throws {
        let folder = try ScratchFolder()
        let server = try server()
        try server.listen(on: .unix(path: "\(folder.path)/s"))
        let address = try server.listen(on: .tcp(host: "127.0.0.1", port: 0))
        guard case .tcp(_, let port) = address, port != 0 else {
            Issue.record("no port: \(address)")
            return
        }
        #expect {
            try server.listen(on: address)
        } throws: { error in
            (error as? FileError)?.kind == .busy
        }
        let one = try Talk(socket: Self.dial("\(folder.path)/s"))
        let two = try Talk(socket: dial(port: port))
        for talk in [one, two] {
            try talk.begin(.linux)
            try talk.run("Tgetattr 0 0x7ff\nRgetattr ...")
        }
        #expect(server.statistics.contains("connections 2\n"))
        server.drain()
        server.wait()
    }

    @Test func aPeerOnANetworkIsNeverAnOwner() throws {
        let server = try server()
        let address = try server.listen(on: .tcp(host: "127.0.0.1", port: 0))
        guard case .tcp(_, let port) = address else { return }
        let talk = try Talk(socket: dial(port: port))
        try talk.begin(.linux, user: "1234")
        try talk.run(
            """
            Twalk 0 1 secret
            Rwalk ...
            Tlopen 1 0
            Rlerror 13
            Twalk 0 2 open
            Rwalk ...
            Tlopen 2 0
            Rlopen ...
            Tmkdir 0 x 0755 0
            Rlerror 13
            """
        )
        server.drain()
    }

    @Test func anOwnerMayActAsAnother() throws {
        let talk = try Talk(MemoryTree.make("f 600 0 0 1 secret =s"))
        try talk.begin(.linux)
        try talk.run(
            """
            Tattach 1 -1 '' '' 1234
            Rattach ...
            Twalk 1 2 secret
            Rwalk ...
            Tlopen 2 0
            Rlerror 13
            Twalk 0 3 secret
            Rwalk ...
            Tlopen 3 0
            Rlopen ...
            """
        )
    }

    @Test func peersAreWhoTheyAre() throws {
        let own = geteuid()
        let stranger = Peer.local(uid: 4321, gid: 4)
        #expect(try stranger.user(name: "root", number: .max).uid == 4321)
        #expect(try !stranger.user(name: "root", number: .max).isOwner)
        #expect(throws: FileError.self) { try stranger.user(name: "", number: 0) }
        #expect(try Peer.local(uid: own, gid: 0).user(name: "nobody", number: .max).isOwner)
        #expect(try Peer.local(uid: 0, gid: 0).user(name: "", number: 0).isOwner)
        #expect(try !Peer.local(uid: 0, gid: 0).user(name: "", number: 99).isOwner)
        #expect(try !Peer.remote.user(name: "root", number: 0).isOwner)
        #expect(try Peer.remote.user(name: "no such user", number: .max).uid == 65534)
    }

    @Test func pipesAreServedToo() throws {
        var requests: [Int32] = [0, 0]
        var replies: [Int32] = [0, 0]
        try #require(pipe(&requests) == 0 && pipe(&replies) == 0)
        // Its end would be that of the programs which other tests start, too.
        _ = fcntl(requests[1], F_SETFD, FD_CLOEXEC)
        let bytes =
            try MessageText.message("Tversion 8192 9P2000", tag: 0, .plain)
            + MessageText.message("Tattach 0 -1 glenda ''", tag: 1, .plain)
        #expect(write(requests[1], bytes, bytes.count) == bytes.count)
        close(requests[1])
        try server().serve(input: requests[0], output: replies[1])
        var answer = [UInt8](repeating: 0, count: 100)
        #expect(read(replies[0], &answer, 100) == 19 + 20)
        for descriptor in [requests[0], replies[0], replies[1]] { close(descriptor) }
    }

    @Test func aDescriptorIsAConversationOrListens() throws {
        let server = try server()
        var pair: [Int32] = [0, 0]
        try #require(
            socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &pair) == 0
        )
        try server.listen(on: .descriptor(pair[1]))
        let talk = try Talk(socket: pair[0])
        try talk.begin(.linux)
        let folder = try ScratchFolder()
        let listening = try Socket.listen(.unix(path: "\(folder.path)/s"))
        try server.listen(on: .descriptor(listening))
        let other = try Talk(socket: Self.dial("\(folder.path)/s"))
        try other.begin(.linux)
        #expect(throws: FileError.self) { try server.listen(on: .descriptor(9999)) }
        server.drain()
        server.wait()
        close(pair[1])
    }
}
