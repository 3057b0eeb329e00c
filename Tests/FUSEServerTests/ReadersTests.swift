import FileTree
import Glibc
import Synchronization
import Testing
import TreeConformance

@testable import FUSEServer

/// The threads that serve, on a socket that keeps packets apart as the kernel's device does.
@Suite struct ReadersTests {
    /// A server that runs, and the other end of its descriptor.
    private final class Served: Sendable {
        let socket: Int32
        private let worker: Worker
        private let failure: Failure

        final class Failure: Sendable {
            let error = Mutex<FileError?>(nil)
        }

        init(_ attachment: FileTree.Attachment, _ options: FUSEServer.Options) throws {
            var pair: [Int32] = [0, 0]
            guard
                socketpair(
                    AF_UNIX,
                    Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue),
                    0,
                    &pair
                ) == 0
            else {
                throw FileError(.init(number: errno))
            }
            socket = pair[0]
            // A test that waits for what never comes fails instead.
            var limit = timeval(tv_sec: 60, tv_usec: 0)
            let size = socklen_t(MemoryLayout<timeval>.size)
            setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
            let server = FUSEServer(attachment, descriptor: pair[1], options: options)
            let failure = Failure()
            self.failure = failure
            worker = try Worker {
                do throws(FileError) { try server.run() } catch {
                    failure.error.withLock { $0 = error }
                }
            }
            _ = try ask(.initialize, 0, Kernel.offer(), unique: 2)
        }

        func send(_ opcode: Opcode, _ node: UInt64, _ body: [UInt8], unique: UInt64) {
            let request = Kernel.request(opcode.rawValue, node, body, unique: unique)
            Glibc.send(socket, request, request.count, 0)
        }

        /// The next answer: its number, its error and what is behind its head.
        func receive() throws -> (unique: UInt64, error: Int32, body: [UInt8]) {
            var room = [UInt8](repeating: 0, count: 1 << 21)
            let count = recv(socket, &room, room.count, 0)
            try #require(count >= 16)
            return room.withUnsafeBytes { bytes in
                (
                    bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
                    -bytes.loadUnaligned(fromByteOffset: 4, as: Int32.self),
                    Array(bytes[16..<count])
                )
            }
        }

        func ask(
            _ opcode: Opcode,
            _ node: UInt64,
            _ body: [UInt8],
            unique: UInt64
        ) throws -> (unique: UInt64, error: Int32, body: [UInt8]) {
            send(opcode, node, body, unique: unique)
            return try receive()
        }

        /// Ends the conversation, and waits for the server's end.
        func end() throws {
            close(socket)
            worker.join()
            if let error = failure.error.withLock({ $0 }) { throw error }
        }
    }

    private func slow(_ threads: Int) throws -> (SlowTree, Served, UInt64) {
        let tree = SlowTree()
        var options = FUSEServer.Options()
        options.threads = threads
        options.isWritable = true
        let served = try Served(FileTree.Attachment(root: tree.root, tree: tree), options)
        let found = try served.ask(.lookup, 1, Kernel.name("slow"), unique: 4)
        return (tree, served, Kernel.Answer(error: 0, body: found.body).u64(0))
    }

    @Test func readsThatWaitDoNotKeepOthersWaiting() throws {
        let (tree, served, file) = try slow(1)
        for unique in 0..<10 {
            served.send(.read, file, Kernel.range(0, 0, 8), unique: 100 + UInt64(unique))
        }
        tree.gate.awaitWaiting(10)
        let attributes = [UInt8](repeating: 0, count: 16)
        #expect(try served.ask(.getattr, file, attributes, unique: 6).unique == 6)
        tree.gate.open()
        let answers = try (0..<10).map { _ in try served.receive() }
        #expect(Set(answers.map(\.unique)) == Set(100..<110))
        #expect(answers.allSatisfy { $0.error == 0 && $0.body.count == 8 })
        try served.end()
    }

    /// What a write does may wait for the kernel, which waits for an answer to another.
    @Test func aWriteThatTakesLongDoesNotKeepOthersWaiting() throws {
        let (tree, served, file) = try slow(1)
        served.send(.write, file, Kernel.write(0, 0, [1, 2, 3]), unique: 100)
        tree.gate.awaitWaiting(1)
        let attributes = [UInt8](repeating: 0, count: 16)
        #expect(try served.ask(.getattr, file, attributes, unique: 6).unique == 6)
        tree.gate.open()
        let answer = try served.receive()
        #expect(answer.unique == 100 && answer.error == 0)
        try served.end()
    }

    @Test func anInterruptedReadIsGivenUp() throws {
        let (tree, served, file) = try slow(2)
        served.send(.read, file, Kernel.range(0, 0, 8), unique: 100)
        tree.gate.awaitWaiting(1)
        served.send(.interrupt, 0, Kernel.pack(UInt64(100)), unique: 101)
        let answer = try served.receive()
        #expect(answer.unique == 100 && answer.error == EINTR)
        // Its interrupt may be read first: another thread has the request.
        served.send(.interrupt, 0, Kernel.pack(UInt64(200)), unique: 201)
        let attributes = [UInt8](repeating: 0, count: 16)
        for unique: UInt64 in [6, 8] {
            #expect(try served.ask(.getattr, file, attributes, unique: unique).error == 0)
        }
        served.send(.read, file, Kernel.range(0, 0, 8), unique: 200)
        let late = try served.receive()
        #expect(late.unique == 200 && late.error == EINTR)
        try served.end()
    }

    @Test func theEndGivesUpWhatWaits() throws {
        let (tree, served, file) = try slow(2)
        served.send(.read, file, Kernel.range(0, 0, 8), unique: 100)
        tree.gate.awaitWaiting(1)
        try served.end()
    }

    @Test func aDescriptorThatIsNoMountIsAnError() throws {
        let tree = MemoryTree()
        let descriptor = open("/proc/self", O_RDONLY | O_DIRECTORY)
        let server = FUSEServer(
            FileTree.Attachment(root: tree.root, tree: tree),
            descriptor: descriptor
        )
        #expect(throws: FileError.self) { try server.run() }
        #expect(throws: FileError(.inputOutput, "the mount is gone")) { try server.run() }
    }
}
